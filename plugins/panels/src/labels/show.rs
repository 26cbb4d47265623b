//! Places everything written on the map, again only when something moved, and paints it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use bevy::prelude::Resource;
use egui::{Color32, FontId, Painter, Pos2, Rect, Vec2, vec2};
use guanlan_core::{AlertLevel, Lang, theme::Token};

use super::names::{NameKind, Names};
use super::paint::{callout_size, leader, paint_callout, paint_name, rimmed, style};
use super::place::{Obb, Placer, Want, around};
use super::wants::{Eye, along_road, of_name};
use crate::look::Look;

/// Words at a mark that needs a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Callout {
    /// The same thing has the same key in every frame.
    pub key: u64,
    /// Where the mark is seen, points.
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

/// A pinned callout: placed here, drawn by its own panel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pin {
    /// Its key.
    pub key: u64,
    /// Where its mark is seen, points.
    pub at: Pos2,
    /// Size of its panel, points.
    pub size: Vec2,
}

/// What is written under an area's name, and how bad it is there.
pub type AreaLines = BTreeMap<u32, (String, AlertLevel)>;

/// Everything that wants words on the map.
pub struct Page<'a> {
    /// The eye.
    pub eye: Eye,
    /// The part of the screen that panels leave free, points.
    pub map: Rect,
    /// What must not be covered: heads of pins, open panels.
    pub blocked: &'a [Rect],
    /// What names do not cover: marks of alerts.
    pub soft: &'a [Rect],
    /// Names of the city.
    pub names: &'a Names,
    /// Callouts.
    pub callouts: &'a [Callout],
    /// Pins.
    pub pins: &'a [Pin],
    /// Figures under the names of areas; these are named at any distance.
    pub areas: &'a AreaLines,
    /// The areas of `areas` are those below one that somebody drilled into.
    pub drilled: bool,
    /// Opacity of names.
    pub names_opacity: f32,
}

/// What has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Name(usize),
    Road(usize),
    Callout(usize),
    Pin(usize),
}

/// Something with a place on the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    what: What,
    at: Obb,
}

/// What the placing depends on.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    eye: Eye,
    map: Rect,
    blocked: Vec<Rect>,
    soft: Vec<Rect>,
    callouts: Vec<Callout>,
    pins: Vec<Pin>,
    areas: AreaLines,
    look: (Lang, f32),
    names: bool,
}

/// Remembers places from frame to frame.
#[derive(Resource, Default)]
pub struct LabelBook {
    placer: Placer,
    key: Option<Key>,
    written: Vec<Written>,
    sizes: HashMap<(u64, bool), Vec2>,
    sizes_for: Option<(Lang, u32)>,
}

/// Most labels at once: a map is not a book.
const MOST: usize = 56;
/// Most names of roads at once.
const MOST_ROADS: usize = 24;
/// Room between a mark and its words, points.
const GAP: f32 = 26.0;

fn key_of(kind: u8, number: usize) -> u64 {
    (u64::from(kind) << 56) | number as u64
}

/// Key of a callout or pin from what it is of.
#[must_use]
pub fn key_for(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    (7 << 56) | (hasher.finish() >> 8)
}

impl LabelBook {
    /// The area whose name is written at a point.
    #[must_use]
    pub fn area_at(&self, names: &Names, at: Pos2) -> Option<u32> {
        let hit = self.written.iter().find(|w| matches!(w.what, What::Name(_)) && w.at.holds(at))?;
        match hit.what {
            What::Name(i) => match names.places.get(i)?.kind {
                NameKind::Area(_, area) => Some(area),
                _ => None,
            },
            _ => None,
        }
    }

    /// Boxes of everything written, for tests.
    #[must_use]
    pub fn boxes(&self) -> Vec<Obb> {
        self.written.iter().map(|w| w.at).collect()
    }

    fn size(&mut self, painter: &Painter, key: u64, sub: bool, words: &str, font: FontId) -> Vec2 {
        if let Some(size) = self.sizes.get(&(key, sub)) {
            return *size;
        }
        let size = painter.layout_no_wrap(words.to_owned(), font, Color32::WHITE).size();
        self.sizes.insert((key, sub), size);
        size
    }

