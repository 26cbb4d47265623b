//! What a mark tells: name, value with its unit, level, quality, age, source, and the rule that coloured it.

use guanlan_city::model::Layer as CityLayer;
use guanlan_core::{AlertLevel, Bilingual, Lang, ObservedProperty, Role, SensorId, Stamp};
use guanlan_room::Picture;
use guanlan_stage::Ground;
use guanlan_stage::layers::{AreaTree, Cameras, LayerState};

use super::span;
mod fixed;
mod live;

use crate::{counting::Counted, subject::Subject, words::tr_with};

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
/// Title, level, lines, place, whether it opens to more.
type Parts = (String, AlertLevel, Lines, [f32; 3], bool);

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
            Subject::Thing(thing) => self.thing(thing),
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

    /// Rules in force that look at a property, of one stream where it is given.
    fn judges(&self, property: ObservedProperty, sensor: Option<&SensorId>) -> String {
        let rules: Vec<&str> = self.picture.rules.looking_at(property, sensor).map(|r| r.tag.as_str()).collect();
        rules.join(", ")
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
}

/// Where data comes from: source row, connector and feed, what was done on the way, owner.
pub(super) fn brought(origin: &guanlan_sensing::OriginView<'_>, lang: Lang) -> Lines {
    let steps: Vec<&str> = origin.steps.iter().map(|s| s.get(lang)).collect();
    vec![
        ("k-source", origin.source.to_owned()),
        ("k-why-connector", format!("{} · {}", origin.connector, origin.feed)),
        ("k-why-steps", steps.join(" → ")),
        ("k-layer-owner", origin.owner.get(lang).to_owned()),
    ]
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
    use guanlan_city::model::{Building, BuildingPart, Road, SensorSpec, SourceFile};
    use guanlan_core::{
        Input,
        input::{Mark, MarkOrigin, Observation, StreamOrigin, UnitFix},
    };
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
                attributes: r#"{"measuredHeight": 23.9, "roofType": "flat"}"#.into(),
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
        let origin = StreamOrigin {
            sensor: "1273".into(),
            feed: "水务".into(),
            connector: "sensorthings".into(),
            source: "Datastreams(1273)".into(),
            steps: vec![Bilingual::same("ft → cm")],
            owner: Bilingual::default(),
        };
        machine.tick(t0 + -60_000, vec![Input::Origin(Box::new(origin))]);
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
        assert!(line("k-why-connector").contains("水务") && line("k-why-steps") == "ft → cm", "{told:?}");
        assert!(line("k-age").contains('前') && !line("k-quality").is_empty() && !line("k-layer-owner").is_empty());
        assert!(told.level > AlertLevel::Normal);
        let fix = UnitFix {
            unit: "DRAIN-07".into(),
            at: t0 + 400_000,
            east_m: 30.0,
            north_m: 50.0,
            speed_mps: 0.0,
            course_deg: 0.0,
            battery: None,
        };
        let origin = MarkOrigin {
            mark: Mark::Unit("DRAIN-07".into()),
            feed: "车队".into(),
            connector: "jt808".into(),
            source: "tcp://0.0.0.0:8808".into(),
            steps: vec![Bilingual::same("GCJ-02 → CGCS2000")],
            owner: Bilingual::default(),
        };
        machine.tick(t0 + 400_000, vec![Input::Brought(Box::new(origin)), Input::Fix(fix)]);
        let with_crew = picture(&machine);
        let told =
            Sources { picture: &with_crew, ..sources(Lang::En) }.tell(&Subject::Unit("DRAIN-07".into())).unwrap();
        let text = format!("{:?}", told.lines);
        assert!(text.contains("tcp://0.0.0.0:8808") && text.contains("jt808 · 车队") && text.contains("GCJ-02"));
        let told = sources(Lang::En).tell(&Subject::Building(0)).unwrap();
        let text = format!("{:?}", told.lines);
        for part in [
            "24.0 m",
            "96",
            "town.city.json · CityJSON · b-17",
            "Residential",
            "8 (1",
            "measuredHeight = 23.9 m",
            "roofType = flat",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let thing = guanlan_stage::Thing {
            id: "tower.glb#4".into(),
            name: "Clock tower".into(),
            class: "Building".into(),
            attributes: vec![("height".into(), "41 m".into())],
            more: 2,
            layer: Bilingual::new("老城瓦片", "Old town tiles"),
            origin: "tower.glb".into(),
            place_m: [1.0, 2.0, 3.0],
            mark: 9,
        };
        let told = sources(Lang::En).tell(&Subject::Thing(Arc::new(thing))).unwrap();
        let text = format!("{:?}", told.lines);
        assert!(told.title == "Clock tower" && text.contains("height = 41 m") && text.contains("Old town tiles"));
        assert!(text.contains("tower.glb#4") && text.contains("+ 2"), "{text}");
        let told = sources(Lang::En).tell(&Subject::Road(0)).unwrap();
        assert!(told.title == "Zhongshan Rd" && format!("{:?}", told.lines).contains("way 77"));
        let told = sources(Lang::Zh).tell(&Subject::Place([500, 500])).unwrap();
        assert_eq!(told.lines[0].0, "k-ground");
        assert!(sources(Lang::Zh).tell(&Subject::Building(9)).is_none());
        assert!(sources(Lang::Zh).tell(&Subject::Camera("x".into())).is_none());
    }
}
