//! Writing components down: their codes, their state, who keeps them.

use std::collections::BTreeMap;

use super::{Part, sorts::Sort};
use crate::demo::{
    dice::Dice,
    geom::{self, P},
    people::Org,
    plan::Plan,
};

/// Who keeps what where.
struct Keepers<'a> {
    orgs: &'a [Org],
    /// Where communities grew from, and their codes.
    seeds: Vec<(P, String)>,
}

impl Keepers<'_> {
    /// Id of the organisation with this duty whose area is the smallest around a place; empty where there is none.
    fn keeper(&self, duty: &str, p: P) -> String {
        let area = self
            .seeds
            .iter()
            .min_by(|a, b| geom::dist(a.0, p).total_cmp(&geom::dist(b.0, p)))
            .map_or("", |s| s.1.as_str());
        self.orgs
            .iter()
            .filter(|o| {
                o.kind == "unit" && !o.area.is_empty() && area.starts_with(o.area.as_str()) && o.duties.contains(&duty)
            })
            .max_by_key(|o| (o.area.len(), std::cmp::Reverse(&o.id)))
            .map_or_else(String::new, |o| o.id.clone())
    }
}

/// Degrees clockwise from north, to a tenth, below 360.
fn heading_deg(d: P) -> f64 {
    (d[0].atan2(d[1]).to_degrees() * 10.0).round().rem_euclid(3600.0) / 10.0
}

/// Counts, names and writes down what is put somewhere.
pub struct Shop<'a> {
    district: &'a str,
    keepers: Keepers<'a>,
    next: BTreeMap<(u8, u16), u32>,
    pub dice: Dice,
    pub out: Vec<Part>,
}

impl<'a> Shop<'a> {
    pub fn new(plan: &'a Plan, orgs: &'a [Org]) -> Self {
        let city = &plan.file.city;
        let streets = plan.file.street.iter().enumerate();
        let seeds = streets
            .flat_map(|(i, s)| {
                s.seeds.iter().enumerate().map(move |(c, &p)| (p, format!("{}{:03}{:03}", city.code, i + 1, c + 1)))
            })
            .collect();
        Self {
            district: &city.code,
            keepers: Keepers { orgs, seeds },
            next: BTreeMap::new(),
            dice: Dice::new(plan.seed, "components"),
            out: Vec::new(),
        }
    }

    /// Puts something that faces nowhere.
    pub fn put(&mut self, sort: &Sort, at: P) {
        self.face(sort, at, None);
    }

    /// Puts something that faces along a direction.
    pub fn face(&mut self, sort: &Sort, at: P, along: Option<P>) {
        let seq = self.next.entry((sort.class, sort.number)).or_default();
        *seq += 1;
        let roll = self.dice.f();
        let state = match roll {
            r if r < 0.972 => "完好",
            r if r < 0.990 => "破损",
            r if r < 0.994 => "丢失",
            r if r < 0.997 => "废弃",
            _ => "移除",
        };
        self.out.push(Part {
            code: format!("{}{:02}{:03}{:06}", self.district, sort.class, sort.number, seq),
            class: format!("{:02}-{:03}", sort.class, sort.number),
            class_2013: if sort.in_2013 { format!("{:02}{:02}", sort.class, sort.number) } else { String::new() },
            name: sort.name,
            at,
            heading_deg: along.map(heading_deg),
            state,
            org: self.keepers.keeper(sort.duty, at),
        });
    }
}
