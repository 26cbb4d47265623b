//! The after-action report (复盘报告): overview, timeline, expectations, objectives, what to improve.

use std::fmt::Write as _;

use guanlan_core::{Bilingual, Lang, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    plan::DrillPlan,
    score::{Rating, Scores, Timing},
    state::{DrillState, Node, Tally},
};

/// One inject as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InjectRow {
    /// Number.
    pub no: u32,
    /// Script time planned, s.
    pub at_s: u32,
    /// When it was delivered; `None` if the drill ended before.
    pub delivered: Option<Stamp>,
    /// Channel.
    pub channel: String,
    /// From whom.
    pub from: Bilingual,
    /// To whom.
    pub to: Bilingual,
    /// What was said.
    pub text: Bilingual,
    /// What should follow.
    pub expected: Bilingual,
}

/// One expectation as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectRow {
    /// In words.
    pub text: Bilingual,
    /// Objective.
    pub objective: Option<String>,
    /// Due and actual, s after its inject.
    pub timing: Timing,
    /// The drill ended before its time came: not scored.
    pub pending: bool,
    /// The fact that made it true.
    pub evidence: Bilingual,
}

/// One objective as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRow {
    /// Short name.
    pub id: String,
    /// In words.
    pub text: Bilingual,
    /// P, S, M, U; `None` when nothing was expected for it.
    pub rating: Option<Rating>,
}

/// What remains of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Title of the script.
    pub title: Bilingual,
    /// Purpose.
    pub about: Bilingual,
    /// Script time 0.
    pub start: Stamp,
    /// Last instant of the drill.
    pub end: Stamp,
    /// The whole script was played.
    pub finished: bool,
    /// Rain of the script, mm.
    pub rain_mm: f64,
    /// Counts.
    pub tally: Tally,
    /// Injects.
    pub injects: Vec<InjectRow>,
    /// Expectations.
    pub expectations: Vec<ExpectRow>,
    /// Objectives.
    pub objectives: Vec<ObjectiveRow>,
    /// Scores.
    pub scores: Scores,
    /// What happened, oldest first.
    pub timeline: Vec<Node>,
}

impl Report {
    /// The report of a drill as far as it went. `coordination` is the evaluators' mark, %.
    #[must_use]
    pub fn of(plan: &DrillPlan, state: &DrillState, coordination: Option<f64>) -> Self {
        let script = &plan.script;
        let start = state.start.unwrap_or(state.now);
        let played_s = state.script_s(state.now);
        let injects = script.inject.iter().map(|i| InjectRow {
            no: i.no,
            at_s: i.at_s,
            delivered: state.delivered.get(&i.no).copied(),
            channel: i.channel.clone(),
            from: (&i.from).into(),
            to: (&i.to).into(),
            text: (&i.text).into(),
            expected: (&i.expected).into(),
        });
        let expectations: Vec<ExpectRow> = script
            .expect
            .iter()
            .zip(&plan.expectations)
            .enumerate()
            .map(|(index, (spec, bound))| {
                let progress = state.expectations.get(index).cloned().unwrap_or_default();
                let actual_s = progress.met.map(|met| state.script_s(met) - f64::from(bound.since_s));
                ExpectRow {
                    text: (&spec.text).into(),
                    objective: spec.objective.clone(),
                    timing: Timing { due_s: f64::from(bound.by_s - bound.since_s), actual_s },
                    pending: progress.met.is_none() && played_s <= f64::from(bound.by_s),
                    evidence: progress.evidence,
                }
            })
            .collect();
        let scored = |wanted: Option<&str>| -> Vec<Timing> {
            let rows = expectations.iter().filter(|e| !e.pending);
            rows.filter(|e| wanted.is_none() || e.objective.as_deref() == wanted).map(|e| e.timing).collect()
        };
        let objectives = script.objective.iter().map(|o| ObjectiveRow {
            id: o.id.clone(),
            text: (&o.text).into(),
            rating: Rating::of(&scored(Some(o.id.as_str()))),
        });
        Self {
            title: (&script.title).into(),
            about: (&script.about).into(),
            start,
            end: state.now,
            finished: state.finished,
            rain_mm: plan.rain.total_mm(),
            tally: state.tally,
            injects: injects.collect(),
            objectives: objectives.collect(),
            scores: Scores::of(&scored(None), coordination),
            expectations,
            timeline: state.timeline.to_vec(),
        }
    }

