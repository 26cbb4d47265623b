//! 指标: what happened to cases over a day, a week, a month, a year: by step of time, by street or category.

use guanlan_casework::CaseRules;
use guanlan_city::model::AdminLevel;
use guanlan_core::{Lang, Stamp};
use guanlan_room::Picture;
use guanlan_room::journal::figures::FigureStep;

use super::span;
use crate::{
    past::{Grouping, Past, Records, RecordsQuestion, Span, Tally, tallies},
    words::{tr, tr_with},
};

/// Spans offered.
pub const SPANS: [Span; 4] = [Span::Day, Span::Week, Span::Month, Span::Year];

/// One step of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its label: hour, day, month.
    pub label: String,
    /// Cases opened.
    pub opened: u64,
    /// Cases closed.
    pub closed: u64,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRow {
    /// Street or category.
    pub name: String,
    /// What happened there.
    pub tally: Tally,
    /// Mean time to close, in words.
    pub took: String,
    /// Share of the largest row, 0–1.
    pub share: f32,
}

/// The panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordsVm {
    /// Span shown.
    pub span: Span,
    /// How rows are put together.
    pub by: Grouping,
    /// Everything together: label, value.
    pub sum: Vec<(&'static str, String)>,
    /// Steps, oldest first; quiet ones are there too.
    pub steps: Vec<Step>,
    /// Rows, most cases first.
    pub rows: Vec<GroupRow>,
    /// From when to when and how long the answer took, or why there is none.
    pub note: String,
}

/// The question of the panel.
#[must_use]
pub fn question(picture: &Picture, timeline: &guanlan_core::TimelineId, span: Span, by: Grouping) -> RecordsQuestion {
    let until = picture.playback.replay.then(|| Stamp(picture.now.0.div_euclid(60_000) * 60_000 + 60_000));
    RecordsQuestion { timeline: timeline.clone(), span, by, until }
}

/// Begins of all steps of a span: quiet hours count too.
fn begins(from: Stamp, to: Stamp, step: FigureStep) -> Vec<Stamp> {
    let mut out = Vec::new();
    let mut at = from;
    while at < to && out.len() < 400 {
        out.push(at);
        at = match step {
            FigureStep::Hour => at + 3_600_000,
            FigureStep::Month => {
                // The first day of the next local month: 32 days from this month's first.
                let day = at.local().day();
                let first = at + -86_400_000 * (i64::from(day) - 1);
                let next = first + 32 * 86_400_000;
                let back = i64::from(next.local().day()) - 1;
                next + -86_400_000 * back
            }
            _ => at + 86_400_000,
        };
    }
    if step == FigureStep::Month {
        // Months are whole: the first one began before the span did.
        if let Some(first) = out.first_mut() {
            *first = *first + -86_400_000 * (i64::from(first.local().day()) - 1);
        }
    }
    out
}

fn label(at: Stamp, step: FigureStep) -> String {
    at.format_local(match step {
        FigureStep::Hour => "%-H",
        FigureStep::Month => "%Y-%m",
        _ => "%-m-%-d",
    })
}

fn street(picture: &Picture, code: &str, lang: Lang) -> String {
    let areas = &picture.city.areas;
    let found = areas.iter().find(|a| a.level == AdminLevel::Street && a.code.starts_with(code) && !code.is_empty());
    match found {
        Some(area) => area.name.get(lang).to_owned(),
        None if code.is_empty() => tr(lang, "k-records-no-area").to_owned(),
        None => code.to_owned(),
    }
}

fn category(rules: &CaseRules, code: &str, lang: Lang) -> String {
    match rules.categories.matter(code) {
        Some(c) => c.name.get(lang).to_owned(),
        None if code.is_empty() => tr(lang, "k-records-no-code").to_owned(),
        None => code.to_owned(),
    }
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |r| format!("{r:.0} %"))
}

/// The panel's values.
#[must_use]
pub fn records(
    picture: &Picture,
    rules: &CaseRules,
    past: &Past,
    question: &RecordsQuestion,
    kept: bool,
    lang: Lang,
) -> RecordsVm {
    let mut vm = RecordsVm { span: question.span, by: question.by, ..RecordsVm::default() };
    match past.records(question) {
        Some(Ok(records)) => fill(&mut vm, picture, rules, records, lang),
        Some(Err(why)) => vm.note = tr_with(lang, "k-trend-broken", &[("why", why)]),
        None => vm.note = tr(lang, if kept { "k-trend-asking" } else { "k-records-not-kept" }).to_owned(),
    }
    vm
}

