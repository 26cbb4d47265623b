//! What a place is for, and on which side of the water it lies.

use super::Plan;
use crate::demo::geom::{self, P};

/// What a place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    Hills,
    LakePark,
    BendPark,
    Park,
    OldTown,
    Cbd,
    Civic,
    Campus,
    Industrial,
    Village,
    Villa,
    Tower,
    Mixed,
}

impl Plan {
    /// Which zone a place is in.
    pub fn zone(&self, p: P) -> (Zone, Option<usize>) {
        for (i, z) in self.file.zone.iter().enumerate() {
            let [x, y, a, b] = z.ellipse;
            if ((p[0] - x) / a).powi(2) + ((p[1] - y) / b).powi(2) <= 1.0 {
                let kind = match z.kind.as_str() {
                    "hills" => Zone::Hills,
                    "lake_park" => Zone::LakePark,
                    "bend_park" => Zone::BendPark,
                    "park" => Zone::Park,
                    "old_town" if self.in_old_town(p) => Zone::OldTown,
                    "cbd" if p[0] > 3950.0 => Zone::Cbd,
                    "civic" => Zone::Civic,
                    "campus" => Zone::Campus,
                    "industrial" => Zone::Industrial,
                    "village" => Zone::Village,
                    "villa" => Zone::Villa,
                    "tower" => Zone::Tower,
                    _ => continue,
                };
                return (kind, Some(i));
            }
        }
        (Zone::Mixed, None)
    }

    /// Inside the river's bend and south of the moat.
    pub fn in_old_town(&self, p: P) -> bool {
        if !(1300.0..4000.0).contains(&p[0]) || self.river_d.at(p) < 0.0 {
            return false;
        }
        let below_moat = self.moat.windows(2).any(|w| {
            (w[0][0]..w[1][0]).contains(&p[0]) && {
                let t = (p[0] - w[0][0]) / (w[1][0] - w[0][0]);
                p[1] < w[0][1] + (w[1][1] - w[0][1]) * t
            }
        });
        let above_river = self.river.windows(2).all(|w| {
            !(w[0][0]..w[1][0]).contains(&p[0]) || {
                let t = (p[0] - w[0][0]) / (w[1][0] - w[0][0]);
                p[1] > w[0][1] + (w[1][1] - w[0][1]) * t
            }
        });
        below_moat && above_river
    }

    /// Nothing of the lake is further from its centre, m.
    pub(super) fn lake_reach(&self) -> f64 {
        1.3 * self.file.lake.radius_m[0].max(self.file.lake.radius_m[1])
    }

    /// On the lake.
    pub fn in_lake(&self, p: P) -> bool {
        geom::dist(p, self.file.lake.centre) < self.lake_reach() && geom::inside(p, &self.lake)
    }

    /// River (without the island), moat or lake.
    pub fn on_water(&self, p: P) -> bool {
        let river = self.river_d.at(p) < 0.0 && !geom::inside(p, &self.island);
        river || self.moat_d.at(p) < 0.0 || self.in_lake(p)
    }
}
