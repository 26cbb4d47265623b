//! Names on the map: areas from afar, roads and places near, callouts of what needs a person.
//! Labels avoid each other and stay on the part of the map that panels leave free.

use bevy::prelude::Resource;
use egui::{Color32, FontId, Painter, Pos2, Rect, Shape, epaint::TextShape, pos2, vec2};
use guanlan_city::{
    City,
    model::{AdminLevel, PlaceKind, RoadClass},
};
use guanlan_core::{AlertLevel, Bilingual, theme::Token};
use guanlan_stage::Ground;

use crate::{look::Look, ui::kit};

/// What a name belongs to; the order is the order of placing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    /// 街道, from afar.
    Street,
    /// A part of town.
    Quarter,
    /// A place.
    Place,
    /// A road, written along it.
    Road,
    /// 社区, at middle distance.
    Community,
}

/// A name of the city.
#[derive(Clone, Debug)]
pub struct Name {
    /// What of.
    pub kind: NameKind,
    /// Words.
    pub name: Bilingual,
    /// East, north, height, m.
    pub place: [f32; 3],
    /// A second point in the direction of a road.
    pub towards: Option<[f32; 3]>,
    /// Seen up to this distance of the camera, m.
    pub far_m: f32,
    /// Seen from this distance on, m.
    pub near_m: f32,
}

/// All names of a city, in the order of placing.
#[derive(Resource, Clone, Debug, Default)]
pub struct Names(pub Vec<Name>);

fn centre(ring: &[[f32; 2]]) -> [f32; 2] {
    let (mut lo, mut hi) = ([f32::MAX; 2], [f32::MIN; 2]);
    for p in ring {
        for k in 0..2 {
            lo[k] = lo[k].min(p[k]);
            hi[k] = hi[k].max(p[k]);
        }
    }
    [(lo[0] + hi[0]) * 0.5, (lo[1] + hi[1]) * 0.5]
}

/// Names to be placed over a city.
#[must_use]
pub fn names(city: &City, ground: &Ground) -> Names {
    let at = |p: [f32; 2]| [p[0], p[1], ground.height_m(p[0], p[1]) + 6.0];
    let mut all = Vec::new();
    for area in city.areas.iter().filter(|a| a.ring.len() >= 3) {
        let (kind, near_m, far_m) = match area.level {
            AdminLevel::Street => (NameKind::Street, 2600.0, 60_000.0),
            AdminLevel::Community => (NameKind::Community, 1000.0, 2600.0),
            _ => continue,
        };
        let place = at(centre(&area.ring));
        all.push(Name { kind, name: area.name.clone(), place, towards: None, far_m, near_m });
    }
    for place in &city.places {
        let (kind, far_m) = match place.kind {
            PlaceKind::Quarter => (NameKind::Quarter, 4200.0),
            PlaceKind::Underpass => (NameKind::Place, 3200.0),
            PlaceKind::Hospital | PlaceKind::Centre | PlaceKind::PumpStation => (NameKind::Place, 1500.0),
            _ => (NameKind::Place, 800.0),
        };
        let p = place.place_m.map(|v| v as f32);
        all.push(Name { kind, name: place.name.clone(), place: at(p), towards: None, far_m, near_m: 0.0 });
    }
    for road in city.roads.iter().filter(|r| !r.name.zh.is_empty() && r.line.len() >= 2) {
        let far_m = match road.class {
            RoadClass::Motorway | RoadClass::Primary => 3000.0,
            RoadClass::Secondary => 1900.0,
            RoadClass::Tertiary => 1100.0,
            _ => 500.0,
        };
        let mid = road.line.len() / 2;
        let (a, b) = (road.line[mid - 1], road.line[mid]);
        let place = [(a[0] + b[0]) * 0.5, (a[1] + b[1]) * 0.5];
        all.push(Name {
            kind: NameKind::Road,
            name: road.name.clone(),
            place: at(place),
            towards: Some(at(b)),
            far_m,
            near_m: 0.0,
        });
    }
    // Wide roads before narrow ones, so that they get their name first.
    all.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.far_m.total_cmp(&a.far_m)));
    Names(all)
}

/// A callout of something that needs a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Callout {
    /// Where the pin's head is seen, points.
    pub at: Pos2,
    /// First line.
    pub title: String,
    /// Second line.
    pub line: String,
    /// Level that decides the first line's mark.
    pub level: AlertLevel,
    /// Chosen: framed, and placed before all others.
    pub chosen: bool,
}

/// Boxes that are taken.
#[derive(Clone, Debug, Default)]
pub struct Taken(Vec<Rect>);

impl Taken {
    /// Takes a box if it is free and lies within the map.
    pub fn take(&mut self, rect: Rect, map: Rect) -> bool {
        let free = map.contains_rect(rect) && !self.0.iter().any(|r| r.intersects(rect));
        if free {
            self.0.push(rect);
        }
        free
    }

    /// Blocks a box whatever lies there.
    pub fn block(&mut self, rect: Rect) {
        self.0.push(rect);
    }
}