    /// The report as Markdown.
    #[must_use]
    pub fn markdown(&self, lang: Lang) -> String {
        let mut out = String::new();
        for block in self.blocks(lang) {
            match block {
                Block::Title(text) => {
                    let _ = writeln!(out, "# {}\n", cell(&text));
                }
                Block::Heading(text) => {
                    let _ = writeln!(out, "## {}\n", cell(&text));
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "{}\n", cell(&text));
                }
                Block::Table(head, rows) => {
                    let line = |cells: &[String]| cells.iter().map(|c| cell(c)).collect::<Vec<_>>().join(" | ");
                    let _ = writeln!(out, "| {} |", line(&head));
                    let _ = writeln!(out, "|{}", "---|".repeat(head.len()));
                    for row in rows {
                        let _ = writeln!(out, "| {} |", line(&row));
                    }
                    out.push('\n');
                }
                Block::List(items) => {
                    for item in items {
                        let _ = writeln!(out, "- {}", cell(&item));
                    }
                    out.push('\n');
                }
            }
        }
        out
    }

    /// The report as one HTML page without outside parts.
    #[must_use]
    pub fn html(&self, lang: Lang) -> String {
        let mut out = String::new();
        let (code, mark) = match lang {
            Lang::Zh => ("zh-CN", "演 练"),
            Lang::En => ("en", "EXERCISE"),
        };
        let _ = writeln!(
            out,
            "<!doctype html><html lang=\"{code}\"><meta charset=\"utf-8\"><title>{}</title><style>{STYLE}</style>\
             <div class=\"mark\">{mark}</div>",
            escape(self.title.get(lang))
        );
        for block in self.blocks(lang) {
            match block {
                Block::Title(text) => {
                    let _ = writeln!(out, "<h1>{}</h1>", escape(&text));
                }
                Block::Heading(text) => {
                    let _ = writeln!(out, "<h2>{}</h2>", escape(&text));
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "<p>{}</p>", escape(&text));
                }
                Block::Table(head, rows) => {
                    let line = |tag: &str, cells: &[String]| {
                        let cells: String = cells.iter().map(|c| format!("<{tag}>{}</{tag}>", escape(c))).collect();
                        format!("<tr>{cells}</tr>")
                    };
                    let _ = writeln!(out, "<table>{}", line("th", &head));
                    for row in rows {
                        let _ = writeln!(out, "{}", line("td", &row));
                    }
                    out.push_str("</table>\n");
                }
                Block::List(items) => {
                    out.push_str("<ul>");
                    for item in items {
                        let _ = write!(out, "<li>{}</li>", escape(&item));
                    }
                    out.push_str("</ul>\n");
                }
            }
        }
        out.push_str("</html>\n");
        out
    }

    fn blocks(&self, lang: Lang) -> Vec<Block> {
        let say = |zh: &str, en: &str| match lang {
            Lang::Zh => zh.to_owned(),
            Lang::En => en.to_owned(),
        };
        let clock = |at: Stamp| at.format_local("%H:%M:%S");
        let offset = |s: f64| {
            let s = s.max(0.0).round() as i64;
            format!("T+{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
        };
        let percent = |v: Option<f64>| v.map_or_else(|| say("未评", "not rated"), |v| format!("{v:.1} %"));
        let mut out = vec![
            Block::Title(format!("{} {}", say("【演练】", "[EXERCISE]"), self.title.get(lang))),
            Block::Paragraph(self.about.get(lang).to_owned()),
            Block::Heading(say("一、概况", "1. Overview")),
        ];
        let t = &self.tally;
        let pair = |zh: &str, en: &str, value: String| vec![say(zh, en), value];
        out.push(Block::Table(
            vec![say("项目", "Item"), say("数值", "Value")],
            vec![
                pair("开始", "Start", self.start.format_local("%Y-%m-%d %H:%M:%S")),
                pair("时长", "Length", offset(((self.end - self.start).max(0) as f64) / 1000.0)),
                pair(
                    "完整演完",
                    "Played to the end",
                    say(if self.finished { "是" } else { "否" }, if self.finished { "yes" } else { "no" }),
                ),
                pair("雨量", "Rain", format!("{:.1} mm", self.rain_mm)),
                pair("红色告警", "Red alerts", t.reds.to_string()),
                pair("案卷 开/结", "Cases opened/closed", format!("{}/{}", t.cases, t.closed)),
                pair("派出/到场", "Crews sent/on scene", format!("{}/{}", t.sent, t.arrived)),
                pair("其中非推荐派遣", "Sent against advice", t.overrides.to_string()),
                pair("封闭道路", "Roads closed", t.roads_closed.to_string()),
                pair("被拒命令", "Commands refused", t.refused.to_string()),
            ],
        ));
        out.push(Block::Heading(say("二、评分", "2. Scores")));
        let grade = self.scores.grade().map_or_else(|| say("未评", "not rated"), |g| g.get(lang).to_owned());
        out.push(Block::Table(
            vec![
                say("及时性", "Timeliness"),
                say("完整性", "Completeness"),
                say("准确性", "Accuracy"),
                say("协同（评估员）", "Coordination (evaluators)"),
                say("总分", "Total"),
                say("等级", "Grade"),
            ],
            vec![vec![
                percent(self.scores.timeliness),
                percent(self.scores.completeness),
                percent(self.scores.accuracy),
                percent(self.scores.coordination),
                percent(self.scores.total),
                grade,
            ]],
        ));
        out.push(Block::Heading(say("三、科目", "3. Injects")));
        let inject = |i: &InjectRow| {
            vec![
                i.no.to_string(),
                offset(f64::from(i.at_s)),
                i.delivered.map_or_else(|| "—".into(), clock),
                format!("{} → {}", i.from.get(lang), i.to.get(lang)),
                i.channel.clone(),
                i.text.get(lang).to_owned(),
                i.expected.get(lang).to_owned(),
            ]
        };
        out.push(Block::Table(
            vec![
                say("号", "No"),
                say("计划", "Planned"),
                say("送达", "Delivered"),
                say("从 → 到", "From → to"),
                say("渠道", "Channel"),
                say("内容", "Content"),
                say("应有行动", "Expected action"),
            ],
            self.injects.iter().map(inject).collect(),
        ));
        out.push(Block::Heading(say("四、要求与实际", "4. Expected and actual")));
        let row = |e: &ExpectRow| {
            let actual = match (e.timing.actual_s, e.pending) {
                (Some(actual), _) => offset(actual),
                (None, true) => say("未到时限", "not due yet"),
                (None, false) => say("未完成", "not done"),
            };
            let verdict = match e.timing.actual_s {
                Some(actual) if actual <= e.timing.due_s => say("✔ 按时", "✔ in time"),
                Some(actual) => format!("△ {} {:.0} s", say("超时", "late by"), actual - e.timing.due_s),
                None if e.pending => "—".into(),
                None => say("✘ 未完成", "✘ not done"),
            };
            let objective = e.objective.clone().unwrap_or_default();
            vec![
                e.text.get(lang).to_owned(),
                objective,
                offset(e.timing.due_s),
                actual,
                verdict,
                e.evidence.get(lang).to_owned(),
            ]
        };
        out.push(Block::Table(
            vec![
                say("要求", "Expected"),
                say("目标", "Objective"),
                say("时限", "Due"),
                say("实际", "Actual"),
                say("结果", "Result"),
                say("依据", "Evidence"),
            ],
            self.expectations.iter().map(row).collect(),
        ));
        out.push(Block::Heading(say("五、目标评定", "5. Objectives")));
        let objective = |o: &ObjectiveRow| {
            let rating = o.rating.map_or_else(|| say("未评", "not rated"), |r| r.name().get(lang).to_owned());
            vec![o.id.clone(), o.text.get(lang).to_owned(), rating]
        };
        out.push(Block::Table(
            vec![say("号", "Id"), say("目标", "Objective"), say("评定", "Rating")],
            self.objectives.iter().map(objective).collect(),
        ));
        out.push(Block::Heading(say("六、改进清单", "6. To improve")));
        let late = |e: &&ExpectRow| !e.pending && e.timing.actual_s.is_none_or(|a| a > e.timing.due_s);
        let improve: Vec<String> = self
            .expectations
            .iter()
            .filter(late)
            .map(|e| match e.timing.actual_s {
                Some(actual) => format!(
                    "{}：{} {:.0} s；{}",
                    e.text.get(lang),
                    say("超时", "late by"),
                    actual - e.timing.due_s,
                    say("责任人与期限待定", "owner and date to be set")
                ),
                None => format!(
                    "{}：{}；{}",
                    e.text.get(lang),
                    say("未完成", "not done"),
                    say("责任人与期限待定", "owner and date to be set")
                ),
            })
            .collect();
        out.push(if improve.is_empty() {
            Block::Paragraph(say("各项要求均按时完成。", "Everything expected was done in time."))
        } else {
            Block::List(improve)
        });
        out.push(Block::Heading(say("七、时间轴", "7. Timeline")));
        let node = |n: &Node| {
            let text = if lang == Lang::En { n.en.clone() } else { n.zh.clone() };
            vec![offset((n.at - self.start) as f64 / 1000.0), clock(n.at), text, n.actor.clone()]
        };
        out.push(Block::Table(
            vec![say("演练时", "Script time"), say("时刻", "Clock"), say("事件", "Event"), say("行动人", "Actor")],
            self.timeline.iter().map(node).collect(),
        ));
        out
    }
}

enum Block {
    Title(String),
    Heading(String),
    Paragraph(String),
    Table(Vec<String>, Vec<Vec<String>>),
    List(Vec<String>),
}

const STYLE: &str = "body{font:15px/1.6 'Noto Sans SC','Microsoft YaHei',sans-serif;max-width:70em;margin:2em auto;\
padding:0 1em;color:#1b2733}table{border-collapse:collapse;width:100%;margin:0 0 1.5em}th,td{border:1px solid #b8c4d0;\
padding:.35em .6em;text-align:left;vertical-align:top}th{background:#eef3f8}.mark{position:fixed;top:0;left:0;right:0;\
text-align:center;font-weight:700;letter-spacing:.5em;border-bottom:3px solid #8a5cf6;background:#f6f2ff}\
@media print{.mark{position:static}}";

/// Text that cannot break a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
