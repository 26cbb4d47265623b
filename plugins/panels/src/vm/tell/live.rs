//! What moves and changes: sensors, cases, crews, cameras.

use guanlan_city::model::Layer as CityLayer;
use guanlan_core::{AlertLevel, CaseId, SensorId, UnitId};

use super::{Lines, Parts, Sources, brought};
use crate::{
    vm::{cases, crews, number, span},
    words::{tr, tr_with},
};

impl Sources<'_> {
    pub(super) fn sensor(&self, id: &SensorId) -> Option<Parts> {
        let (p, lang) = (self.picture, self.lang);
        let row = p.sensors.find(id)?;
        let alert = p.alerts.active().iter().find(|a| a.index == row.index);
        let level = alert.map_or(AlertLevel::Normal, |a| a.level);
        let unit = row.meta.property.unit_in(lang);
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
            || {
                let none = tr(lang, "k-no-rule");
                match self.judges(row.meta.property, Some(id)).as_str() {
                    "" => none.to_owned(),
                    rules => format!("{none} · {}", tr_with(lang, "k-judged-by", &[("rules", rules)])),
                }
            },
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
        match p.lineage.of(row.index) {
            Some(origin) => lines.extend(brought(&origin, self.lang)),
            None => lines.push(("k-source", tr(lang, "k-why-undeclared").to_owned())),
        }
        if row.meta.period_s > 0 {
            lines.push(("k-layer-promise", span(lang, i64::from(row.meta.period_s) * 1000)));
        }
        let layer = self.layers.catalogue().layers.iter().find(|l| {
            matches!(&l.source, guanlan_stage::layers::catalogue::Source::Sensors { property } if property == row.meta.property.key())
        });
        // Whom the feed names as owner, else whom the layer names.
        let owned = lines.iter().any(|l| l.0 == "k-layer-owner" && !l.1.is_empty());
        if let Some(layer) = layer.filter(|_| !owned) {
            lines.extend(self.layer(&layer.id).into_iter().take(1));
        }
        let place = row.meta.place_m.map(|m| self.at(m, 2.0))?;
        Some((row.meta.name.get(lang).to_owned(), level, lines, place, false))
    }

    pub(super) fn case(&self, id: &CaseId) -> Option<Parts> {
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
            let unit = alert.property.unit_in(lang);
            lines.insert(1, ("k-value", format!("{} {unit}", number(alert.value))));
            lines.push(("k-rule", format!("{} ≥ {} {unit}", alert.rule, number(alert.threshold))));
        }
        if row.crews > 0 {
            lines.push(("k-crews-sent", row.crews.to_string()));
        }
        let of_alert = || p.lineage.of(p.alerts.find(case.alert?)?.index);
        lines.extend(p.origins.of_case(id).or_else(of_alert).map(|o| brought(&o, self.lang)).unwrap_or_default());
        lines.push(("k-photo", case.photo.clone().unwrap_or_default()));
        lines.push(("k-said", lang.part_of(&case.text).to_owned()));
        let stem = 24.0 + 12.0 * f32::from(case.level.rank());
        Some((row.title, case.level, lines, self.at(case.place_m, stem), true))
    }

    pub(super) fn unit(&self, id: &UnitId) -> Option<Parts> {
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
        ];
        lines.extend(p.origins.of_unit(id).map(|o| brought(&o, self.lang)).unwrap_or_default());
        if let Some(spec) = spec {
            lines.push(("k-people", spec.people.to_string()));
        }
        if let Some(battery) = unit.battery {
            lines.push(("k-battery", format!("{battery} %")));
        }
        Some((row.name, AlertLevel::Normal, lines, unit.place_m.map(|m| self.at(m, 3.0))?, false))
    }

    pub(super) fn camera(&self, id: &str) -> Option<Parts> {
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
        // Whose feed shows the picture; else the file the camera stands in, or its layer's.
        match self.picture.origins.of_camera(id) {
            Some(origin) => lines.extend(brought(&origin, lang)),
            None => {
                let component = self.picture.city.components.iter().zip(0_u32..).find(|(c, _)| c.code == id);
                if let Some((_, index)) = component {
                    lines.extend(self.origin(CityLayer::Components, index, id));
                }
            }
        }
        let owned = lines.iter().any(|l| l.0 == "k-layer-owner" && !l.1.is_empty());
        lines.extend(self.layer("cameras").into_iter().filter(|l| !owned || l.0 != "k-layer-owner"));
        let place = self.at(camera.place_m.map(f64::from), camera.height_m);
        Some((camera.name.get(lang).to_owned(), AlertLevel::Normal, lines, place, true))
    }
}
