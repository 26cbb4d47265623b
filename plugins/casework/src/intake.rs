//! Alerts and reports in: a new case, or one more report of an open one.

use guanlan_core::{
    AlertId, AlertLevel, Bilingual, CaseId, Event, ObservedProperty, PhotoView, Role, Stamp, input::CitizenReport,
};

use crate::{
    case::{Case, CaseSource, Deadlines, MergedReport},
    file::CaseFile,
    limit::deadline,
    mover::{Act, ROOM, take},
    rules::CaseRules,
    site::Site,
    state::CaseState,
    workflow::Step,
};

/// What a room's casework works with in one tick.
pub(crate) struct Desk<'a> {
    pub file: &'a mut CaseFile,
    pub rules: &'a CaseRules,
    pub site: &'a Site,
    pub now: Stamp,
    pub exercise: bool,
    pub events: Vec<Event>,
}

/// A report before it is a case.
pub(crate) struct Report<'a> {
    pub code: &'a str,
    pub text: &'a str,
    pub source: CaseSource,
    pub level: AlertLevel,
    pub place_m: [f64; 2],
    pub place: Option<Bilingual>,
    pub alert: Option<AlertId>,
    pub photo: Option<String>,
    pub view: PhotoView,
    pub actor: &'a str,
    pub role: Role,
}

/// An alert's change, as its event says it.
pub(crate) struct AlertNews<'a> {
    pub alert: AlertId,
    pub property: ObservedProperty,
    pub from: AlertLevel,
    pub to: AlertLevel,
    pub value: f64,
    pub threshold: f64,
    pub rule: &'a str,
    pub place_m: Option<[f64; 2]>,
    pub place: &'a Bilingual,
}

