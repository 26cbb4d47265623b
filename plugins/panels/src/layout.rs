//! Where panels lie: from the size of the picture and the preset, on a grid of 8 points.

use egui::{Rect, pos2, vec2};

/// Which arrangement of panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// A workplace, 16:9: one column on each side. A very wide picture becomes [`Self::Wide`].
    #[default]
    Desk,
    /// 32:9: two columns on each side.
    Wide,
    /// 总览: what leaders are told.
    Briefing,
    /// The map alone.
    None,
}

impl Preset {
    /// The arrangement for a picture of this size, points. Four columns need room for the names in them: on a wall seen
    /// from afar letters are large, and two columns keep them whole.
    #[must_use]
    pub fn fit(self, size: egui::Vec2) -> Self {
        let wide = size.x > 2.6 * size.y && four_columns(size.x) >= WHOLE_NAMES;
        match self {
            Self::Desk | Self::Wide if wide => Self::Wide,
            Self::Desk | Self::Wide => Self::Desk,
            other => other,
        }
    }
}

/// What a panel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Alerts.
    Alerts,
    /// Key figures and charts.
    Figures,
    /// Cases.
    Cases,
    /// Crews.
    Crews,
    /// The chosen case.
    Detail,
    /// Situation and figures for leaders.
    Summary,
    /// Worst places for leaders.
    Worst,
    /// Figures of areas.
    Areas,
    /// The layer tree.
    Layers,
    /// 数据目录: sources, owners, rates promised and kept.
    Catalogue,
    /// Estimated water, forecast, pump advice, measures.
    Water,
    /// Why the chosen alert has its colour.
    Why,
    /// One stream's past.
    Trend,
    /// Risk of the grids and hot spots.
    Risk,
    /// Figures of cases over days, months, a year.
    Records,
    /// How the room itself is; silences.
    System,
}

/// What stands beside the alerts; one at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Key figures and charts.
    #[default]
    Figures,
    /// The table of areas.
    Areas,
    /// The layer tree.
    Layers,
    /// 数据目录.
    Catalogue,
    /// Water: estimate, forecast, advice, measures.
    Water,
    /// Risk of the grids and hot spots.
    Risk,
    /// Figures of cases over days, months, a year.
    Records,
    /// How the room itself is; silences.
    System,
}

impl Side {
    /// The panel it is.
    #[must_use]
    pub const fn slot(self) -> Slot {
        match self {
            Self::Figures => Slot::Figures,
            Self::Areas => Slot::Areas,
            Self::Layers => Slot::Layers,
            Self::Catalogue => Slot::Catalogue,
            Self::Water => Slot::Water,
            Self::Risk => Slot::Risk,
            Self::Records => Slot::Records,
            Self::System => Slot::System,
        }
    }
}

/// What is open beside the usual panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// What takes the place of cases and crews: the chosen case, why an alert has its colour, or a stream's past.
    pub detail: Option<Slot>,
    /// Beside the alerts.
    pub side: Side,
    /// The city has districts: a wall tells their figures, too.
    pub areas: bool,
}

/// The figures of areas beside others need a wall this high and a column this wide, points.
const AREAS_ROOM: (f32, f32) = (860.0, 320.0);

impl Open {
    /// The figures of areas have a place of their own.
    fn room_for_areas(self, height: f32, width: f32) -> bool {
        self.areas && self.side != Side::Areas && height >= AREAS_ROOM.0 && width >= AREAS_ROOM.1
    }

    /// What takes the place of figures and charts.
    fn instead(self) -> Option<Slot> {
        (self.side != Side::Figures).then(|| self.side.slot())
    }
}

/// Where everything lies, in points.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The arrangement it is.
    pub preset: Preset,
    /// The headline.
    pub strip: Rect,
    /// Panels.
    pub panels: Vec<(Slot, Rect)>,
    /// The time bar.
    pub bar: Rect,
    /// What the map keeps for itself.
    pub map: Rect,
}

impl Layout {
    /// True when nothing but the map is shown.
    #[must_use]
    pub fn bare(&self) -> bool {
        self.preset == Preset::None
    }
}

const GAP: f32 = 8.0;

fn grid(v: f32) -> f32 {
    (v / 8.0).floor() * 8.0
}

/// Width of each of four columns in a picture of this width, points.
fn four_columns(width: f32) -> f32 {
    grid(((width * 0.44 - 6.0 * GAP) / 4.0).min(416.0)).max(200.0)
}

/// A column this wide shows the names of places in whole, points.
const WHOLE_NAMES: f32 = 248.0;

