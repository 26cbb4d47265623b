//! Why an alert has its colour: rule, file and version, inputs, thresholds, delays, what suppressed or
//! raised it, and the readings that prove it.

use guanlan_core::{AlertId, AlertLevel, Bilingual, Lang, ObservedProperty, Stamp};
use serde::Serialize;

use crate::{
    alert::{Alert, AlertState, Evidence, InputReading, Suppression},
    leq,
    rules::{Combine, Direction, LEVELS, Measure, Over, Rule, RuleKind, RuleSet},
};

/// Everything a person needs to agree or to object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The alert.
    pub alert: AlertId,
    /// Rule and version that decided.
    pub rule: String,
    /// SHA-256 of the rule file that decided, hex; empty for a set that was never a file.
    pub rule_hash: String,
    /// False when that version is no longer in force: thresholds and delays are then empty.
    pub in_force: bool,
    /// What it is at the moment.
    pub state: AlertState,
    /// What the rule is about.
    pub title: Bilingual,
    /// What is observed.
    pub property: ObservedProperty,
    /// Unit of all values below.
    pub unit: String,
    /// On which side the danger is.
    pub direction: Direction,
    /// Threshold of each level that exists, lowest first.
    pub thresholds: Vec<(AlertLevel, f64)>,
    /// Distance beyond a threshold needed to leave its level.
    pub hysteresis: f64,
    /// How long the level's condition must hold, s.
    pub on_delay_s: f64,
    /// How long it must be clear, s.
    pub off_delay_s: f64,
    /// The readings that led to the level, oldest first.
    pub evidence: Vec<Evidence>,
    /// Readings of other streams that had to do with it.
    pub inputs: Vec<InputReading>,
    /// What holds the colour although the readings are better: freeze or latch.
    pub held: Option<Bilingual>,
    /// One sentence.
    pub words: Bilingual,
    /// All of it, line by line, for a panel or a record.
    pub lines: Vec<Bilingual>,
}

fn clock(at: Stamp) -> String {
    at.format_local("%H:%M:%S")
}

fn seconds(ms: i64) -> String {
    format!("{:.0}", ms as f64 / 1000.0)
}

