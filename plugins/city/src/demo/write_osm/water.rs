//! River, moat and lake as areas.

use super::{
    band,
    xml::{Osm, Tags, name_tags},
};
use crate::demo::{
    DemoError,
    geom::{self, P},
    params::Name,
    plan::Plan,
};

/// Writes the waters, the river with its island as a hole.
pub fn write(plan: &Plan, osm: &mut Osm<'_>) -> Result<(), DemoError> {
    let tags = |kind: &str, name: &Name, level: f64| {
        let mut t: Tags = vec![("natural", "water".to_owned()), ("water", kind.to_owned())];
        name_tags(&mut t, &(name.0.clone(), name.1.clone()));
        t.push(("ele", format!("{level:.2}")));
        t
    };
    let ring = band(plan, &plan.river, |i| -plan.river_half[i], |i| plan.river_half[i]);
    osm.with_hole(&ring, &plan.island, &tags("river", &plan.file.river.name, plan.file.river.level_m))?;
    let half = plan.file.moat.half_width_m;
    // The moat ends where the river begins.
    let moat: Vec<P> = geom::resample(&plan.moat, 15.0).into_iter().filter(|&p| plan.river_d.at(p) > -12.0).collect();
    osm.ring(&band(plan, &moat, |_| -half, |_| half), &tags("canal", &plan.file.moat.name, plan.file.moat.level_m))?;
    osm.ring(&plan.lake, &tags("lake", &plan.file.lake.name, plan.file.lake.level_m))?;
    Ok(())
}