/// Cuts a column into parts with these shares of its height.
fn stack(column: Rect, parts: &[(Slot, f32)], out: &mut Vec<(Slot, Rect)>) {
    let free = column.height() - GAP * (parts.len() as f32 - 1.0);
    let mut top = column.top();
    for (i, (slot, share)) in parts.iter().enumerate() {
        let bottom = if i + 1 == parts.len() { column.bottom() } else { grid(top + free * share) };
        out.push((*slot, Rect::from_min_max(pos2(column.left(), top), pos2(column.right(), bottom))));
        top = bottom + GAP;
    }
}

/// Lays everything out.
#[must_use]
pub fn layout(size: egui::Vec2, preset: Preset, open: Open) -> Layout {
    let preset = preset.fit(size);
    let whole = Rect::from_min_size(pos2(0.0, 0.0), size);
    if preset == Preset::None {
        return Layout { preset, strip: Rect::NOTHING, panels: Vec::new(), bar: Rect::NOTHING, map: whole };
    }
    let strip_h = if preset == Preset::Briefing { 64.0 } else { 56.0 };
    let strip = Rect::from_min_size(pos2(GAP, GAP), vec2(size.x - 2.0 * GAP, strip_h));
    let bar_h = 64.0;
    let bar = Rect::from_min_max(pos2(GAP, size.y - GAP - bar_h), pos2(size.x - GAP, size.y - GAP));
    let body = Rect::from_min_max(pos2(GAP, strip.bottom() + GAP), pos2(size.x - GAP, bar.top() - GAP));
    let mut panels = Vec::new();
    let map = match preset {
        _ if size.y > PORTRAIT * size.x => upright(body, preset, open, &mut panels),
        Preset::Desk | Preset::None => desk(body, size, open, &mut panels),
        Preset::Wide => wall(body, size, open, &mut panels),
        Preset::Briefing => briefing(body, size, open, &mut panels),
    };
    Layout { preset, strip, panels, bar, map }
}

/// A picture this much higher than wide stands upright.
const PORTRAIT: f32 = 1.15;

/// What stands beside the map on the right: the case, alert or stream that was opened, or cases and crews.
fn cases_and_crews(open: Open) -> Vec<(Slot, f32)> {
    open.detail.map_or_else(|| vec![(Slot::Cases, 0.58), (Slot::Crews, 0.42)], |slot| vec![(slot, 1.0)])
}

/// What the middle keeps of a body between two columns that end and begin there.
fn between(body: Rect, left: f32, right: f32) -> Rect {
    Rect::from_min_max(pos2(left + GAP, body.top()), pos2(right - GAP, body.bottom()))
}

fn column(body: Rect, x: f32, width: f32) -> Rect {
    Rect::from_min_max(pos2(x, body.top()), pos2(x + width, body.bottom()))
}

/// One column on each side.
fn desk(body: Rect, size: egui::Vec2, open: Open, panels: &mut Vec<(Slot, Rect)>) -> Rect {
    let w = grid(((size.x * 0.44 - 4.0 * GAP) / 2.0).min(400.0)).max(200.0);
    let (left, right) = (GAP + w, size.x - GAP - w);
    let tall = size.y > 900.0;
    let parts = match open.instead() {
        // What was opened by hand gets the larger part.
        Some(slot) => [(Slot::Alerts, 0.42), (slot, 0.58)],
        None => [(Slot::Alerts, if tall { 0.61 } else { 0.58 }), (Slot::Figures, 0.39)],
    };
    stack(column(body, GAP, w), &parts, panels);
    stack(column(body, right, w), &cases_and_crews(open), panels);
    between(body, left, right)
}

/// Two columns on each side.
fn wall(body: Rect, size: egui::Vec2, open: Open, panels: &mut Vec<(Slot, Rect)>) -> Rect {
    let w = four_columns(size.x);
    let left = 2.0 * (GAP + w);
    let right = size.x - left;
    stack(column(body, GAP, w), &[(open.instead().unwrap_or(Slot::Figures), 1.0)], panels);
    let with_areas = open.room_for_areas(body.height(), w);
    let alerts: &[_] = if with_areas { &[(Slot::Alerts, 0.62), (Slot::Areas, 0.38)] } else { &[(Slot::Alerts, 1.0)] };
    stack(column(body, 2.0 * GAP + w, w), alerts, panels);
    stack(column(body, right, w), &[(open.detail.unwrap_or(Slot::Crews), 1.0)], panels);
    stack(column(body, right + w + GAP, w), &[(Slot::Cases, 1.0)], panels);
    between(body, left, right)
}