    fn place(&mut self, painter: &Painter, page: &Page<'_>, look: &Look) {
        let for_ = (look.lang, look.sizes.small.to_bits());
        if self.sizes_for != Some(for_) || self.sizes.len() > 20_000 {
            self.sizes.clear();
            self.sizes_for = Some(for_);
        }
        let (mut wants, mut whats) = (Vec::new(), Vec::new());
        let mut want = |what: What, key: u64, rank: f32, spots: Vec<Obb>| {
            if !spots.is_empty() {
                wants.push(Want { key, rank, spots });
                whats.push(what);
            }
        };
        for (i, pin) in page.pins.iter().enumerate() {
            want(What::Pin(i), pin.key, 40.0 + i as f32, around(pin.at, pin.size + vec2(4.0, 4.0), GAP));
        }
        let s = look.sizes;
        for (i, c) in page.callouts.iter().enumerate().filter(|(_, c)| page.map.contains(c.at)) {
            let title = painter.layout_no_wrap(c.title.clone(), look.medium(s.small), Color32::WHITE).size();
            let line = painter.layout_no_wrap(c.line.clone(), look.regular(s.small), Color32::WHITE).size();
            let rank = if c.chosen { 30.0 } else { 20.0 + f32::from(c.level.rank()) } - i as f32 * 0.01;
            want(What::Callout(i), c.key, rank, around(c.at, callout_size(title, line, look), GAP));
        }
        if page.names_opacity > 0.01 {
            for (i, name) in page.names.places.iter().enumerate() {
                let key = key_of(1, i);
                let line = match name.kind {
                    NameKind::Area(_, area) => page.areas.get(&area),
                    _ => None,
                };
                let always = line.is_some() && page.drilled;
                let shown = self.placer.shows(key);
                let Some(at) = of_name(&page.eye, name, shown, always, page.map) else { continue };
                let words = name.name.get(look.lang);
                if words.is_empty() {
                    continue;
                }
                let (font, _) = style(name.kind, look);
                let mut size = self.size(painter, key, false, words, font);
                if let Some((line, _)) = line.filter(|l| !l.0.is_empty()) {
                    let sub = painter.layout_no_wrap(line.clone(), look.regular(s.small), Color32::WHITE).size();
                    size = vec2(size.x.max(sub.x + s.small), size.y + sub.y);
                }
                let rank = name.rank + if always { 6.0 } else { 0.0 };
                let half = size * 0.5 + vec2(3.0, 1.0);
                // Its own place first, then a little above or below: an area's name is not a point.
                let spots = match name.kind {
                    NameKind::Area(..) => {
                        [(0.0, 0.0), (0.0, -1.6), (0.0, 1.6), (-1.1, 0.0), (1.1, 0.0), (0.0, -3.2), (0.0, 3.2)]
                            .map(|(x, y)| at + vec2(x * half.x, y * half.y))
                            .to_vec()
                    }
                    _ => vec![at],
                };
                let spots = spots.into_iter().map(|centre| Obb { centre, half, angle: 0.0 }).collect();
                want(What::Name(i), key, rank, spots);
            }
            self.want_roads(painter, page, look, &mut want);
        }
        let placed = self.placer.place(&wants, page.blocked, page.soft, page.map, MOST);
        self.written = placed.iter().map(|p| Written { what: whats[p.want], at: p.at }).collect();
    }