/// A value with its unit, as short as it can be.
fn figure(value: f64, unit: &str) -> String {
    let digits = if value.abs() >= 100.0 { 0 } else { usize::from(value.fract() != 0.0) };
    let text = format!("{value:.digits$}");
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

/// What the rule compares, in words.
fn measured(rule: &Rule) -> Option<Bilingual> {
    let minutes = |ms: i64| format!("{:.0}", ms as f64 / 60_000.0);
    let window = minutes(rule.window_ms);
    let of_stream = match rule.measure {
        Measure::Value => None,
        Measure::Rate => Some((format!("{window} 分钟内每分钟变化"), format!("change per minute over {window} min"))),
        Measure::Mean if leq::by_energy(rule.property, rule.measure) => {
            Some((format!("{window} 分钟等效声级 Leq"), format!("equivalent level Leq of {window} min")))
        }
        Measure::Mean => Some((format!("{window} 分钟均值"), format!("mean of {window} min"))),
        Measure::Max => Some((format!("{window} 分钟最大值"), format!("largest of {window} min"))),
        Measure::Min => Some((format!("{window} 分钟最小值"), format!("smallest of {window} min"))),
        Measure::Sum => Some((format!("{window} 分钟累计"), format!("sum of {window} min"))),
        Measure::Total => Some((format!("{window} 分钟积分"), format!("integral of {window} min"))),
        Measure::Forecast => {
            let within = minutes(rule.within_ms);
            Some((format!("未来 {within} 分钟预测最不利值"), format!("worst value expected within {within} min")))
        }
    };
    if rule.over == Over::Stream {
        return of_stream.map(|(zh, en)| Bilingual::new(zh, en));
    }
    let place = match rule.over {
        Over::Neighbours => {
            (format!("{:.0} m 内邻近测点", rule.radius_m), format!("neighbours within {:.0} m", rule.radius_m))
        }
        Over::Grid => ("网格".into(), "the grid".into()),
        Over::Community => ("社区".into(), "the community".into()),
        Over::Street => ("街道".into(), "the street".into()),
        Over::District => ("区".into(), "the district".into()),
        Over::Basin => ("排水分区".into(), "the drainage basin".into()),
        Over::Area => ("自定义区域".into(), "the area".into()),
        Over::City | Over::Stream => ("全市".into(), "the city".into()),
    };
    let how: (String, String) = match rule.combine {
        Combine::Mean if leq::over_places(rule) => ("能量平均（等效声级）".into(), "mean by energy (Leq)".into()),
        Combine::Mean => ("平均".into(), "mean".into()),
        Combine::Max => ("最大".into(), "largest".into()),
        Combine::Min => ("最小".into(), "smallest".into()),
        Combine::Sum => ("合计".into(), "sum".into()),
        Combine::Count => {
            let each = rule.each.unwrap_or_default();
            (format!("达到 {each} 的测点数"), format!("streams at or beyond {each}"))
        }
    };
    let (zh, en) = of_stream.unwrap_or_default();
    let en_of = if en.is_empty() { String::new() } else { format!(" of the {en}") };
    Some(Bilingual::new(format!("{}{}{}", place.0, zh, how.0), format!("{}{en_of} over {}", how.1, place.1)))
}

fn unit_of(alert: &Alert, rule: Option<&Rule>, lang: Lang) -> String {
    let own = alert.property.unit_in(lang);
    match rule {
        Some(r) if r.kind == RuleKind::Quality || r.kind == RuleKind::Composite => String::new(),
        Some(r) if r.kind == RuleKind::Missing => "s".into(),
        Some(r) if r.combine == Combine::Count => String::new(),
        Some(r) if r.measure == Measure::Rate => format!("{own}/min"),
        Some(r) if r.measure == Measure::Total => match own.strip_suffix("/h") {
            Some(rest) => rest.to_owned(),
            None if own.is_empty() => "h".into(),
            None => format!("{own}·h"),
        },
        _ => own.to_owned(),
    }
}

/// Explains an alert by the rules in force.
#[must_use]
pub fn explain(alert: &Alert, rules: &RuleSet) -> Explanation {
    let rule = rules.by_tag(&alert.rule);
    let thresholds: Vec<(AlertLevel, f64)> = rule
        .and_then(|r| r.thresholds_for(&alert.sensor, alert.since))
        .map(|t| LEVELS.into_iter().zip(t).filter_map(|(l, v)| v.map(|v| (l, v))).collect())
        .unwrap_or_default();
    let unit = Bilingual::new(unit_of(alert, rule, Lang::Zh), unit_of(alert, rule, Lang::En));
    let wordless = rule.is_some_and(|r| matches!(r.kind, RuleKind::Quality | RuleKind::Composite));
    let level = alert.level.name();
    let on_ms = rule.map_or(0, |r| r.on_delay_ms[usize::from(alert.level.rank()).saturating_sub(1)]);
    let held = if alert.flapping {
        Some(Bilingual::new("频繁抖动，冻结在最高等级", "Flapping: frozen at its highest level"))
    } else if alert.latched {
        Some(Bilingual::new("条件已恢复，等待确认", "Clear, waiting to be acknowledged"))
    } else {
        None
    };
    let since = clock(alert.since);
    let (v, t) = (alert.evidence.last().map_or(alert.value, |e| e.value), alert.threshold);
    let place = alert.place.get(Lang::En);
    let words = if wordless {
        Bilingual::new(
            format!("{}：{}，{since} 起，规则 {}", alert.place.zh, alert.title.zh, alert.rule),
            format!("{place}: {} since {since}, rule {}", alert.title.en, alert.rule),
        )
    } else {
        let d = seconds(on_ms);
        let said = |lang: Lang| (figure(v, unit.get(lang)), figure(t, unit.get(lang)));
        let ((v_zh, t_zh), (v_en, t_en)) = (said(Lang::Zh), said(Lang::En));
        Bilingual::new(
            format!(
                "{}{}{v_zh}，{}色阈值 {t_zh}，持续 {d} 秒，{since} 起为{}，规则 {}",
                alert.place.zh, alert.title.zh, level.zh, level.zh, alert.rule
            ),
            format!(
                "{place}: {} {v_en}, threshold {t_en} for {d} s, {} since {since}, rule {}",
                alert.title.en,
                level.en.to_lowercase(),
                alert.rule
            ),
        )
    };
    let mut lines = vec![words.clone()];
    lines.extend(lines_of_rule(alert, rule, &thresholds, &unit));
    lines.extend(lines_of_state(alert, held.as_ref()));
    lines.extend(lines_of_readings(alert, &unit));
    Explanation {
        alert: alert.id,
        rule: alert.rule.clone(),
        rule_hash: alert.rule_hash.to_string(),
        in_force: rule.is_some(),
        state: alert.state(),
        title: alert.title.clone(),
        property: alert.property,
        unit: unit.zh,
        direction: rule.map_or(Direction::Above, |r| r.direction),
        thresholds,
        hysteresis: rule.map_or(0.0, |r| r.hysteresis),
        on_delay_s: on_ms as f64 / 1000.0,
        off_delay_s: rule.map_or(0.0, |r| r.off_delay_ms as f64 / 1000.0),
        evidence: alert.evidence.clone(),
        inputs: alert.inputs.clone(),
        held,
        words,
        lines,
    }
}

fn lines_of_rule(
    alert: &Alert,
    rule: Option<&Rule>,
    thresholds: &[(AlertLevel, f64)],
    unit: &Bilingual,
) -> Vec<Bilingual> {
    let mut out = Vec::new();
    let hash = alert.rule_hash.get(..12).unwrap_or("-");
    let Some(rule) = rule else {
        out.push(Bilingual::new(
            format!("规则 {}（文件 {hash}）已被新版本替换", alert.rule),
            format!("rule {} (file {hash}) has been replaced by a newer version", alert.rule),
        ));
        return out;
    };
    out.push(Bilingual::new(format!("规则 {}，文件 {hash}", alert.rule), format!("rule {}, file {hash}", alert.rule)));
    if let Some(what) = measured(rule) {
        out.push(Bilingual::new(format!("比较的是：{}", what.zh), format!("compared: {}", what.en)));
    }
    if rule.kind == RuleKind::Composite {
        let texts = [&rule.levels.blue, &rule.levels.yellow, &rule.levels.orange, &rule.levels.red];
        for (level, text) in LEVELS.into_iter().zip(texts) {
            if let Some(text) = text {
                let name = level.name();
                out.push(Bilingual::new(format!("{}：{text}", name.zh), format!("{}: {text}", name.en)));
            }
        }
    } else if !thresholds.is_empty() && rule.kind != RuleKind::Quality {
        let list = |lang: Lang| {
            let one = |(l, v): &(AlertLevel, f64)| format!("{} {}", l.name().get(lang), figure(*v, unit.get(lang)));
            thresholds.iter().map(one).collect::<Vec<_>>().join(if lang == Lang::Zh { "、" } else { ", " })
        };
        let side = if rule.direction == Direction::Above {
            ("达到或高于", "at or above")
        } else {
            ("达到或低于", "at or below")
        };
        out.push(Bilingual::new(
            format!("阈值（{}）：{}；回差 {}", side.0, list(Lang::Zh), figure(rule.hysteresis, &unit.zh)),
            format!(
                "thresholds ({}): {}; hysteresis {}",
                side.1,
                list(Lang::En),
                figure(rule.hysteresis, unit.get(Lang::En))
            ),
        ));
    }
    let on = rule.on_delay_ms[usize::from(alert.level.rank()).saturating_sub(1)];
    let (on, off) = (seconds(on), seconds(rule.off_delay_ms));
    out.push(Bilingual::new(
        format!("持续 {on} 秒才升级，恢复 {off} 秒才降级"),
        format!("must hold {on} s to rise, be clear {off} s to fall"),
    ));
    out
}

fn lines_of_state(alert: &Alert, held: Option<&Bilingual>) -> Vec<Bilingual> {
    let state = alert.state().name();
    let mut out = vec![Bilingual::new(format!("状态：{}", state.zh), format!("state: {}", state.en.to_lowercase()))];
    out.extend(held.cloned());
    if let Some((level, since, due)) = alert.timers.rises {
        let (since, due, name) = (clock(since), clock(due), level.name());
        out.push(Bilingual::new(
            format!("{since} 起已达{}色条件，{due} 升级", name.zh),
            format!("{} condition since {since}, rises at {due}", name.en.to_lowercase()),
        ));
    }
    if let Some((since, due)) = alert.timers.falls {
        let (since, due) = (clock(since), clock(due));
        out.push(Bilingual::new(
            format!("{since} 起已恢复，{due} 降级"),
            format!("clear since {since}, falls at {due}"),
        ));
    }
    if let Some(eta) = alert.eta {
        let minutes = ((eta.at - alert.at) as f64 / 60_000.0).max(0.0);
        let by = if eta.model { ("模型", "the model") } else { ("近期趋势", "the recent trend") };
        let name = eta.level.name();
        out.push(Bilingual::new(
            format!("按{}，约 {minutes:.0} 分钟后（{}）达{}色", by.0, clock(eta.at), name.zh),
            format!("by {}, {} in {minutes:.0} min ({})", by.1, name.en.to_lowercase(), clock(eta.at)),
        ));
    }
    if let Some(ack) = &alert.acked {
        let (at, name) = (clock(ack.at), &ack.actor);
        out.push(Bilingual::new(
            format!("{at} 由 {name} 确认：{}", Lang::Zh.part_of(&ack.note)),
            format!("acknowledged by {name} at {at}: {}", Lang::En.part_of(&ack.note)),
        ));
    }
    if let Some(shelf) = &alert.shelved {
        let (until, name) = (clock(shelf.until), &shelf.actor);
        out.push(Bilingual::new(
            format!("由 {name} 搁置至 {until}：{}", Lang::Zh.part_of(&shelf.reason)),
            format!("shelved by {name} until {until}: {}", Lang::En.part_of(&shelf.reason)),
        ));
    }
    match alert.suppressed {
        Some(Suppression::Inhibited(id)) => out.push(Bilingual::new(
            format!("由更严重的告警 {id} 代表，不再单独呼叫"),
            format!("alert {id} speaks for it; it calls nobody itself"),
        )),
        Some(Suppression::Silenced(id)) => {
            out.push(Bilingual::new(
                format!("静默 {id} 生效中，不呼叫"),
                format!("silence {id} is in force; it calls nobody"),
            ));
        }
        None => {}
    }
    if alert.exercise {
        out.push(Bilingual::new("演练告警，与真实告警互不影响", "an exercise: it never joins or suppresses real ones"));
    }
    out
}

fn lines_of_readings(alert: &Alert, unit: &Bilingual) -> Vec<Bilingual> {
    let mut out = Vec::new();
    for input in &alert.inputs {
        let v = |lang| figure(input.value, input.property.unit_in(lang));
        let (v_zh, v_en, at, q) = (v(Lang::Zh), v(Lang::En), clock(input.at), input.quality.name());
        let name = if input.condition.is_empty() {
            String::new()
        } else {
            format!("[{}{}] ", if input.holds { "✓" } else { "✗" }, input.condition)
        };
        out.push(Bilingual::new(
            format!("{name}{} {}：{v_zh}（{at}，{}）", input.sensor, input.place.zh, q.zh),
            format!("{name}{} {}: {v_en} ({at}, {})", input.sensor, input.place.get(Lang::En), q.en.to_lowercase()),
        ));
    }
    let proof = |lang: Lang, by: &str| {
        let one = |e: &Evidence| format!("{} {}", clock(e.at), figure(e.value, unit.get(lang)));
        alert.evidence.iter().map(one).collect::<Vec<_>>().join(by)
    };
    if !alert.evidence.is_empty() {
        let (zh, en) = (proof(Lang::Zh, "；"), proof(Lang::En, "; "));
        out.push(Bilingual::new(format!("依据：{zh}"), format!("proof: {en}")));
    }
    out
}