/// What leaders are told on the left, on a wall on both sides.
fn briefing(body: Rect, size: egui::Vec2, open: Open, panels: &mut Vec<(Slot, Rect)>) -> Rect {
    let wide = size.x / size.y > 2.6;
    let second = open.instead().unwrap_or(Slot::Worst);
    let w = grid(if wide { size.x * 0.2 } else { size.x * 0.38 });
    let left = GAP + w;
    if !wide {
        stack(column(body, GAP, w), &[(Slot::Summary, 0.56), (second, 0.44)], panels);
        return between(body, left, size.x);
    }
    let right = size.x - GAP - w;
    let with_areas = open.room_for_areas(body.height(), w);
    let summary: &[_] =
        if with_areas { &[(Slot::Summary, 0.56), (Slot::Areas, 0.44)] } else { &[(Slot::Summary, 1.0)] };
    stack(column(body, GAP, w), summary, panels);
    stack(column(body, right, w), &[(second, 1.0)], panels);
    between(body, left, right)
}

/// An upright screen: the map above over the whole width, two columns below it.
fn upright(body: Rect, preset: Preset, open: Open, panels: &mut Vec<(Slot, Rect)>) -> Rect {
    let below = Rect::from_min_max(pos2(body.left(), grid(body.top() + body.height() * 0.52)), body.max);
    let w = (below.width() - GAP) / 2.0;
    let (first, second) = match preset {
        Preset::Briefing => (vec![(Slot::Summary, 1.0)], vec![(open.instead().unwrap_or(Slot::Worst), 1.0)]),
        _ => (vec![(Slot::Alerts, 0.5), (open.instead().unwrap_or(Slot::Figures), 0.5)], cases_and_crews(open)),
    };
    stack(column(below, below.left(), w), &first, panels);
    stack(column(below, below.right() - w, w), &second, panels);
    Rect::from_min_max(body.min, pos2(body.right(), below.top() - GAP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_keeps_its_share_and_nothing_overlaps() {
        for (w, h, preset) in [
            (1920.0, 1080.0, Preset::Desk),
            (1280.0, 720.0, Preset::Desk),
            (2560.0, 1440.0, Preset::Desk),
            (3840.0, 1080.0, Preset::Desk),
            (7680.0, 2160.0, Preset::Wide),
            (1920.0, 1080.0, Preset::Briefing),
            (3840.0, 1080.0, Preset::Briefing),
            (1080.0, 1920.0, Preset::Desk),
            (2160.0, 3840.0, Preset::Briefing),
        ] {
            let sides = [Side::Figures, Side::Areas, Side::Layers, Side::Catalogue, Side::Water, Side::Risk];
            let details = [None, Some(Slot::Detail), Some(Slot::Why), Some(Slot::Trend)];
            for open in sides.into_iter().flat_map(|side| details.map(|detail| Open { detail, side, areas: true })) {
                let l = layout(vec2(w, h), preset, open);
                assert!(l.map.width() / w >= 0.56, "{preset:?} {w}x{h}: {}", l.map.width() / w);
                let mut rects: Vec<Rect> = l.panels.iter().map(|p| p.1).collect();
                rects.extend([l.strip, l.bar, l.map]);
                for (i, a) in rects.iter().enumerate() {
                    assert!(a.width() > 100.0 && a.height() > 40.0, "{preset:?} {w}x{h} {a:?}");
                    assert!(a.min.x >= 0.0 && a.max.x <= w && a.max.y <= h);
                    for b in &rects[i + 1..] {
                        assert!(!a.shrink(0.5).intersects(b.shrink(0.5)), "{preset:?} {a:?} {b:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_wide_picture_has_two_columns_on_each_side() {
        let l = layout(vec2(3840.0, 1080.0), Preset::Desk, Open::default());
        assert_eq!(l.preset, Preset::Wide);
        assert_eq!(l.panels.len(), 4);
        let open = Open { areas: true, ..Open::default() };
        assert_eq!(layout(vec2(3840.0, 1080.0), Preset::Desk, open).panels.len(), 5, "districts below the alerts");
        assert_eq!(layout(vec2(2560.0, 720.0), Preset::Desk, open).panels.len(), 4, "not where they would be cut");
        let from_afar = layout(vec2(1600.0, 450.0), Preset::Desk, Open::default());
        assert_eq!(from_afar.preset, Preset::Desk, "large letters: two wide columns instead of four narrow ones");
        assert!(from_afar.panels.iter().all(|p| p.1.width() >= WHOLE_NAMES));
        assert!(
            layout(vec2(800.0, 600.0), Preset::None, Open { detail: Some(Slot::Detail), ..Open::default() })
                .panels
                .is_empty()
        );
    }
}
