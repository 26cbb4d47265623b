//! What a mark tells: name, value with its unit, level, quality, age, source, and the rule that coloured it.

use guanlan_city::model::{Building, Layer as CityLayer, RoadClass};
use guanlan_core::{AlertLevel, Bilingual, CaseId, Lang, Role, SensorId, Stamp, UnitId};
use guanlan_room::Picture;
use guanlan_stage::Ground;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};

use super::{cases, crews, detail::in_language, number, span};
use crate::{
    counting::Counted,
    subject::Subject,
    words::{tr, tr_with},
};

/// A mark in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What it is about.
    pub subject: Subject,
    /// Name.
    pub title: String,
    /// Level that decides its mark.
    pub level: AlertLevel,
    /// Key of the label, value.
    pub lines: Vec<(&'static str, String)>,
    /// East, north, height of what is pointed at, m.
    pub place: [f32; 3],
    /// Lies open to more: a camera's picture, a case.
    pub opens: bool,
}

/// Where words come from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The picture shown.
    pub picture: &'a Picture,
    /// The ground.
    pub ground: &'a Ground,
    /// Layers.
    pub layers: &'a LayerState,
    /// Cameras.
    pub cameras: &'a Cameras,
    /// Areas.
    pub areas: &'a AreaTree,
    /// Figures of areas.
    pub counted: &'a Counted,
    /// Language.
    pub lang: Lang,
}