    fn want_roads(
        &mut self,
        painter: &Painter,
        page: &Page<'_>,
        look: &Look,
        want: &mut impl FnMut(What, u64, f32, Vec<Obb>),
    ) {
        let mut asked = 0;
        let mut named: HashMap<&str, Vec<Pos2>> = HashMap::new();
        for (i, road) in page.names.roads.iter().enumerate().filter(|(_, r)| r.far_m * 1.1 > page.eye.distance_m) {
            if asked >= MOST_ROADS * 2 {
                break;
            }
            let key = key_of(2, i);
            let words = road.name.get(look.lang);
            let size = self.size(painter, key, false, words, look.regular(look.sizes.small));
            let shown = self.placer.shows(key);
            let mut spots = along_road(&page.eye, road, size + vec2(2.0, 0.0), shown, page.map);
            // The two carriageways of a road do not say the same name side by side.
            let near = named.entry(words).or_default();
            spots.retain(|s| !near.iter().any(|p| p.distance(s.centre) < 160.0));
            if spots.is_empty() {
                continue;
            }
            near.extend(spots.iter().map(|s| s.centre));
            asked += 1;
            want(What::Road(i), key, road.rank, spots);
        }
    }
}

/// Places what changed and paints everything. Returns the places of the pins, by their number.
pub fn write(book: &mut LabelBook, painter: &Painter, page: &Page<'_>, look: &Look) -> Vec<(usize, Rect)> {
    let same = book.key.as_ref().is_some_and(|k| {
        k.eye == page.eye
            && k.map == page.map
            && k.blocked == page.blocked
            && k.soft == page.soft
            && k.callouts == page.callouts
            && k.pins == page.pins
            && k.areas == *page.areas
            && k.look == (look.lang, look.sizes.small)
            && k.names == (page.names_opacity > 0.01)
    });
    if !same {
        book.place(painter, page, look);
        book.key = Some(Key {
            eye: page.eye,
            map: page.map,
            blocked: page.blocked.to_vec(),
            soft: page.soft.to_vec(),
            callouts: page.callouts.to_vec(),
            pins: page.pins.to_vec(),
            areas: page.areas.clone(),
            look: (look.lang, look.sizes.small),
            names: page.names_opacity > 0.01,
        });
    }
    let mut pins = Vec::new();
    for w in &book.written {
        match w.what {
            What::Name(i) => paint_name(painter, page, i, w.at, look),
            What::Road(i) => {
                let color = look.second().gamma_multiply(page.names_opacity);
                let words = page.names.roads[i].name.get(look.lang);
                rimmed(painter, words, look.regular(look.sizes.small), color, w.at.centre, w.at.angle, look);
            }
            What::Callout(i) => paint_callout(painter, &page.callouts[i], w.at.bounds(), look),
            What::Pin(i) => {
                leader(painter, page.pins[i].at, w.at.bounds(), look.faint(Token::Accent, 0.8), look);
                pins.push((i, w.at.bounds().shrink(2.0)));
            }
        }
    }
    pins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::names::names;
    use egui::pos2;
    use guanlan_city::City;
    use guanlan_city::model::{AdminArea, AdminLevel, Place, PlaceKind, Road, RoadClass};
    use guanlan_core::Bilingual;
    use guanlan_stage::{CameraPose, CameraRig, Ground, MapLens};
    use std::sync::Arc;

    /// Numbers spread over a range without a pattern (Weyl sequence).
    fn spread(i: u32) -> f32 {
        (f64::from(i) * 0.754_877_666_246_69).fract() as f32
    }

    fn town() -> City {
        let road = |k: u32| {
            let (a, b) = (spread(k) * 3000.0 - 1500.0, spread(k * 3 + 1) * 3000.0 - 1500.0);
            let line = vec![[a, -1500.0], [b, 1500.0]];
            Road { name: Bilingual::same(format!("第{k}大道")), class: RoadClass::Primary, line, ..Road::default() }
        };
        let place = |k: u32| Place {
            kind: PlaceKind::Underpass,
            name: Bilingual::same(format!("地点{k}")),
            place_m: [f64::from(spread(k * 5 + 2)) * 2600.0 - 1300.0, f64::from(spread(k * 11 + 3)) * 2600.0 - 1300.0],
            people: 0,
        };
        let area = |k: u32| {
            let (w, s) = (spread(k * 17) * 2000.0 - 1300.0, spread(k * 29) * 2000.0 - 1300.0);
            AdminArea {
                code: format!("33019900{k}"),
                level: AdminLevel::Street,
                name: Bilingual::same(format!("街道{k}")),
                ring: vec![[w, s], [w + 600.0, s], [w + 600.0, s + 600.0], [w, s + 600.0]],
            }
        };
        City {
            roads: (0..40).map(road).collect(),
            places: (0..120).map(place).collect(),
            areas: (0..9).map(area).collect(),
            ..City::default()
        }
    }

    /// The whole way from a city to boxes on the screen, over a turning camera.
    #[test]
    fn nothing_written_lies_over_anything_else_or_leaves_the_map() {
        let city = Arc::new(town());
        let names = names(&city, &Ground::new(&city));
        let ctx = egui::Context::default();
        ctx.set_fonts(crate::look::fonts());
        let look = Look::default();
        let map = Rect::from_min_max(pos2(300.0, 60.0), pos2(1000.0, 640.0));
        let blocked = [Rect::from_min_size(pos2(310.0, 70.0), vec2(200.0, 30.0))];
        let lines: AreaLines = (0..9).map(|k| (k, ("超期 2 · 在办 5".to_owned(), AlertLevel::Yellow))).collect();
        let mut book = LabelBook::default();
        let mut written = 0;
        for frame in 0..40_u32 {
            ctx.begin_pass(egui::RawInput::default());
            let pose = CameraPose {
                yaw_deg: frame as f32 * 2.0,
                distance_m: 2700.0 - 20.0 * frame as f32,
                pitch_deg: 50.0,
                ..CameraPose::default()
            };
            let eye = Eye::new(&CameraRig { pose, home: pose }, &MapLens::default(), 1.0);
            let seen: Vec<Pos2> = (0..12)
                .filter_map(|k| eye.seen([spread(k * 3 + 1) * 900.0 - 450.0, spread(k * 7 + 5) * 900.0 - 450.0, 30.0]))
                .collect();
            let callouts: Vec<Callout> = (0..6)
                .map(|k| Callout {
                    key: key_for(&k),
                    at: seen[k],
                    title: "路面积水 西城路下穿".into(),
                    line: "处置中 · 剩 12 分".into(),
                    level: AlertLevel::Red,
                    chosen: k == 0,
                })
                .collect();
            let pins: Vec<Pin> =
                (6..9).map(|k| Pin { key: key_for(&k), at: seen[k], size: vec2(220.0, 90.0) }).collect();
            let page = Page {
                eye,
                map,
                blocked: &blocked,
                soft: &[],
                names: &names,
                callouts: &callouts,
                pins: &pins,
                areas: &lines,
                drilled: true,
                names_opacity: 1.0,
            };
            let painter = ctx.layer_painter(egui::LayerId::background());
            let placed = write(&mut book, &painter, &page, &look);
            let _ = ctx.end_pass();
            let boxes = book.boxes();
            written = written.max(boxes.len());
            assert!(placed.len() >= 2, "pins come before all else");
            for (i, a) in boxes.iter().enumerate() {
                assert!(map.expand(0.01).contains_rect(a.bounds()), "frame {frame}: {a:?} leaves the map");
                assert!(!a.grown(-0.5).meets(&Obb::level(blocked[0])), "frame {frame}: {a:?} lies under a panel");
                for b in &boxes[i + 1..] {
                    assert!(!a.grown(-0.3).meets(&b.grown(-0.3)), "frame {frame}: {a:?} lies over {b:?}");
                }
            }
        }
        assert!(written > 20, "only {written} labels");
        // Standing still places nothing again.
        let before = book.boxes();
        book.placer = Placer::default();
        ctx.begin_pass(egui::RawInput::default());
        let key = book.key.clone().unwrap();
        let page = Page {
            eye: key.eye,
            map,
            blocked: &key.blocked,
            soft: &[],
            names: &names,
            callouts: &key.callouts,
            pins: &key.pins,
            areas: &key.areas,
            drilled: true,
            names_opacity: 1.0,
        };
        write(&mut book, &ctx.layer_painter(egui::LayerId::background()), &page, &look);
        let _ = ctx.end_pass();
        assert_eq!(book.boxes(), before);
        assert!(!book.placer.shows(key_for(&6)), "the placing was not run");
    }
}
