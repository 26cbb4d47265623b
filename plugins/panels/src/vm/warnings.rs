//! Warnings of other authorities: who warns of what, where, until when, and who brought it.

use std::sync::Arc;

use guanlan_core::{AlertLevel, Lang, Warning, WarningStatus};
use guanlan_room::{Picture, warnings::until};

use super::tell::brought;
use crate::words::{tr, tr_with};

/// Cards made at most.
pub const MOST: usize = 12;

/// One warning.
#[derive(Clone, Debug, PartialEq)]
pub struct WarningCard {
    /// CAP identifier.
    pub identifier: String,
    /// Colour.
    pub level: AlertLevel,
    /// One line: what is warned of.
    pub headline: String,
    /// 演练, 测试, not yet in force; empty for a warning that holds.
    pub stamp: String,
    /// Who and until when.
    pub who: String,
    /// More lines, shown when the card is open: label and words.
    pub lines: Vec<(&'static str, String)>,
    /// What its outlines span: west, south, east, north, local m.
    pub bounds_m: Option<[f32; 4]>,
    /// The message, for its outlines.
    pub warning: Arc<Warning>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WarningsVm {
    /// Worst first.
    pub cards: Vec<WarningCard>,
    /// Warnings beyond these.
    pub beyond: usize,
}

fn bounds(rings: &[Vec<[f64; 2]>]) -> Option<[f32; 4]> {
    let mut corners = rings.iter().flatten();
    let first = *corners.next()?;
    let [low, high] = corners.fold([first, first], |[low, high], p| {
        [[low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])]]
    });
    Some([low[0], low[1], high[0], high[1]].map(|v| v as f32))
}

fn card(picture: &Picture, warning: &Arc<Warning>, lang: Lang) -> WarningCard {
    let at = |at: guanlan_core::Stamp| at.format_local("%m-%d %H:%M");
    let stamp = match warning.status {
        WarningStatus::Exercise => tr(lang, "k-warning-exercise").to_owned(),
        WarningStatus::Test => tr(lang, "k-warning-test").to_owned(),
        _ if warning.effective > picture.now => tr_with(lang, "k-warning-from", &[("at", &at(warning.effective))]),
        _ => String::new(),
    };
    let mut lines = vec![
        ("k-place", warning.area.get(lang).to_owned()),
        ("k-said", warning.description.get(lang).to_owned()),
        ("k-warning-do", warning.instruction.get(lang).to_owned()),
        ("k-warning-cap", format!("{} · {} · {}", warning.severity, warning.urgency, warning.certainty)),
        ("k-warning-number", format!("{} · {} · {}", warning.identifier, warning.sender, at(warning.sent))),
    ];
    if let Some(origin) = picture.origins.of_warning(&warning.identifier) {
        lines.extend(brought(&origin, lang));
    }
    lines.retain(|l| !l.1.is_empty());
    let ends = tr_with(lang, "k-warning-until", &[("at", &at(until(warning)))]);
    WarningCard {
        identifier: warning.identifier.clone(),
        level: warning.level,
        headline: warning.headline.get(lang).to_owned(),
        stamp,
        who: format!("{} · {ends}", warning.who(lang)),
        lines,
        bounds_m: bounds(&warning.rings_m),
        warning: warning.clone(),
    }
}

/// The warnings of a picture.
#[must_use]
pub fn warnings(picture: &Picture, lang: Lang) -> WarningsVm {
    let active = picture.warnings.active();
    WarningsVm {
        cards: active.iter().take(MOST).map(|w| card(picture, w, lang)).collect(),
        beyond: active.len().saturating_sub(MOST),
    }
}