type Lines = Vec<(&'static str, String)>;

impl Sources<'_> {
    /// What a subject tells; `None` when it is gone.
    #[must_use]
    pub fn tell(&self, subject: &Subject) -> Option<Told> {
        let (title, level, mut lines, place, opens) = match subject {
            Subject::Sensor(id) => self.sensor(id)?,
            Subject::Case(id) => self.case(id)?,
            Subject::Unit(id) => self.unit(id)?,
            Subject::Camera(id) => self.camera(id)?,
            Subject::Feature(layer, i) => self.feature(layer, *i)?,
            Subject::Building(i) => self.building(*i)?,
            Subject::Road(i) => self.road(*i)?,
            Subject::Area(i) => self.area(*i)?,
            Subject::Place(p) => self.place([p[0] as f32 / 10.0, p[1] as f32 / 10.0]),
        };
        lines.retain(|l| !l.1.is_empty());
        Some(Told { subject: subject.clone(), title, level, lines, place, opens })
    }

    fn at(&self, place_m: [f64; 2], lift_m: f32) -> [f32; 3] {
        let [e, n] = place_m.map(|v| v as f32);
        [e, n, self.ground.height_m(e, n) + lift_m]
    }

    fn ago(&self, at: Stamp) -> String {
        tr_with(self.lang, "k-ago", &[("span", &span(self.lang, self.picture.now - at))])
    }

    /// Owner and connector of the layer that shows something.
    fn layer(&self, id: &str) -> Lines {
        let layer = self.layers.catalogue().layers.iter().find(|l| l.id == id);
        let words = |w: &guanlan_stage::layers::catalogue::Words| Bilingual::from(w.clone()).get(self.lang).to_owned();
        layer
            .map_or_else(Vec::new, |l| vec![("k-layer-owner", words(&l.owner)), ("k-layer-from", words(&l.provenance))])
    }

    /// The file an object comes from and its name there; its own id where no file is known.
    fn origin(&self, layer: CityLayer, index: u32, own: &str) -> Lines {
        let Some(origin) = self.picture.city.origin_of(layer, index as usize) else {
            return vec![("k-file-id", own.to_owned())];
        };
        let name = if origin.key.is_empty() { own } else { origin.key };
        let parts = [origin.source.file.as_str(), origin.source.format.as_str(), name];
        let words: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
        vec![("k-file-id", words.join(" · ")), ("k-converted", origin.source.converted.clone())]
    }

    /// The feeds that deliver now.
    fn feeds(&self) -> String {
        let up: Vec<&str> = self.picture.feeds.iter().filter(|(_, f)| f.up).map(|(n, _)| n.as_str()).collect();
        up.join(", ")
    }

    fn sensor(&self, id: &SensorId) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
        let (p, lang) = (self.picture, self.lang);
        let row = p.sensors.find(id)?;
        let alert = p.alerts.active().iter().find(|a| a.index == row.index);
        let level = alert.map_or(AlertLevel::Normal, |a| a.level);
        let unit = row.meta.property.unit();
        let mut lines: Lines = Vec::new();
        match row.latest {
            Some((value, at)) => {
                let rate = row.rate_per_min.filter(|r| r.abs() >= 0.005);
                let rate = rate.map_or_else(String::new, |r| format!("  {r:+.2} {unit}/min"));
                lines.push(("k-value", format!("{} {unit}{rate}", number(value))));
                lines.push(("k-age", self.ago(at)));
            }
            None => lines.push(("k-value", tr(lang, "k-layer-never").to_owned())),
        }
        lines.push(("k-level", level.name().get(lang).to_owned()));
        let reason = row.reason.name();
        lines.push(("k-quality", format!("{} · {}", row.quality.name().get(lang), reason.get(lang))));
        let rule = alert.map_or_else(
            || tr(lang, "k-no-rule").to_owned(),
            |a| {
                format!(
                    "{} {} · {} ≥ {} {unit}",
                    a.title.get(lang),
                    a.level.name().get(lang),
                    a.rule,
                    number(a.threshold)
                )
            },
        );
        lines.push(("k-rule", rule));
        lines.push(("k-source", format!("{} · Datastreams({})", self.feeds(), row.meta.id)));
        if row.meta.period_s > 0 {
            lines.push(("k-layer-promise", span(lang, i64::from(row.meta.period_s) * 1000)));
        }
        let layer = self.layers.catalogue().layers.iter().find(|l| {
            matches!(&l.source, guanlan_stage::layers::catalogue::Source::Sensors { property } if property == row.meta.property.key())
        });
        if let Some(layer) = layer {
            lines.extend(self.layer(&layer.id).into_iter().take(1));
        }
        let place = row.meta.place_m.map(|m| self.at(m, 2.0))?;
        Some((row.meta.name.get(lang).to_owned(), level, lines, place, false))
    }

    fn case(&self, id: &CaseId) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
        let (p, lang) = (self.picture, self.lang);
        let case = p.cases.get(id)?;
        let row = cases::row(case, p, lang);
        let left = [row.state.as_str(), row.left.as_str()].into_iter().filter(|s| !s.is_empty());
        let mut lines: Lines = vec![
            ("k-place", row.place),
            ("k-state", left.collect::<Vec<_>>().join(" · ")),
            ("k-level", case.level.name().get(lang).to_owned()),
            ("k-opened", self.ago(case.opened)),
            ("k-source", case.source.name().get(lang).to_owned()),
            ("k-number", case.id.to_string()),
        ];
        if let Some(alert) = case.alert.and_then(|a| p.alerts.find(a)) {
            let unit = alert.property.unit();
            lines.insert(1, ("k-value", format!("{} {unit}", number(alert.value))));
            lines.push(("k-rule", format!("{} ≥ {} {unit}", alert.rule, number(alert.threshold))));
        }
        if row.crews > 0 {
            lines.push(("k-crews-sent", row.crews.to_string()));
        }
        lines.push(("k-photo", case.photo.clone().unwrap_or_default()));
        lines.push(("k-said", in_language(&case.text, lang)));
        let stem = 24.0 + 12.0 * f32::from(case.level.rank());
        Some((row.title, case.level, lines, self.at(case.place_m, stem), true))
    }

    fn unit(&self, id: &UnitId) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
        let (p, lang) = (self.picture, self.lang);
        let unit = p.units.get(id)?;
        let row = crews::row(p, unit, lang);
        let spec = unit.spec(&p.city.units);
        let org = spec.and_then(|s| p.city.organisations.iter().find(|o| o.id == s.org));
        let mut lines: Lines = vec![
            ("k-state", row.status.name().get(lang).to_owned()),
            ("k-task", row.task),
            ("k-eta", row.eta),
            ("k-speed", format!("{:.0} km/h", unit.speed_mps * 3.6)),
            ("k-age", unit.fixed.map_or_else(|| tr(lang, "k-layer-never").to_owned(), |at| self.ago(at))),
            ("k-org", org.map_or_else(String::new, |o| o.name.get(lang).to_owned())),
            ("k-source", format!("OwnTracks · owntracks/{}", unit.id)),
        ];
        if let Some(spec) = spec {
            lines.push(("k-people", spec.people.to_string()));
        }
        if let Some(battery) = unit.battery {
            lines.push(("k-battery", format!("{battery} %")));
        }
        Some((row.name, AlertLevel::Normal, lines, unit.place_m.map(|m| self.at(m, 3.0))?, false))
    }

    fn camera(&self, id: &str) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
        let lang = self.lang;
        let camera = self.cameras.rows.iter().find(|c| c.id == id)?;
        let address =
            if camera.picture.is_empty() { tr(lang, "k-camera-no-address") } else { tr(lang, "k-camera-click") };
        let org = self.picture.city.organisations.iter().find(|o| o.id.as_str() == camera.owner);
        let mut lines: Lines = vec![
            ("k-picture", address.to_owned()),
            ("k-state", camera.state.clone()),
            ("k-heading", camera.heading_deg.map_or_else(String::new, |h| format!("{h:.0}° · {:.0}°", camera.fov_deg))),
            ("k-number", camera.id.clone()),
            ("k-org", org.map_or_else(|| camera.owner.clone(), |o| o.name.get(lang).to_owned())),
        ];
        lines.extend(self.layer("cameras"));
        let place = self.at(camera.place_m.map(f64::from), camera.height_m);
        Some((camera.name.get(lang).to_owned(), AlertLevel::Normal, lines, place, true))
    }

    fn feature(&self, layer: &str, i: usize) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
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

    fn building(&self, i: u32) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
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
        lines.extend(self.origin(CityLayer::Buildings, i, &b.id));
        lines.extend(self.layer("buildings"));
        Some((title, AlertLevel::Normal, lines, [e, n, top.max(self.ground.height_m(e, n))], false))
    }

    fn road(&self, i: u32) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
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
        }
        lines.extend(self.origin(CityLayer::Roads, i, &format!("way {}", road.way)));
        lines.extend(self.layer("roads"));
        let mid = road.line[road.line.len() / 2];
        let level = if closed { AlertLevel::Red } else { AlertLevel::Normal };
        let title = if road.name.zh.is_empty() { class } else { road.name.get(lang).to_owned() };
        Some((title, level, lines, self.at(mid.map(f64::from), 2.0), false))
    }

    fn area(&self, i: u32) -> Option<(String, AlertLevel, Lines, [f32; 3], bool)> {
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
        let place = self.at([f64::from((w + e) * 0.5), f64::from((s + n) * 0.5)], 6.0);
        Some((area.name.get(lang).to_owned(), super::areas::level(&f), lines, place, false))
    }

    fn place(&self, [e, n]: [f32; 2]) -> (String, AlertLevel, Lines, [f32; 3], bool) {
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

/// A seat that looks but does not act pins marks instead of opening them.
#[must_use]
pub fn pins_marks(role: Role) -> bool {
    role == Role::Leader
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_city::City;
    use guanlan_city::model::{BuildingPart, Road, SensorSpec, SourceFile};
    use guanlan_core::{Input, ObservedProperty, input::Observation};
    use std::sync::Arc;

    fn city() -> Arc<City> {
        let body = BuildingPart {
            footprint: vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]],
            base_m: 5.0,
            top_m: 29.0,
            ..BuildingPart::default()
        };
        let mut file = SourceFile { file: "town.city.json".into(), format: "CityJSON".into(), ..SourceFile::default() };
        file.add(CityLayer::Buildings, 1, Vec::new());
        Arc::new(City {
            sources: vec![file],
            extent: [0.0, 0.0, 100.0, 100.0],
            buildings: vec![Building {
                id: "b-17".into(),
                usage: "residential".into(),
                storeys: 8,
                basements: 1,
                residents: 96,
                parts: vec![body],
                ..Building::default()
            }],
            roads: vec![Road {
                name: Bilingual::new("中山路", "Zhongshan Rd"),
                line: vec![[0.0, 50.0], [100.0, 50.0]],
                width_m: 12.0,
                way: 77,
                ..Road::default()
            }],
            sensors: vec![SensorSpec {
                id: "1273".into(),
                name: Bilingual::new("下穿水尺", "Underpass gauge"),
                property: ObservedProperty::RoadWaterDepth,
                place_m: Some([20.0, 50.0]),
                height_m: 0.0,
                period_s: 60,
            }],
            ..City::default()
        })
    }

    /// Every mark says value, unit, source and age.
    #[test]
    fn a_sensor_tells_value_unit_level_quality_age_source_and_rule() {
        let city = city();
        let mut machine = machine(&city);
        let t0 = Stamp::from_secs(1_000_000);
        for k in 0..6 {
            let now = t0 + k * 60_000;
            let observation = Observation { sensor: "1273".into(), phenomenon: now, received: now, result: 42.0 };
            machine.tick(now, vec![Input::Observation(observation)]);
        }
        let p = picture(&machine);
        assert!(!p.alerts.active().is_empty(), "42 cm must raise something");
        let (ground, tree) = (Ground::new(&city), AreaTree::new(&city));
        let (layers, cameras, counted) = (LayerState::default(), Cameras::default(), Counted::default());
        let sources = |lang| Sources {
            picture: &p,
            ground: &ground,
            layers: &layers,
            cameras: &cameras,
            areas: &tree,
            counted: &counted,
            lang,
        };
        let told = sources(Lang::Zh).tell(&Subject::Sensor("1273".into())).unwrap();
        let line = |key: &str| told.lines.iter().find(|l| l.0 == key).map(|l| l.1.clone()).unwrap_or_default();
        assert_eq!(told.title, "下穿水尺");
        assert!(line("k-value").starts_with("42 cm"), "{told:?}");
        assert!(line("k-source").contains("Datastreams(1273)") && line("k-rule").contains("≥"), "{told:?}");
        assert!(line("k-age").contains('前') && !line("k-quality").is_empty() && !line("k-layer-owner").is_empty());
        assert!(told.level > AlertLevel::Normal);
        let told = sources(Lang::En).tell(&Subject::Building(0)).unwrap();
        let text = format!("{:?}", told.lines);
        for part in ["24.0 m", "96", "town.city.json · CityJSON · b-17", "Residential", "8 (1"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let told = sources(Lang::En).tell(&Subject::Road(0)).unwrap();
        assert!(told.title == "Zhongshan Rd" && format!("{:?}", told.lines).contains("way 77"));
        let told = sources(Lang::Zh).tell(&Subject::Place([500, 500])).unwrap();
        assert_eq!(told.lines[0].0, "k-ground");
        assert!(sources(Lang::Zh).tell(&Subject::Building(9)).is_none());
        assert!(sources(Lang::Zh).tell(&Subject::Camera("x".into())).is_none());
    }
}