/// Draws callouts; the first ones win.
pub fn draw_callouts(painter: &Painter, callouts: &[Callout], map: Rect, taken: &mut Taken, look: &Look) {
    let s = look.sizes;
    for c in callouts.iter().filter(|c| map.contains(c.at)) {
        let title = painter.layout_no_wrap(c.title.clone(), look.medium(s.small), look.text());
        let line = painter.layout_no_wrap(c.line.clone(), look.regular(s.small), look.second());
        let mark = s.small;
        let size = vec2(
            (title.size().x + mark + 6.0).max(line.size().x) + 16.0,
            title.size().y + if c.line.is_empty() { 0.0 } else { line.size().y } + 8.0,
        );
        // Right, left, above, below of the pin's head.
        let spots = [
            pos2(c.at.x + 26.0, c.at.y - size.y * 0.5),
            pos2(c.at.x - 26.0 - size.x, c.at.y - size.y * 0.5),
            pos2(c.at.x - size.x * 0.5, c.at.y - 26.0 - size.y),
            pos2(c.at.x - size.x * 0.5, c.at.y + 26.0),
        ];
        let Some(rect) =
            spots.into_iter().map(|p| Rect::from_min_size(p, size)).find(|r| taken.take(r.expand(2.0), map))
        else {
            continue;
        };
        let stroke = if c.chosen { egui::Stroke::new(1.0, look.accent()) } else { look.hairline() };
        painter.rect(rect, 4.0, look.color(Token::Panel).gamma_multiply(0.95), stroke, egui::StrokeKind::Inside);
        let mut at = rect.min + vec2(8.0, 4.0);
        kit::level_mark(painter, look, c.level, at + vec2(mark * 0.4, title.size().y * 0.5), mark * 0.45);
        painter.galley(at + vec2(mark + 2.0, 0.0), title.clone(), look.text());
        at.y += title.size().y;
        if !c.line.is_empty() {
            painter.galley(at, line, look.second());
        }
    }
}

/// Most names drawn at once: a map is not a book.
const MOST: usize = 48;

/// Draws the city's names. `seen` projects a place to points; `distance_m` is the camera's.
pub fn draw_names(
    painter: &Painter,
    names: &Names,
    seen: impl Fn([f32; 3]) -> Option<Pos2>,
    distance_m: f32,
    map: Rect,
    taken: &mut Taken,
    look: &Look,
) {
    let s = look.sizes;
    let mut drawn: Vec<(&str, Pos2)> = Vec::new();
    let mut roads = 0;
    for name in &names.0 {
        if drawn.len() >= MOST || distance_m > name.far_m || distance_m < name.near_m {
            continue;
        }
        if name.kind == NameKind::Road && roads > 22 {
            continue;
        }
        let Some(at) = seen(name.place).filter(|p| map.contains(*p)) else { continue };
        let words = name.name.get(look.lang);
        // The same road again only far away from its other name.
        if drawn.iter().any(|(w, p)| *w == words && p.distance(at) < 420.0) {
            continue;
        }
        let (font, color) = style(name.kind, look, s.small);
        let galley = painter.layout_no_wrap(words.to_owned(), font, color);
        let angle = name.towards.and_then(&seen).map_or(0.0, |to| {
            let d = to - at;
            let a = d.y.atan2(d.x);
            if a > std::f32::consts::FRAC_PI_2 {
                a - std::f32::consts::PI
            } else if a < -std::f32::consts::FRAC_PI_2 {
                a + std::f32::consts::PI
            } else {
                a
            }
        });
        let half = galley.size() * 0.5;
        let (sin, cos) = angle.sin_cos();
        let extent = vec2(half.x * cos.abs() + half.y * sin.abs() + 3.0, half.x * sin.abs() + half.y * cos.abs() + 2.0);
        if !taken.take(Rect::from_center_size(at, extent * 2.0), map) {
            continue;
        }
        // A dark rim instead of a box: what lies below stays visible.
        let min = at - half;
        let rim = look.faint(Token::Space, 0.75);
        for (dx, dy) in [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)] {
            let shape = TextShape::new(min + vec2(dx, dy), galley.clone(), rim)
                .with_override_text_color(rim)
                .with_angle_and_anchor(angle, egui::Align2::CENTER_CENTER);
            painter.add(Shape::Text(shape));
        }
        let shape = TextShape::new(min, galley, color).with_angle_and_anchor(angle, egui::Align2::CENTER_CENTER);
        painter.add(Shape::Text(shape));
        roads += usize::from(name.kind == NameKind::Road);
        drawn.push((words, at));
    }
}

fn style(kind: NameKind, look: &Look, small: f32) -> (FontId, Color32) {
    match kind {
        NameKind::Street => (look.medium(small + 3.0), look.faint(Token::Text, 0.85)),
        NameKind::Quarter => (look.medium(small + 2.0), look.faint(Token::Text, 0.8)),
        NameKind::Place => (look.regular(small), look.faint(Token::Text, 0.8)),
        NameKind::Community => (look.regular(small), look.faint(Token::TextSecond, 0.8)),
        NameKind::Road => (look.regular(small), look.second()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_place_is_not_given_twice_nor_outside_the_map() {
        let map = Rect::from_min_size(pos2(0.0, 0.0), vec2(100.0, 100.0));
        let mut taken = Taken::default();
        let a = Rect::from_min_size(pos2(10.0, 10.0), vec2(40.0, 20.0));
        assert!(taken.take(a, map));
        assert!(!taken.take(a.translate(vec2(10.0, 5.0)), map));
        assert!(taken.take(a.translate(vec2(0.0, 30.0)), map));
        assert!(!taken.take(a.translate(vec2(70.0, 60.0)), map));
    }
}
