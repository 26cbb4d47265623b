//! The key figures runs are compared by.

use super::{
    facts::RunFacts,
    text::{clock, short},
};

/// A figure of every run.
pub(super) struct Figure {
    pub zh: &'static str,
    pub en: &'static str,
    pub unit: &'static str,
    /// More is worse; `None` has no good side.
    pub more_is_worse: Option<bool>,
    /// `None` where a run has no such figure.
    pub value: fn(&RunFacts) -> Option<f64>,
    pub text: fn(f64) -> String,
}

fn whole(v: f64) -> String {
    short(v, 0)
}

fn two(v: f64) -> String {
    short(v, 2)
}

fn km(v: f64) -> String {
    short(v, 1)
}

/// In the order of the table.
pub(super) const FIGURES: [Figure; 15] = [
    Figure {
        zh: "雨量", en: "Rain", unit: "mm", more_is_worse: None, value: |r| Some(r.summary.rain_mm), text: whole
    },
    Figure {
        zh: "最大水深",
        en: "Max depth",
        unit: "m",
        more_is_worse: Some(true),
        value: |r| Some(f64::from(r.summary.max_depth_m)),
        text: two,
    },
    Figure {
        zh: "积水 >15 cm",
        en: "Over 15 cm",
        unit: "ha",
        more_is_worse: Some(true),
        value: |r| Some(r.summary.area_over_15cm_m2 / 1.0e4),
        text: km,
    },
    Figure {
        zh: "积水 >50 cm",
        en: "Over 50 cm",
        unit: "ha",
        more_is_worse: Some(true),
        value: |r| Some(r.summary.area_over_50cm_m2 / 1.0e4),
        text: km,
    },
    Figure {
        zh: "危险 H4–H6",
        en: "Hazard H4–H6",
        unit: "ha",
        more_is_worse: Some(true),
        value: |r| Some(r.summary.arr_area_m2[3..].iter().sum::<f64>() / 1.0e4),
        text: km,
    },
    Figure {
        zh: "进水建筑",
        en: "Buildings",
        unit: "",
        more_is_worse: Some(true),
        value: |r| Some(r.impact.buildings_flooded as f64),
        text: whole,
    },
    Figure {
        zh: "地下空间",
        en: "Basements",
        unit: "",
        more_is_worse: Some(true),
        value: |r| Some(r.impact.basements_flooded as f64),
        text: whole,
    },
    Figure {
        zh: "受影响居民",
        en: "Residents",
        unit: "",
        more_is_worse: Some(true),
        value: |r| Some(f64::from(r.impact.residents_affected)),
        text: whole,
    },
    Figure {
        zh: "小客车断路",
        en: "Roads cut to cars",
        unit: "km",
        more_is_worse: Some(true),
        value: |r| Some(r.impact.roads_closed_m / 1000.0),
        text: km,
    },
    Figure {
        zh: "重点场所",
        en: "Places reached",
        unit: "",
        more_is_worse: Some(true),
        value: |r| Some(r.impact.places.len() as f64),
        text: whole,
    },
    Figure {
        zh: "供电设施",
        en: "Power",
        unit: "",
        more_is_worse: Some(true),
        value: |r| Some(r.impact.power.len() as f64),
        text: whole,
    },
    Figure {
        zh: "预计案件",
        en: "Expected cases",
        unit: "",
        more_is_worse: Some(true),
        value: |r| Some(r.impact.expected_cases.iter().map(|c| c.count).sum::<usize>() as f64),
        text: whole,
    },
    Figure {
        zh: "退水时间",
        en: "Drain-down",
        unit: "h:mm",
        more_is_worse: Some(true),
        value: |r| r.summary.drained_s,
        text: clock,
    },
    Figure {
        zh: "投入人力",
        en: "People",
        unit: "",
        more_is_worse: None,
        value: |r| Some(r.summary.effort.people),
        text: whole,
    },
    Figure {
        zh: "投入车辆",
        en: "Trucks",
        unit: "",
        more_is_worse: None,
        value: |r| Some(r.summary.effort.trucks),
        text: whole,
    },
];

impl Figure {
    /// The cell of a run: value and, against the base, the difference.
    pub fn cell(&self, run: &RunFacts, base: Option<&RunFacts>) -> String {
        let Some(value) = (self.value)(run) else { return "<td>—</td>".into() };
        let text = (self.text)(value);
        let Some(before) = base.and_then(self.value) else { return format!("<td>{text}</td>") };
        let change = value - before;
        if (self.text)(before) == text {
            return format!("<td>{text}<small>=</small></td>");
        }
        let class = match self.more_is_worse {
            Some(worse) if (change > 0.0) == worse => " class=\"worse\"",
            Some(_) => " class=\"better\"",
            None => "",
        };
        let sign = if change > 0.0 { "+" } else { "−" };
        let percent = if before.abs() > 1e-9 {
            format!(" ({sign}{:.0}%)", 100.0 * (change / before).abs())
        } else {
            String::new()
        };
        format!("<td{class}>{text}<small>{sign}{}{percent}</small></td>", (self.text)(change.abs()))
    }
}
