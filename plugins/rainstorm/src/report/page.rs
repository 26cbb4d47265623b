//! The page itself.

use std::fmt::Write as _;

use guanlan_city::{City, model::PlaceKind};
use guanlan_core::{AlertLevel, Lang, theme::Theme};

use super::{
    aspects::{COMPARED, MOST_PICTURES, maps},
    chart::{COLORS, Line, chart},
    facts::RunFacts,
    figures::FIGURES,
    map::BaseMap,
    text::{both, clock, escape, short},
};

/// What stands above a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportHead {
    /// Title, Chinese and English.
    pub title: [String; 2],
    /// Runs that could not be made, and why.
    pub failed: Vec<(String, String)>,
}

/// Gauges with a chart.
const MOST_GAUGES: usize = 6;
/// Width of a map, pixels.
const MAP_WIDTH: usize = 720;

/// The comparison of runs as one HTML page without outside parts. `base` is the run the others are compared
/// with.
#[must_use]
pub fn comparison(head: &ReportHead, city: &City, runs: &[RunFacts], base: usize) -> String {
    let mut out = String::new();
    let title = &head.title;
    let _ = write!(
        out,
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{} {}</title><style>{STYLE}</style><header><h1>{}</h1><p \
         class=\"mode\">{}</p></header><main>",
        escape(&title[0]),
        escape(&title[1]),
        both(&title[0], &title[1]),
        both("批量模拟", "Batch model runs"),
    );
    if let Some(base_run) = runs.get(base) {
        body(&mut out, city, runs, base, base_run);
    }
    if !head.failed.is_empty() {
        let _ = write!(out, "<h2>{}</h2><ul>", both("未完成的情景", "Runs that could not be made"));
        for (id, why) in &head.failed {
            let _ = write!(out, "<li><b>{}</b> {}</li>", escape(id), escape(why));
        }
        out += "</ul>";
    }
    out += "</main></html>\n";
    out
}

fn body(out: &mut String, city: &City, runs: &[RunFacts], base: usize, base_run: &RunFacts) {
    let s = &base_run.summary;
    let _ = write!(
        out,
        "<p class=\"honest\">{} · {} · {}<br>{}</p>",
        escape(s.city.get(Lang::Zh)),
        escape(&s.honesty_line(Lang::Zh)),
        escape(&format!("guanlan {}", s.program)),
        escape(&s.honesty_line(Lang::En))
    );
    key_figures(out, runs, base);
    // The base first, so that it has the first colour and stands left.
    let order: Vec<&RunFacts> =
        std::iter::once(base_run).chain(runs.iter().enumerate().filter(|(k, _)| *k != base).map(|(_, r)| r)).collect();
    let shown = &order[..order.len().min(MOST_PICTURES)];
    if let Some(like) = base_run.raster(COMPARED[0].file) {
        maps(out, city, shown, &BaseMap::new(city, &like, MAP_WIDTH));
    }
    charts(out, shown);
    warnings(out, &order);
    impacts(out, &order);
    measures(out, &order);
    books(out, &order);
}