fn fill(vm: &mut RecordsVm, picture: &Picture, rules: &CaseRules, records: &Records, lang: Lang) {
    let by_step = tallies(&records.steps, |r| r.from);
    let step = |at: &Stamp| {
        let t = by_step.get(at).copied().unwrap_or_default();
        Step { label: label(*at, records.step), opened: t.opened, closed: t.closed() }
    };
    vm.steps = begins(records.from, records.to, records.step).iter().map(step).collect();
    let mut all = Tally::default();
    records.steps.iter().for_each(|r| all.add(r));
    let took = |t: &Tally| t.mean_ms().map_or_else(|| "–".to_owned(), |ms| span(lang, ms));
    vm.sum = vec![
        ("k-records-opened", all.opened.to_string()),
        ("k-records-closed", all.closed().to_string()),
        ("k-rate-close", rate(all.in_time())),
        ("k-records-took", took(&all)),
    ];
    let by_street = vm.by == Grouping::Street;
    let groups = tallies(&records.groups, |r| if by_street { r.area.clone() } else { r.code.clone() });
    let cases = groups.into_iter().filter(|(_, t)| t.opened + t.closed() > 0);
    let name = |code: &str| if by_street { street(picture, code, lang) } else { category(rules, code, lang) };
    vm.rows =
        cases.map(|(code, tally)| GroupRow { name: name(&code), took: took(&tally), tally, share: 0.0 }).collect();
    vm.rows.sort_by(|a, b| b.tally.opened.cmp(&a.tally.opened).then_with(|| a.name.cmp(&b.name)));
    let most = vm.rows.iter().map(|r| r.tally.opened).max().unwrap_or(0).max(1);
    for row in &mut vm.rows {
        row.share = row.tally.opened as f32 / most as f32;
    }
    let (from, to) = (records.from.format_local("%Y-%m-%d"), records.to.format_local("%Y-%m-%d %H:%M"));
    vm.note =
        tr_with(lang, "k-records-note", &[("from", &from), ("to", &to), ("ms", &format!("{:.0}", records.took_ms))]);
}

/// The rate of a row in words.
#[must_use]
pub fn rate_of(tally: &Tally) -> String {
    rate(tally.in_time())
}

#[cfg(test)]
mod tests {
    const LOCAL_MS: i64 = 8 * 3_600_000;
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_room::journal::figures::FigureRow;
    use std::sync::Arc;

    #[test]
    fn months_begin_on_their_first_day() {
        let at = |y_m_d: i64| Stamp(y_m_d * 86_400_000 - LOCAL_MS);
        // 2026-01-15 is day 20 468.
        let begins = begins(at(20_468), at(20_468 + 100), FigureStep::Month);
        let words: Vec<String> = begins.iter().map(|b| b.format_local("%Y-%m-%d")).collect();
        assert_eq!(words, ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]);
        assert_eq!(super::begins(at(0), at(1), FigureStep::Hour).len(), 24);
    }

    #[test]
    fn rows_are_named_and_quiet_steps_are_shown() {
        let p = picture(&machine(&Arc::default()));
        let rules = CaseRules::shipped().unwrap();
        let row = |code: &str, what: &str, count, amount_ms| FigureRow {
            from: Stamp(-LOCAL_MS),
            area: String::new(),
            code: code.into(),
            what: what.into(),
            count,
            amount_ms,
        };
        let groups = vec![
            row("06-010", "opened:citizen", 4, 0),
            row("06-010", "closed:on_time", 2, 2 * 3_600_000),
            row("99-999", "opened:citizen", 9, 0),
            row("", "alert:red", 7, 0),
        ];
        let records = Records {
            from: Stamp(-LOCAL_MS),
            to: Stamp(3 * 86_400_000 - LOCAL_MS),
            step: FigureStep::Day,
            steps: groups.clone(),
            groups,
            took_ms: 1.0,
        };
        let mut vm = RecordsVm { by: Grouping::Category, ..RecordsVm::default() };
        fill(&mut vm, &p, &rules, &records, Lang::En);
        assert_eq!(vm.steps.len(), 3);
        assert_eq!((vm.steps[0].opened, vm.steps[1].opened), (13, 0));
        let names: Vec<&str> = vm.rows.iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names.len(), 2, "alerts alone make no row: {names:?}");
        assert_eq!(names[0], "99-999", "what nobody named keeps its code");
        assert!(!names[1].contains("06-010") && vm.rows[1].took == "1 h 00 min", "{:?}", vm.rows[1]);
        assert_eq!(vm.sum[2].1, "100 %");
    }
}
