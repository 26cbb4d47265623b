//! The strip at the top: place, time, rain, what kind of picture this is, how the room is.

use guanlan_core::{Lang, Mode, Role, TimelineId};
use guanlan_room::{Picture, TimelineInfo};

use crate::words::{tr, tr_with};

/// How the room itself is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lamp {
    /// Nothing to say.
    #[default]
    Well,
    /// Late, or a feed is down.
    Strained,
    /// What is told may be lost or old.
    Ill,
}

/// A timeline to switch to.
#[derive(Clone, Debug, PartialEq)]
pub struct TimelineChoice {
    /// Its name.
    pub id: TimelineId,
    /// What it is.
    pub mode: Mode,
    /// Shown now.
    pub current: bool,
}

/// The headline.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadlineVm {
    /// Name of the city.
    pub city: String,
    /// Date with the day of the week.
    pub date: String,
    /// Time of day.
    pub clock: String,
    /// Rain now, mm/h.
    pub rain_mm_h: f64,
    /// Weather in a word.
    pub weather: String,
    /// What the picture is.
    pub mode: Mode,
    /// The same in words; the past of an exercise says that it is one.
    pub mode_words: String,
    /// It is no living city but an exercise, or the past of one.
    pub exercise: bool,
    /// Active alerts: normal, blue, yellow, orange, red.
    pub levels: [usize; 5],
    /// The room's health.
    pub lamp: Lamp,
    /// The health in a few words.
    pub health: String,
    /// All there is to say about it.
    pub health_lines: Vec<String>,
    /// The seat taken.
    pub role: Role,
    /// Leaders' preset is on.
    pub briefing: bool,
    /// Clock of the exercise and what it expects; empty where there is none.
    pub drill: String,
    /// Timelines; empty when there is only the live one.
    pub timelines: Vec<TimelineChoice>,
    /// An exercise can be started: there is a script and none runs.
    pub can_exercise: bool,
}

/// Longitudes of China, degrees east.
const CHINA_LON_DEG: std::ops::RangeInclusive<f64> = 73.0..=136.0;

impl HeadlineVm {
    /// Over a city elsewhere, whose sun does not fit it, the clock says that it is China's.
    #[must_use]
    pub fn at(mut self, lon_deg: Option<f64>, lang: Lang) -> Self {
        if lon_deg.is_some_and(|lon| !CHINA_LON_DEG.contains(&lon)) {
            self.date = format!("{} · {}", tr(lang, "k-china-time"), self.date);
        }
        self
    }
}

/// Grades of rain by intensity, mm/h (CMA hourly grades: 小雨 < 2.5 ≤ 中雨 < 8 ≤ 大雨 < 16 ≤ 暴雨).
fn weather(lang: Lang, mm_h: f64) -> &'static str {
    tr(
        lang,
        match mm_h {
            v if v < 0.1 => "k-dry",
            v if v < 2.5 => "k-rain-light",
            v if v < 8.0 => "k-rain-moderate",
            v if v < 16.0 => "k-rain-heavy",
            _ => "k-rain-storm",
        },
    )
}

/// Late starts of ticks above this are said, ms (the live room promises a p99 of 100).
pub(super) const LATE_MS: f64 = 100.0;

fn health(picture: &Picture, lang: Lang) -> (Lamp, String, Vec<String>) {
    let h = &picture.health;
    let mut lamp = Lamp::Well;
    let mut lines = vec![
        tr_with(lang, "k-health-late", &[("ms", &format!("{:.0}", h.lateness_p99_ms))]),
        tr_with(lang, "k-health-tick", &[("ms", &format!("{:.1}", h.tick_cost_ms))]),
        tr_with(lang, "k-health-journal", &[("n", &h.journal_seq.to_string())]),
    ];
    let mut word = tr(lang, "k-health-well").to_owned();
    let down: Vec<&str> = picture.feeds.iter().filter(|(_, f)| !f.up).map(|(name, _)| name.as_str()).collect();
    if h.lateness_p99_ms > LATE_MS {
        (lamp, word) = (Lamp::Strained, tr(lang, "k-health-slow").to_owned());
    }
    if !down.is_empty() {
        lamp = Lamp::Strained;
        word = tr_with(lang, "k-health-feeds", &[("n", &down.len().to_string())]);
        lines.extend(down.iter().map(|f| tr_with(lang, "k-health-feed", &[("name", f)])));
    }
    if !h.trouble.is_empty() {
        (lamp, word) = (Lamp::Ill, tr(lang, "k-health-trouble").to_owned());
        lines.push(h.trouble.clone());
    }
    (lamp, word, lines)
}