fn key_figures(out: &mut String, runs: &[RunFacts], base: usize) {
    let _ = write!(
        out,
        "<h2>{}</h2><p>{}</p><div class=\"wide\"><table><thead><tr><th>{}</th>",
        both("关键指标", "Key figures"),
        both(
            "小字为相对基准情景的差；绿色为改善，橙色为恶化。",
            "Small print: difference from the base run; green is better, orange is worse."
        ),
        both("情景", "Run")
    );
    for f in &FIGURES {
        let unit = if f.unit.is_empty() { String::new() } else { format!("<small>{}</small>", f.unit) };
        let _ = write!(out, "<th>{}{unit}</th>", both(f.zh, f.en));
    }
    out.push_str("</tr></thead><tbody>");
    for (k, run) in runs.iter().enumerate() {
        let mark = if k == base { format!("<small>{}</small>", both("基准", "base")) } else { String::new() };
        let _ = write!(out, "<tr><th title=\"{}\">{}{mark}</th>", escape(&run.id), escape(&run.name()));
        for f in &FIGURES {
            out.push_str(&f.cell(run, (k != base).then(|| &runs[base])));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

fn charts(out: &mut String, runs: &[&RunFacts]) {
    let _ = write!(out, "<h2>{}</h2><div class=\"charts\">", both("过程线", "Series"));
    let color = |k: usize| COLORS[k % COLORS.len()];
    let mut rains: Vec<Line> = Vec::new();
    for (k, run) in runs.iter().enumerate() {
        let points: Vec<[f64; 2]> = run.series.iter().map(|l| [l.0 / 60.0, l.1]).collect();
        if !rains.iter().any(|r| r.points == points) {
            rains.push(Line { name: run.name(), color: color(k), points });
        }
    }
    out.push_str(&chart("降雨（全域平均）Rain, mean of the area", "mm/h", &rains, true));
    // The gauges that differ or get deepest.
    let peak = |gauge: &String| runs.iter().filter_map(|r| r.gauge_peak_m(gauge)).fold(0.0, f32::max);
    let mut gauges: Vec<&String> = runs[0].gauges.iter().filter(|g| peak(g) > 0.02).collect();
    gauges.sort_by(|a, b| peak(b).total_cmp(&peak(a)).then_with(|| a.cmp(b)));
    for gauge in gauges.into_iter().take(MOST_GAUGES) {
        let line = |(k, run): (usize, &&RunFacts)| {
            let column = run.gauges.iter().position(|g| g == gauge)?;
            let points = run.series.iter().map(|l| [l.0 / 60.0, f64::from(*l.2.get(column).unwrap_or(&0.0))]).collect();
            Some(Line { name: run.name(), color: color(k), points })
        };
        let lines: Vec<Line> = runs.iter().enumerate().filter_map(line).collect();
        out.push_str(&chart(&format!("水深 Depth · {gauge}"), "m", &lines, false));
    }
    out.push_str("</div>");
}

fn warnings(out: &mut String, runs: &[&RunFacts]) {
    let _ = write!(
        out,
        "<h2>{}</h2><p>{}</p><div class=\"wide\"><table><thead><tr><th>{}</th>",
        both("暴雨预警信号", "Rainstorm signals"),
        both(
            "由同一降雨序列推算的首次达到时间（h:mm）。",
            "First time each signal is reached by the same rain (h:mm)."
        ),
        both("情景", "Run")
    );
    let levels = [AlertLevel::Blue, AlertLevel::Yellow, AlertLevel::Orange, AlertLevel::Red];
    for level in levels {
        let c = Theme::CommandDark.color(level.token());
        let mark = match level {
            AlertLevel::Blue => "●",
            AlertLevel::Yellow => "▲",
            AlertLevel::Orange => "◆",
            _ => "⬣",
        };
        let name = level.name();
        let _ = write!(
            out,
            "<th><b style=\"color:#{:02X}{:02X}{:02X}\">{mark}</b> {}</th>",
            c.r,
            c.g,
            c.b,
            both(&name.zh, &name.en)
        );
    }
    out.push_str("</tr></thead><tbody>");
    for run in runs {
        let _ = write!(out, "<tr><th>{}</th>", escape(&run.name()));
        for level in levels {
            let at = run.summary.rain_signals.iter().find(|r| r.level == level);
            let _ = write!(out, "<td>{}</td>", at.map_or_else(|| "—".into(), |r| clock(r.at_s)));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
}

fn impacts(out: &mut String, runs: &[&RunFacts]) {
    let _ = write!(out, "<h2>{}</h2>", both("影响", "Impact"));
    for run in runs {
        let i = &run.impact;
        let _ = write!(
            out,
            "<details{}><summary>{}</summary>",
            if runs.len() == 1 { " open" } else { "" },
            escape(&run.name())
        );
        let _ = write!(
            out,
            "<table><thead><tr><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>",
            both("道路限值", "Road limit"),
            both("路段", "Stretches"),
            both("长度 km", "Length km")
        );
        for class in &i.road_classes {
            let _ = write!(
                out,
                "<tr><th>≥ {} cm {}</th><td>{}</td><td>{}</td></tr>",
                short(f64::from(class.depth_m) * 100.0, 0),
                both(&class.name.zh, &class.name.en),
                class.roads,
                short(class.length_m / 1000.0, 1)
            );
        }
        let _ = write!(
            out,
            "</tbody></table><table><thead><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>",
            both("最深的地方", "Deepest places"),
            both("类别", "Kind"),
            both("水深 m", "Depth m"),
            both("到达 h:mm", "Reached h:mm"),
            both("人数", "People")
        );
        let when = |s: Option<f64>| s.map_or_else(|| "—".into(), clock);
        for p in i.places.iter().take(12) {
            let (zh, en) = kind_name(p.kind);
            let _ = write!(
                out,
                "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(p.name.get(Lang::Zh)),
                both(zh, en),
                short(f64::from(p.max_depth_m), 2),
                when(p.first_s),
                if p.people > 0 { short(f64::from(p.people), 0) } else { "—".into() }
            );
        }
        for b in i.buildings.iter().take(8) {
            let name = if b.name.zh.is_empty() { &b.id } else { &b.name.zh };
            let _ = write!(
                out,
                "<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(name),
                both("建筑（门槛以上）", "building, over the sill"),
                short(f64::from(b.over_sill_m), 2),
                when(b.first_s),
                b.residents
            );
        }
        let _ = write!(out, "</tbody></table><p>{}", both("预计案件", "Expected cases"));
        out.push_str("</p><ul>");
        for c in &i.expected_cases {
            let _ = write!(
                out,
                "<li><b>{}</b> {} — {}</li>",
                c.count,
                both(&c.kind.zh, &c.kind.en),
                both(&c.basis.zh, &c.basis.en)
            );
        }
        out.push_str("</ul></details>");
    }
}

fn kind_name(kind: PlaceKind) -> (&'static str, &'static str) {
    kind.words()
}

fn measures(out: &mut String, runs: &[&RunFacts]) {
    if runs.iter().all(|r| r.summary.measures.is_empty()) {
        return;
    }
    let _ = write!(
        out,
        "<h2>{}</h2><div class=\"wide\"><table><thead><tr><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th>{}</th><th>{}</th>\
         </tr></thead><tbody>",
        both("措施与投入", "Measures and effort"),
        both("情景", "Run"),
        both("生效 h:mm", "Effect h:mm"),
        both("措施", "Measure"),
        both("人", "People"),
        both("车", "Trucks"),
        both("准备 min", "Minutes")
    );
    for run in runs {
        for done in &run.summary.measures {
            let name = if done.name.zh.is_empty() {
                // What was done, as it stands in files.
                serde_json::to_string(&done.measure).unwrap_or_default().chars().take(120).collect()
            } else {
                done.name.zh.clone()
            };
            let undone =
                if done.undone { format!(" <small>{}</small>", both("已撤销", "undone")) } else { String::new() };
            let _ = write!(
                out,
                "<tr><th>{}</th><td>{}</td><td class=\"text\">{}{undone}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(&run.name()),
                clock(done.at_s),
                escape(&name),
                short(done.cost.people, 0),
                short(done.cost.trucks, 0),
                short(done.cost.minutes, 0)
            );
        }
    }
    out.push_str("</tbody></table></div>");
}

fn books(out: &mut String, runs: &[&RunFacts]) {
    let _ = write!(
        out,
        "<h2>{}</h2><p>{}</p><div class=\"wide\"><table><thead><tr><th>{}</th>",
        both("水量账", "Water books"),
        both("单位 m³；误差为账面无法解释的水量。", "m³; the error is the water the books cannot explain."),
        both("情景", "Run")
    );
    for (zh, en) in [
        ("降雨", "rain"),
        ("流入", "inflow"),
        ("入渗截留", "infiltration"),
        ("进管", "drained"),
        ("流出", "outflow"),
        ("存留", "stored"),
        ("误差", "error"),
        ("相对误差", "relative"),
        ("网格 m", "cell m"),
        ("步数", "steps"),
        ("用时 s", "wall s"),
        ("×实时", "× real time"),
    ] {
        let _ = write!(out, "<th>{}</th>", both(zh, en));
    }
    out.push_str("</tr></thead><tbody>");
    for run in runs {
        let (s, l) = (&run.summary, &run.summary.ledger);
        let _ = write!(out, "<tr><th>{}</th>", escape(&run.name()));
        for v in [l.rain_m3, l.inflow_m3, l.infiltration_m3, l.drained_m3, l.outflow_m3, l.stored_m3] {
            let _ = write!(out, "<td>{}</td>", short(v, 0));
        }
        let _ = write!(
            out,
            "<td>{:.1e}</td><td>{:.1e}</td><td>{}</td><td>{}</td><td>{:.1}</td><td>{:.0}</td></tr>",
            l.error_m3,
            l.error_relative,
            s.cell_size_m,
            short(s.steps as f64, 0),
            s.wall_s,
            s.real_time_ratio
        );
    }
    out.push_str("</tbody></table></div>");
    let mut notes: Vec<&String> = runs.iter().flat_map(|r| &r.summary.notes).collect();
    notes.sort();
    notes.dedup();
    if !notes.is_empty() {
        let _ = write!(out, "<h2>{}</h2><ul>", both("假定与省略", "Assumed or left out"));
        for note in notes.iter().take(40) {
            let _ = write!(out, "<li>{}</li>", escape(note));
        }
        if notes.len() > 40 {
            let _ = write!(out, "<li>+{}</li>", notes.len() - 40);
        }
        out.push_str("</ul>");
    }
}

const STYLE: &str = "
:root{color-scheme:dark}
*{box-sizing:border-box}
body{margin:0;background:#070B14;color:#E9F2FA;font:15px/1.5 'Noto Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif}
header{padding:28px 32px 8px}main{padding:0 32px 48px;max-width:1560px}
h1{margin:0;font-size:28px}h2{font-size:19px;margin:36px 0 10px}
.en{display:block;color:#9DB2C8;font-size:.78em;font-weight:400;line-height:1.3}
.mode{display:inline-block;margin:8px 0 0;padding:2px 12px;border-radius:6px;background:#0B1322;color:#7CF0E0}
.mode .en{display:inline;margin-left:8px}
.honest{color:#9DB2C8;font-size:13px}
.wide{overflow-x:auto}
table{border-collapse:collapse;background:#0B1322;border-radius:6px;margin:6px 0;font-variant-numeric:tabular-nums}
th,td{padding:7px 12px;border-bottom:1px solid #FFFFFF14;text-align:right;vertical-align:top;white-space:nowrap}
th:first-child{text-align:left}tbody th{font-weight:500}thead th{font-weight:600;white-space:normal}
td small,th small{display:block;color:#9DB2C8;font-size:12px}td.text{text-align:left;white-space:normal}
td.better small{color:#63D2A1}td.worse small{color:#FFA940}
.maps,.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:20px}
figure{margin:0;background:#0B1322;border-radius:6px;padding:12px}
figcaption{font-weight:600;margin-bottom:8px}
figure svg{display:block;width:100%;height:auto}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:13px;color:#9DB2C8;margin-top:8px}
.legend i{display:inline-block;width:14px;height:10px;border-radius:2px;margin-right:5px}
.chart text{fill:#9DB2C8;font-size:12px}.chart .grid{stroke:#FFFFFF14;fill:none}
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round}
.swipe{position:relative;max-width:900px;background:#0B1322;overflow:hidden;border-radius:6px}
.tabs{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0 14px}
.tabs button{background:#0B1322;color:#E9F2FA;border:1px solid #FFFFFF2A;border-radius:6px;padding:6px 14px;font:inherit;text-align:left;cursor:pointer}
.tabs button[aria-pressed=true]{border-color:#7CF0E0;color:#7CF0E0}
h3{font-size:16px;margin:26px 0 8px}.key{display:inline-block;width:14px;height:10px;border-radius:2px;margin-right:5px}
.swipe svg,.swipe img{position:absolute;inset:0;width:100%;height:100%}
.swipe hr{position:absolute;top:0;bottom:0;width:2px;margin:0;border:0;background:#E9F2FA}
.pick{display:flex;gap:12px;max-width:900px}.pick input{flex:1}
select{background:#0B1322;color:#E9F2FA;border:1px solid #FFFFFF2A;border-radius:6px;padding:4px 8px;max-width:38%}
details{margin:6px 0}summary{cursor:pointer;padding:6px 0;font-weight:500}li .en,summary .en{display:inline;margin-left:6px}
@media print{body{-webkit-print-color-adjust:exact;print-color-adjust:exact}.swipe,.pick,.tabs,#key{display:none}section.aspect[hidden]{display:block}figure,tr{break-inside:avoid}}
";
