//! Roads, railway, water and green as OSM XML.

mod green;
mod railway;
mod roads;
mod water;
mod xml;

use super::{
    DemoError,
    buildings::Built,
    geom::{self, P},
    lonlat::LonLat,
    network::Network,
    plan::Plan,
    streets::Town,
};
use xml::Osm;

/// The file's text.
pub fn text(plan: &Plan, town: &Town, net: &Network, built: &Built, lonlat: &LonLat) -> Result<String, DemoError> {
    let mut osm = Osm::new(lonlat);
    roads::write(plan, net, &mut osm)?;
    railway::write(plan, &mut osm)?;
    water::write(plan, &mut osm)?;
    green::write(plan, town, built, &mut osm)?;
    let corners = lonlat.all(&[[0.0, 0.0], [plan.size, 0.0], [plan.size, plan.size], [0.0, plan.size]])?;
    let (lo, hi) = geom::bounds(&corners);
    let elements = osm.into_text();
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<osm version=\"0.6\" generator=\"guanlan demo city (fictional)\">\n <bounds minlat=\"{:.7}\" minlon=\"{:.7}\" maxlat=\"{:.7}\" maxlon=\"{:.7}\"/>\n{elements}</osm>\n",
        lo[1], lo[0], hi[1], hi[0]
    ))
}

/// Ring around a band of a line, from `from` to `to` m to its left.
fn band(plan: &Plan, line: &[P], from: impl Fn(usize) -> f64, to: impl Fn(usize) -> f64) -> Vec<P> {
    let mut ring = geom::offset(line, from);
    let mut back = geom::offset(line, to);
    back.reverse();
    ring.extend(back);
    if geom::area(&ring) < 0.0 {
        ring.reverse();
    }
    geom::clip_ring(&ring, [0.0, 0.0], [plan.size, plan.size])
}