/// `T+12:30 · 期望 2/5` of an exercise.
fn drill(picture: &Picture, lang: Lang) -> String {
    let Some(drill) = picture.drill.as_ref().filter(|d| d.start.is_some()) else { return String::new() };
    let s = drill.script_s(picture.now).max(0.0) as i64;
    let met = drill.expectations.iter().filter(|e| e.met.is_some()).count();
    let clock = format!("{:02}:{:02}", s / 60, s % 60);
    let (met, all) = (met.to_string(), drill.expectations.len().to_string());
    tr_with(lang, "k-drill-clock", &[("clock", &clock), ("met", &met), ("all", &all)])
}

/// The headline of a picture.
#[must_use]
pub fn headline(
    picture: &Picture,
    timeline: &TimelineId,
    timelines: &[TimelineInfo],
    role: Role,
    briefing: bool,
    scripts: bool,
    lang: Lang,
) -> HeadlineVm {
    let local = picture.now.local();
    let day = ["k-mon", "k-tue", "k-wed", "k-thu", "k-fri", "k-sat", "k-sun"]
        [(picture.now.format_local("%u").parse::<usize>().unwrap_or(1).clamp(1, 7)) - 1];
    let date = match lang {
        Lang::Zh => format!("{}年{}月{}日 {}", local.year(), local.month(), local.day(), tr(lang, day)),
        Lang::En => format!("{} {}", tr(lang, day), picture.now.format_local("%-d %b %Y")),
    };
    let rain_mm_h = picture.rain_mm_h();
    let (lamp, health, health_lines) = health(picture, lang);
    let choices =
        timelines.iter().map(|t| TimelineChoice { id: t.id.clone(), mode: t.mode, current: t.id == *timeline });
    let past = picture.mode == Mode::Replay && picture.drill.is_some();
    HeadlineVm {
        city: picture.city.name.get(lang).to_owned(),
        date,
        clock: picture.now.format_local("%H:%M:%S"),
        rain_mm_h,
        weather: weather(lang, rain_mm_h).to_owned(),
        mode: picture.mode,
        mode_words: if past {
            tr(lang, "k-exercise-past").to_owned()
        } else {
            picture.mode.name().get(lang).to_owned()
        },
        exercise: picture.mode == Mode::Exercise || past,
        levels: picture.alerts.counts(),
        lamp,
        health,
        health_lines,
        role,
        briefing,
        drill: drill(picture, lang),
        timelines: if timelines.len() > 1 { choices.collect() } else { Vec::new() },
        can_exercise: scripts && !timelines.iter().any(|t| t.mode == Mode::Exercise),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_city::City;

    use super::*;
    use crate::fixture;

    #[test]
    fn a_clock_over_a_city_elsewhere_says_whose_it_is() {
        let room = fixture::machine(&Arc::new(City::default()));
        let picture = fixture::picture(&room);
        let date = |lon_deg| {
            let vm = headline(&picture, &"live".into(), &[], Role::Supervisor, false, false, Lang::Zh);
            vm.at(lon_deg, Lang::Zh).date
        };
        assert_eq!(date(Some(120.2)), date(None));
        assert_eq!(date(Some(-74.0)), format!("北京时间 · {}", date(None)));
    }
}
