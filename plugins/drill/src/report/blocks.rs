//! What the report says, chapter by chapter, in one language; Markdown and HTML are written from it.

use guanlan_core::{Lang, Stamp};

use super::{ExpectRow, InjectRow, ObjectiveRow, Report};
use crate::state::Node;

/// A part of a page.
pub(super) enum Block {
    Title(String),
    Heading(String),
    Paragraph(String),
    Table(Vec<String>, Vec<Vec<String>>),
    List(Vec<String>),
}

/// Says things in the report's language.
struct Writer<'a> {
    report: &'a Report,
    lang: Lang,
}

impl Report {
    /// All chapters.
    pub(super) fn blocks(&self, lang: Lang) -> Vec<Block> {
        let w = Writer { report: self, lang };
        vec![
            Block::Title(format!("{} {}", w.say("【演练】", "[EXERCISE]"), self.title.get(lang))),
            Block::Paragraph(self.about.get(lang).to_owned()),
            Block::Heading(w.say("一、概况", "1. Overview")),
            w.overview(),
            Block::Heading(w.say("二、评分", "2. Scores")),
            w.scores(),
            Block::Heading(w.say("三、科目", "3. Injects")),
            w.injects(),
            Block::Heading(w.say("四、要求与实际", "4. Expected and actual")),
            w.expectations(),
            Block::Heading(w.say("五、目标评定", "5. Objectives")),
            w.objectives(),
            Block::Heading(w.say("六、改进清单", "6. To improve")),
            w.improve(),
            Block::Heading(w.say("七、时间轴", "7. Timeline")),
            w.timeline(),
        ]
    }
}

/// Wall-clock time of day.
fn clock(at: Stamp) -> String {
    at.format_local("%H:%M:%S")
}

