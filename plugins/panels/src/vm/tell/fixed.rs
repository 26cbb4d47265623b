//! What stands: features of layers, buildings, roads, areas, a place on the ground.

use guanlan_city::model::{Building, Layer as CityLayer, RoadClass};
use guanlan_core::{AlertLevel, Bilingual, Lang, ObservedProperty};
use guanlan_room::made;
use guanlan_stage::things::{self, Read, Thing};

use super::{Lines, Parts, Sources, brought};
use crate::{
    vm::{areas, number},
    words::{tr, tr_with},
};

impl Sources<'_> {
    /// Where the water on the map comes from, and the rules over depth.
    fn water_from(&self) -> Lines {
        let lang = self.lang;
        let mut lines = made::water(self.picture).map_or_else(Vec::new, |made| brought(&made.view(), lang));
        lines.push(("k-rule", self.judges(ObservedProperty::RoadWaterDepth, None)));
        lines
    }

    pub(super) fn feature(&self, layer: &str, i: usize) -> Option<Parts> {
        let user = self.layers.user.0.get(layer)?;
        let feature = user.features.get(i)?;
        let entry = self.layers.catalogue().layers.iter().find(|l| l.id == layer)?;
        let name = Bilingual::from(entry.name.clone()).get(self.lang).to_owned();
        let label = feature.get(&entry.style.label).filter(|l| !l.is_empty()).map(str::to_owned);
        let mut lines: Lines = vec![("k-layer", name.clone())];
        for (key, value) in feature.attributes.iter().filter(|a| a.0 != entry.style.label).take(8) {
            let unit = if *key == entry.style.by { entry.style.unit.as_str() } else { "" };
            lines.push(("", format!("{key} = {value} {unit}").trim_end().to_owned()));
        }
        if let Some(at) = user.written {
            lines.push(("k-age", self.ago(at)));
        }
        lines.extend(self.layer(layer));
        use guanlan_stage::layers::user::Geometry;
        let at = match &feature.geometry {
            Geometry::Point(p) => *p,
            Geometry::Line(line) => line[line.len() / 2],
            Geometry::Area(rings) => {
                let n = rings[0].len().max(1) as f32;
                let sum = rings[0].iter().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
                [sum[0] / n, sum[1] / n]
            }
        };
        let level = AlertLevel::Normal;
        Some((label.unwrap_or(name), level, lines, self.at(at.map(f64::from), 2.0), false))
    }

    pub(super) fn building(&self, i: u32) -> Option<Parts> {
        let lang = self.lang;
        let b: &Building = self.picture.city.buildings.get(i as usize)?;
        let top = b.parts.iter().map(|p| p.top_m).fold(f32::MIN, f32::max);
        let base = b.parts.iter().map(|p| p.base_m).fold(f32::MAX, f32::min);
        let [e, n] = b.centre()?;
        let usage = usage(&b.usage, lang);
        let title = match b.name.get(lang) {
            "" if usage.is_empty() => tr(lang, "k-building").to_owned(),
            "" => usage.clone(),
            name => name.to_owned(),
        };
        let storeys = match (b.storeys, b.basements) {
            (0, _) => String::new(),
            (s, 0) => s.to_string(),
            (s, u) => tr_with(lang, "k-storeys-both", &[("n", &s.to_string()), ("u", &u.to_string())]),
        };
        let deep = self.picture.water.field.as_ref().map_or(0.0, |f| f.depth_m(f64::from(e), f64::from(n)));
        let mut lines: Lines = vec![
            ("k-use", usage),
            ("k-storeys", storeys),
            ("k-height", if top > base { format!("{:.1} m", top - base) } else { String::new() }),
            ("k-area-residents", if b.residents > 0 { b.residents.to_string() } else { String::new() }),
            ("k-area-depth", if deep >= 0.05 { format!("{deep:.2} m") } else { String::new() }),
            ("k-sill", if b.sill_m > 0.0 { format!("{:.2} m", b.sill_m) } else { String::new() }),
            ("k-guessed", b.guessed.join(", ")),
        ];
        lines.extend(own(&things::read_json(&b.attributes)));
        lines.extend(self.origin(CityLayer::Buildings, i, &b.id));
        lines.extend(self.layer("buildings"));
        Some((title, AlertLevel::Normal, lines, [e, n, top.max(self.ground.height_m(e, n))], false))
    }

    /// A feature of 3D Tiles: what its metadata says.
    pub(super) fn thing(&self, thing: &Thing) -> Parts {
        let lang = self.lang;
        let title = [&thing.name, &thing.class].into_iter().find(|t| !t.is_empty());
        let title = title.cloned().unwrap_or_else(|| tr(lang, "k-tile").to_owned());
        let mut lines: Lines = vec![("k-class", thing.class.clone())];
        let read = Read { attributes: thing.attributes.clone(), more: thing.more, ..Read::default() };
        lines.extend(own(&read));
        lines.push(("k-layer", thing.layer.get(lang).to_owned()));
        lines.push(("k-file-id", thing.id.clone()));
        lines.extend(self.layer("tilesets"));
        (title, AlertLevel::Normal, lines, thing.place_m, false)
    }

    pub(super) fn road(&self, i: u32) -> Option<Parts> {
        let lang = self.lang;
        let road = self.picture.city.roads.get(i as usize)?;
        let class = road_class(road.class, lang);
        let state = self.picture.roads.edges.get(&i);
        let closed = self.picture.roads.is_closed(i);
        let water_m = state.map_or(0.0, |s| f32::from(s.water_mm()) / 1000.0);
        let passable = match (closed, state.and_then(|s| s.manual.as_ref())) {
            (true, Some(order)) => tr_with(lang, "k-road-ordered", &[("who", &order.actor), ("why", &order.reason)]),
            (true, None) => tr(lang, "k-road-closed").to_owned(),
            (false, _) => tr(lang, "k-road-open").to_owned(),
        };
        let mut form = format!("{} · {:.0} m", class, road.width_m);
        if road.bridge {
            form = format!("{form} · {}", tr(lang, "k-road-bridge"));
        }
        if road.underpass {
            form = format!("{form} · {}", tr(lang, "k-road-underpass"));
        }
        let mut lines: Lines = vec![
            ("k-class", form),
            ("k-state", passable),
            ("k-area-depth", if water_m >= 0.01 { format!("{water_m:.2} m") } else { String::new() }),
            ("k-limit", if road.speed_kmh > 0.0 { format!("{:.0} km/h", road.speed_kmh) } else { String::new() }),
            ("k-length", format!("{:.0} m", road.length_m())),
        ];
        if let Some(at) = self.picture.roads.water_at.filter(|_| water_m >= 0.01) {
            lines.push(("k-age", self.ago(at)));
            lines.extend(self.water_from());
        }
        lines.extend(self.origin(CityLayer::Roads, i, &format!("way {}", road.way)));
        lines.extend(self.layer("roads"));
        let mid = road.line[road.line.len() / 2];
        let level = if closed { AlertLevel::Red } else { AlertLevel::Normal };
        let title = if road.name.zh.is_empty() { class } else { road.name.get(lang).to_owned() };
        Some((title, level, lines, self.at(mid.map(f64::from), 2.0), false))
    }

    pub(super) fn area(&self, i: u32) -> Option<Parts> {
        let lang = self.lang;
        let area = self.picture.city.areas.get(i as usize)?;
        let f = self.counted.areas.get(i as usize).copied().unwrap_or_default();
        let [w, s, e, n] = self.areas.bounds(i)?;
        let sensors = (f.sensors.to_string(), f.offline.to_string(), f.stale.to_string());
        let mut lines: Lines = vec![
            ("k-area-red", f.reds.to_string()),
            ("k-kpi-open", f.cases.to_string()),
            ("k-kpi-overdue", f.overdue.to_string()),
            (
                "k-area-depth",
                if f.depth_mm >= 50 { format!("{:.2} m", f32::from(f.depth_mm) / 1000.0) } else { String::new() },
            ),
            ("k-crews", f.crews.to_string()),
            (
                "k-sensors",
                tr_with(
                    lang,
                    "k-layer-streams",
                    &[("total", &sensors.0), ("offline", &sensors.1), ("stale", &sensors.2)],
                ),
            ),
            ("k-area-residents", f.residents.to_string()),
            ("k-code", area.code.clone()),
        ];
        // 街巷长, 网格员: who answers for the place.
        for person in self.picture.city.persons.iter().filter(|p| p.area == area.code).take(2) {
            let key = if person.duty == "street_chief" { "k-street-chief" } else { "k-grid-member" };
            lines.push((key, format!("{} {}", person.name.get(lang), person.phone)));
        }
        // The gravest alert gives it its colour: which one, and where that comes from.
        let inside = |[x, y]: [f64; 2]| {
            let (x, y) = (x as f32, y as f32);
            let near = (w..=e).contains(&x) && (s..=n).contains(&y);
            near && self.areas.deepest_at(x, y).is_some_and(|deep| self.areas.path(deep).contains(&i))
        };
        let alerts = self.picture.alerts.active().iter().filter(|a| a.place_m.is_some_and(inside));
        if let Some(worst) = alerts.max_by_key(|a| (a.level, std::cmp::Reverse(a.raised_at))) {
            let words = [worst.title.get(lang), worst.place.get(lang), worst.rule.as_str()];
            lines.push(("k-area-worst", words.join(" · ")));
            lines.extend(self.picture.lineage.of(worst.index).map(|o| brought(&o, lang)).unwrap_or_default());
        }
        let place = self.at([f64::from((w + e) * 0.5), f64::from((s + n) * 0.5)], 6.0);
        Some((area.name.get(lang).to_owned(), areas::level(&f), lines, place, false))
    }

    pub(super) fn place(&self, [e, n]: [f32; 2]) -> Parts {
        let lang = self.lang;
        let z = self.ground.height_m(e, n);
        let path: Vec<&str> = self.areas.deepest_at(e, n).map_or_else(Vec::new, |a| {
            let names = self.areas.path(a).into_iter().filter_map(|a| self.picture.city.areas.get(a as usize));
            names.map(|a| a.name.get(lang)).collect()
        });
        let field = self.picture.water.field.as_ref();
        let deep = field.map_or(0.0, |f| f.depth_m(f64::from(e), f64::from(n)));
        let mut lines: Lines = vec![("k-ground", format!("{z:.2} m"))];
        if let Some(field) = field.filter(|_| deep >= 0.03) {
            let words = if field.estimate { tr(lang, "k-estimate") } else { tr(lang, "k-scripted") };
            lines.push(("k-area-depth", format!("{deep:.2} m · {words}")));
            lines.push(("k-age", self.ago(field.at)));
            lines.extend(self.water_from());
        }
        for (grids, made) in made::rain(self.picture) {
            let now = self.picture.now;
            if let Some(mm_h) = grids.mm_h(now, f64::from(e), f64::from(n)).filter(|v| *v > 0.0) {
                lines.push(("k-rain-here", format!("{} mm/h", number(mm_h))));
                lines.extend(brought(&made.view(), lang));
            }
        }
        for (id, user) in self.layers.user.0.iter().filter(|(id, _)| self.layers.visible(id)) {
            if let Some(v) = user.field.as_ref().and_then(|f| f.at(f64::from(e), f64::from(n)))
                && let Some(layer) = self.layers.catalogue().layers.iter().find(|l| l.id == *id)
            {
                let name = Bilingual::from(layer.name.clone());
                lines.push(("", format!("{} {} {}", name.get(lang), number(f64::from(v)), layer.style.unit)));
            }
        }
        lines.push(("k-area", path.join(" › ")));
        lines.push(("k-layer-from", self.layer("terrain").pop().map_or_else(String::new, |l| l.1)));
        (tr(lang, "k-spot").to_owned(), AlertLevel::Normal, lines, [e, n, z], false)
    }
}

/// The source's own attributes, a line each.
fn own(read: &Read) -> Lines {
    let mut lines: Lines = read.attributes.iter().map(|(k, v)| ("", format!("{k} = {v}"))).collect();
    if read.more > 0 {
        lines.push(("", format!("+ {}", read.more)));
    }
    lines
}

fn usage(key: &str, lang: Lang) -> String {
    let key = match key {
        "residential" => "k-use-residential",
        "commercial" => "k-use-commercial",
        "office" => "k-use-office",
        "industrial" => "k-use-industrial",
        "school" => "k-use-school",
        "hospital" => "k-use-hospital",
        other => return other.to_owned(),
    };
    tr(lang, key).to_owned()
}

fn road_class(class: RoadClass, lang: Lang) -> String {
    let key = match class {
        RoadClass::Motorway => "k-road-motorway",
        RoadClass::Primary => "k-road-primary",
        RoadClass::Secondary => "k-road-secondary",
        RoadClass::Tertiary => "k-road-tertiary",
        RoadClass::Residential => "k-road-residential",
        RoadClass::Service => "k-road-service",
        RoadClass::Foot => "k-road-foot",
    };
    tr(lang, key).to_owned()
}