impl Desk<'_> {
    /// Opens a case for a report or attaches it to the open case of the same problem.
    /// Returns the case and whether it was there before. `None` for an unknown code.
    pub(crate) fn report(&mut self, report: &Report<'_>) -> Option<(CaseId, bool)> {
        let same = self.file.same_problem(report.code, report.place_m, self.now, self.exercise, self.rules);
        let same = same.map(|case| case.id.clone());
        if let Some(id) = same {
            self.attach(&id, report);
            return Some((id, true));
        }
        let id = self.open(report)?;
        Some((id, false))
    }

    fn attach(&mut self, id: &CaseId, report: &Report<'_>) {
        let now = self.now;
        self.file.change(id, |case| {
            case.level = case.level.max(report.level);
            case.alert = case.alert.or(report.alert);
            case.reports.push(MergedReport {
                at: now,
                source: report.source,
                text: report.text.to_owned(),
                photo: report.photo.clone(),
                view: report.view,
            });
            case.note(now, report.actor, report.role, format!("{} {}", report.source.name().zh, report.text));
        });
        self.events.push(Event::CaseMerged {
            case: id.clone(),
            source: report.source.key().into(),
            text: report.text.to_owned(),
        });
    }

    fn open(&mut self, report: &Report<'_>) -> Option<CaseId> {
        let (rules, now) = (self.rules, self.now);
        let title = rules.categories.matter(report.code)?.name.clone();
        let id = self.file.numbers.next(&rules.prefix, now, self.exercise);
        let grid = self.site.grid(report.place_m).map(|area| area.code.clone()).unwrap_or_default();
        let place = report
            .place
            .clone()
            .filter(|words| !words.zh.is_empty() || !words.en.is_empty())
            .unwrap_or_else(|| self.site.words(report.place_m));
        let limit = rules.limit(report.code, "B");
        let close_by = deadline(now + rules.register_ms + rules.dispatch_ms, limit, &rules.calendar) + rules.check_ms;
        let mut case = Case {
            title: title.clone(),
            text: report.text.to_owned(),
            source: report.source,
            level: report.level,
            exercise: self.exercise,
            place_m: report.place_m,
            place: place.clone(),
            grid: grid.clone(),
            limit,
            deadlines: Deadlines { register_by: Some(now + rules.register_ms), close_by, ..Deadlines::default() },
            photo: report.photo.clone(),
            photo_view: report.view,
            alert: report.alert,
            ..Case::new(id.clone(), report.code, now)
        };
        case.note(now, report.actor, report.role, report.text);
        self.events.push(Event::CaseOpened {
            case: id.clone(),
            code: report.code.to_owned(),
            title,
            source: report.source.key().into(),
            level: report.level,
            place_m: report.place_m,
            place,
            grid,
            alert: report.alert,
            actor: report.actor.to_owned(),
        });
        // From `reported` only submitting is possible and the room may always do it.
        let submitted = take(&mut case, Step::Submit, &Act::room(now, ""), rules, &mut self.events);
        debug_assert!(submitted.is_ok());
        self.file.insert(case);
        Some(id)
    }

    /// An alert changed: opens, joins, raises or annotates a case.
    pub(crate) fn alert(&mut self, news: &AlertNews<'_>) {
        let text = alert_text(news);
        if let Some(case) = self.file.of_alert(news.alert).filter(|case| case.is_open()) {
            let (id, before) = (case.id.clone(), case.level);
            self.alert_of_case(&id, before, news, &text);
            return;
        }
        let Some(rule) = self.rules.alarm(news.property) else { return };
        let Some(place_m) = news.place_m else { return };
        // A fall files nothing: its case has been closed or was never worth one.
        if news.to < rule.from || news.to <= news.from {
            return;
        }
        let code = if rule.component { self.site.cover(place_m) } else { None };
        let code = code.filter(|code| self.rules.categories.matter(code).is_some()).unwrap_or(&rule.code).to_owned();
        let report = Report {
            code: &code,
            text: &text,
            source: CaseSource::Alert,
            level: news.to,
            place_m,
            place: Some(news.place.clone()),
            alert: Some(news.alert),
            photo: None,
            view: PhotoView::default(),
            actor: ROOM,
            role: Role::System,
        };
        let Some((id, _)) = self.report(&report) else { return };
        self.file.link_alert(news.alert, id.clone());
        if news.to == AlertLevel::Red {
            self.register_by_rule(&id);
        }
    }

    fn alert_of_case(&mut self, id: &CaseId, before: AlertLevel, news: &AlertNews<'_>, text: &str) {
        let now = self.now;
        self.file.change(id, |case| {
            case.level = case.level.max(news.to);
            case.note(now, ROOM, Role::System, text);
        });
        // A report that is attached changes nobody's work; a rise does, so it is a fact of its own.
        self.events.push(Event::CaseMerged {
            case: id.clone(),
            source: CaseSource::Alert.key().into(),
            text: text.to_owned(),
        });
        if news.to > before && news.to == AlertLevel::Red {
            self.register_by_rule(id);
        }
    }

    /// A red needs no acceptor: 立案 by rule.
    fn register_by_rule(&mut self, id: &CaseId) {
        let (rules, now) = (self.rules, self.now);
        let events = &mut self.events;
        self.file.change(id, |case| {
            if case.state == CaseState::PendingRegister {
                let act = Act::room(now, "红色告警自动立案 / registered by rule: red alert");
                let registered = take(case, Step::Register, &act, rules, events);
                debug_assert!(registered.is_ok());
            }
        });
    }

    /// A citizen's report; one that comes twice is one.
    pub(crate) fn citizen(&mut self, report: &CitizenReport) {
        if self.file.of_report(&report.report).is_some() {
            return;
        }
        let known = self.rules.categories.matter(&report.code).is_some();
        let code = if known { report.code.as_str() } else { self.rules.code_from_words(&report.text) };
        let words = Report {
            code,
            text: &report.text,
            source: CaseSource::Citizen,
            level: level_of(self.rules, code),
            place_m: [report.east_m, report.north_m],
            place: None,
            alert: None,
            photo: report.photo.clone(),
            view: report.view,
            actor: "citizen",
            role: Role::System,
        };
        if let Some((id, _)) = self.report(&words) {
            self.file.link_report(&report.report, id);
        }
    }

    /// Cases whose suspension ends now go on.
    pub(crate) fn resume(&mut self) {
        let now = self.now;
        let due: Vec<CaseId> = self
            .file
            .open()
            .filter(|case| case.suspended.is_some_and(|s| s.until <= now))
            .map(|case| case.id.clone())
            .collect();
        for id in due {
            let (rules, events) = (self.rules, &mut self.events);
            self.file.change(&id, |case| {
                let act = Act::room(now, "挂账到期自动恢复 / suspension over");
                // Only a case that stands suspended has a suspension; the room may resume it.
                let resumed = take(case, Step::Resume, &act, rules, events);
                debug_assert!(resumed.is_ok());
            });
        }
    }
}

/// Severity of a report without an alert: yellow for classes with an urgent limit, blue otherwise.
pub(crate) fn level_of(rules: &CaseRules, code: &str) -> AlertLevel {
    if rules.limit(code, "B").kind == crate::limit::LimitKind::UrgentHour {
        AlertLevel::Yellow
    } else {
        AlertLevel::Blue
    }
}

fn alert_text(news: &AlertNews<'_>) -> String {
    let (name, unit) = (news.property.name(), news.property.unit());
    if news.to == AlertLevel::Normal {
        return format!("{}恢复正常 {:.1} {unit} / {} back to normal", name.zh, news.value, name.en);
    }
    let level = news.to.name();
    let (value, threshold, rule) = (news.value, news.threshold, &news.rule);
    format!(
        "{}{}色告警 {value:.1} {unit}（阈值 {threshold:.1}，规则 {rule}） / {} alert, {}: {value:.1} {unit} (threshold {threshold:.1}, rule {rule})",
        name.zh,
        level.zh,
        level.en,
        name.en.to_lowercase()
    )
}