/// Script time, s.
fn offset(s: f64) -> String {
    let s = s.max(0.0).round() as i64;
    format!("T+{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

impl Writer<'_> {
    fn say(&self, zh: &str, en: &str) -> String {
        match self.lang {
            Lang::Zh => zh.to_owned(),
            Lang::En => en.to_owned(),
        }
    }

    fn percent(&self, v: Option<f64>) -> String {
        v.map_or_else(|| self.say("未评", "not rated"), |v| format!("{v:.1} %"))
    }

    /// Start, length, rain and counts.
    fn overview(&self) -> Block {
        let (r, t) = (self.report, &self.report.tally);
        let pair = |zh: &str, en: &str, value: String| vec![self.say(zh, en), value];
        Block::Table(
            vec![self.say("项目", "Item"), self.say("数值", "Value")],
            vec![
                pair("开始", "Start", r.start.format_local("%Y-%m-%d %H:%M:%S")),
                pair("时长", "Length", offset(((r.end - r.start).max(0) as f64) / 1000.0)),
                pair(
                    "完整演完",
                    "Played to the end",
                    self.say(if r.finished { "是" } else { "否" }, if r.finished { "yes" } else { "no" }),
                ),
                pair("雨量", "Rain", format!("{:.1} mm", r.rain_mm)),
                pair("红色告警", "Red alerts", t.reds.to_string()),
                pair("案卷 开/结", "Cases opened/closed", format!("{}/{}", t.cases, t.closed)),
                pair("派出/到场", "Crews sent/on scene", format!("{}/{}", t.sent, t.arrived)),
                pair("其中非推荐派遣", "Sent against advice", t.overrides.to_string()),
                pair("封闭道路", "Roads closed", t.roads_closed.to_string()),
                pair("被拒命令", "Commands refused", t.refused.to_string()),
            ],
        )
    }

    /// The four marks, the total and the grade.
    fn scores(&self) -> Block {
        let r = self.report;
        let grade = r.scores.grade().map_or_else(|| self.say("未评", "not rated"), |g| g.get(self.lang).to_owned());
        Block::Table(
            vec![
                self.say("及时性", "Timeliness"),
                self.say("完整性", "Completeness"),
                self.say("准确性", "Accuracy"),
                self.say("协同（评估员）", "Coordination (evaluators)"),
                self.say("总分", "Total"),
                self.say("等级", "Grade"),
            ],
            vec![vec![
                self.percent(r.scores.timeliness),
                self.percent(r.scores.completeness),
                self.percent(r.scores.accuracy),
                self.percent(r.scores.coordination),
                self.percent(r.scores.total),
                grade,
            ]],
        )
    }

    /// What was told when.
    fn injects(&self) -> Block {
        let r = self.report;
        let inject = |i: &InjectRow| {
            vec![
                i.no.to_string(),
                offset(f64::from(i.at_s)),
                i.delivered.map_or_else(|| "—".into(), clock),
                format!("{} → {}", i.from.get(self.lang), i.to.get(self.lang)),
                i.channel.clone(),
                i.text.get(self.lang).to_owned(),
                i.expected.get(self.lang).to_owned(),
            ]
        };
        Block::Table(
            vec![
                self.say("号", "No"),
                self.say("计划", "Planned"),
                self.say("送达", "Delivered"),
                self.say("从 → 到", "From → to"),
                self.say("渠道", "Channel"),
                self.say("内容", "Content"),
                self.say("应有行动", "Expected action"),
            ],
            r.injects.iter().map(inject).collect(),
        )
    }

    /// What was expected, and what came.
    fn expectations(&self) -> Block {
        let r = self.report;
        let row = |e: &ExpectRow| {
            let actual = match (e.timing.actual_s, e.pending) {
                (Some(actual), _) => offset(actual),
                (None, true) => self.say("未到时限", "not due yet"),
                (None, false) => self.say("未完成", "not done"),
            };
            let verdict = match e.timing.actual_s {
                Some(actual) if actual <= e.timing.due_s => self.say("✔ 按时", "✔ in time"),
                Some(actual) => format!("△ {} {:.0} s", self.say("超时", "late by"), actual - e.timing.due_s),
                None if e.pending => "—".into(),
                None => self.say("✘ 未完成", "✘ not done"),
            };
            let objective = e.objective.clone().unwrap_or_default();
            vec![
                e.text.get(self.lang).to_owned(),
                objective,
                offset(e.timing.due_s),
                actual,
                verdict,
                e.evidence.get(self.lang).to_owned(),
            ]
        };
        Block::Table(
            vec![
                self.say("要求", "Expected"),
                self.say("目标", "Objective"),
                self.say("时限", "Due"),
                self.say("实际", "Actual"),
                self.say("结果", "Result"),
                self.say("依据", "Evidence"),
            ],
            r.expectations.iter().map(row).collect(),
        )
    }

    /// How each objective was reached.
    fn objectives(&self) -> Block {
        let r = self.report;
        let objective = |o: &ObjectiveRow| {
            let rating = o.rating.map_or_else(|| self.say("未评", "not rated"), |r| r.name().get(self.lang).to_owned());
            vec![o.id.clone(), o.text.get(self.lang).to_owned(), rating]
        };
        Block::Table(
            vec![self.say("号", "Id"), self.say("目标", "Objective"), self.say("评定", "Rating")],
            r.objectives.iter().map(objective).collect(),
        )
    }

    /// What was late or not done.
    fn improve(&self) -> Block {
        let r = self.report;
        let late = |e: &&ExpectRow| !e.pending && e.timing.actual_s.is_none_or(|a| a > e.timing.due_s);
        let improve: Vec<String> = r
            .expectations
            .iter()
            .filter(late)
            .map(|e| {
                let what = match e.timing.actual_s {
                    Some(actual) => format!("{} {:.0} s", self.say("超时", "late by"), actual - e.timing.due_s),
                    None => self.say("未完成", "not done"),
                };
                let who = self.say("责任人与期限待定", "owner and date to be set");
                format!("{}：{what}；{who}", e.text.get(self.lang))
            })
            .collect();
        if improve.is_empty() {
            Block::Paragraph(self.say("各项要求均按时完成。", "Everything expected was done in time."))
        } else {
            Block::List(improve)
        }
    }

    /// What happened, oldest first.
    fn timeline(&self) -> Block {
        let r = self.report;
        let node = |n: &Node| {
            let text = if self.lang == Lang::En { n.en.clone() } else { n.zh.clone() };
            vec![offset((n.at - r.start) as f64 / 1000.0), clock(n.at), text, n.actor.clone()]
        };
        Block::Table(
            vec![
                self.say("演练时", "Script time"),
                self.say("时刻", "Clock"),
                self.say("事件", "Event"),
                self.say("行动人", "Actor"),
            ],
            r.timeline.iter().map(node).collect(),
        )
    }
}
