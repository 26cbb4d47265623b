//! What nodes and conduits lose to the air and to the ground: evaporation and seepage of storage nodes, seepage of
//! conduits (reference manual, volume II, chapters 3 and 5).

use guanlan_city::model::drainage::{DrainageNetwork, Infiltration, StorageShape};

use super::{
    hydrology::Soil,
    plan::{PlanLink, PlanNode},
    section::Section,
    supply::Sun,
    wave::FUDGE,
};

/// A storage node that loses water.
#[derive(Clone, Debug, PartialEq)]
struct Pond {
    node: usize,
    invert_m: f64,
    shape: StorageShape,
    /// Share of the potential evaporation.
    evaporates: f64,
    conductivity_m_s: f64,
    /// Its soil, where that is more than a conductivity.
    soil: Option<Infiltration>,
    bottom_m2: f64,
    /// Depth and area up to which banks seep.
    bank: [f64; 2],
}

/// A conduit that loses water.
#[derive(Clone, Debug, PartialEq)]
struct Leak {
    ends: [usize; 2],
    bottom_m: [f64; 2],
    section: usize,
    length_m: f64,
    seepage_m_s: f64,
    /// Widest surface, and the depth of it.
    widest: [f64; 2],
    open: bool,
}

/// All of a network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Losses {
    ponds: Vec<Pond>,
    leaks: Vec<Leak>,
    sun: Sun,
    shines: bool,
}

/// Lost in a step, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Lost {
    pub evaporated_m3: f64,
    pub seeped_m3: f64,
}

impl Losses {
    pub fn of(network: &DrainageNetwork, nodes: &[PlanNode], links: &[PlanLink], sections: &[Section]) -> Self {
        let sun = Sun::of(network);
        let shines = sun.shines();
        let ponds = network.nodes.iter().enumerate().filter_map(|(k, n)| {
            let storage = n.storage.as_ref()?;
            let evaporates = if shines { storage.evaporation_factor.clamp(0.0, 10.0) } else { 0.0 };
            let seeps = storage.conductivity_m_s > 0.0;
            if !seeps && evaporates <= 0.0 || storage.shape.volume_m3(1.0) <= 0.0 {
                return None;
            }
            let soil = (storage.moisture_deficit > 0.0).then(|| Infiltration::GreenAmpt {
                suction_m: storage.suction_m,
                conductivity_m_s: storage.conductivity_m_s,
                moisture_deficit: storage.moisture_deficit.min(1.0),
                modified: true,
            });
            Some(Pond {
                node: k,
                invert_m: nodes[k].invert_m,
                bottom_m2: storage.shape.area_m2(0.0),
                bank: banks(&storage.shape),
                shape: storage.shape.clone(),
                evaporates,
                conductivity_m_s: storage.conductivity_m_s.max(0.0),
                soil: soil.filter(|_| seeps),
            })
        });
        let leaks = links.iter().filter_map(|l| {
            let section = &sections[l.section];
            let conduit = network.conduits.iter().find(|c| c.id == l.id)?;
            let (seepage_m_s, open) = (f64::from(conduit.seepage_m_s).max(0.0), !section.closed && shines);
            if seepage_m_s <= 0.0 && !open {
                return None;
            }
            let depths = (1..=100).map(|k| section.full_m * f64::from(k) * 0.0099);
            let pairs = depths.map(|y| [section.at(y).width_m, y]);
            let widest = pairs.fold([0.0, 0.0], |a, b| if b[0] > a[0] { b } else { a });
            Some(Leak {
                ends: [l.from, l.to],
                bottom_m: l.bottom_m,
                section: l.section,
                length_m: l.length_m * l.barrels,
                seepage_m_s,
                widest,
                open,
            })
        });
        Self { ponds: ponds.collect(), leaks: leaks.collect(), sun, shines }
    }

    /// Dry soils of all storage nodes: bottom and banks.
    pub fn soils(&self) -> Vec<[Soil; 2]> {
        self.ponds.iter().map(|p| p.soil.as_ref().map_or([Soil::default(); 2], |s| [Soil::dry(s); 2])).collect()
    }

    /// Potential evaporation at a time, m/s.
    pub fn sun_m_s(&self, t_s: f64) -> f64 {
        if self.shines { self.sun.at(t_s) } else { 0.0 }
    }

    /// Evaporation and seepage of each storage node that has any, m³/s over a step: no more than it holds. `look`: depth
    /// and volume of a node.
    pub fn ponds(
        &self,
        dt_s: f64,
        sun_m_s: f64,
        soils: &mut [[Soil; 2]],
        look: impl Fn(usize) -> (f64, f64),
    ) -> Vec<(usize, [f64; 2])> {
        let lost = |(pond, soils): (&Pond, &mut [Soil; 2])| {
            let (depth, volume) = look(pond.node);
            let area = pond.shape.area_m2(depth);
            let [air, ground] = [sun_m_s * pond.evaporates * area, pond.seepage_m3_s(depth, area, dt_s, soils)];
            let wanted = (air + ground) * dt_s;
            let share = if wanted > volume { volume.max(0.0) / wanted } else { 1.0 };
            (pond.node, [air * share, ground * share])
        };
        self.ponds.iter().zip(soils).map(lost).collect()
    }

    /// Takes from the volumes what is lost in a step.
    pub fn take(
        &self,
        (t_s, dt_s): (f64, f64),
        head_m: &[f64],
        sections: &[Section],
        volume_m3: &mut [f64],
        soils: &mut [[Soil; 2]],
    ) -> Lost {
        let mut lost = Lost::default();
        if self.ponds.is_empty() && self.leaks.is_empty() {
            return lost;
        }
        let sun = if self.shines { self.sun.at(t_s) } else { 0.0 };
        let mut pay = |node: usize, evaporates: f64, seeps: f64| {
            let wanted = (evaporates + seeps) * dt_s;
            let share = if wanted > 0.0 { (volume_m3[node].max(0.0) / wanted).min(1.0) } else { 0.0 };
            volume_m3[node] -= share * wanted;
            lost.evaporated_m3 += share * evaporates * dt_s;
            lost.seeped_m3 += share * seeps * dt_s;
        };
        for (pond, soils) in self.ponds.iter().zip(soils) {
            let depth = head_m[pond.node] - pond.invert_m;
            if depth > FUDGE {
                let area = pond.shape.area_m2(depth);
                pay(pond.node, sun * pond.evaporates * area, pond.seepage_m3_s(depth, area, dt_s, soils));
            }
        }
        for leak in &self.leaks {
            let depth = [0, 1].map(|k| (head_m[leak.ends[k]] - leak.bottom_m[k]).max(0.0)).iter().sum::<f64>() / 2.0;
            if depth > FUDGE {
                let width = sections[leak.section].at(depth).width_m;
                let wetted = if depth >= leak.widest[1] { leak.widest[0] } else { width };
                let evaporates = if leak.open { sun * width * leak.length_m } else { 0.0 };
                let seeps = leak.seepage_m_s * wetted * leak.length_m;
                leak.ends.iter().for_each(|node| pay(*node, 0.5 * evaporates, 0.5 * seeps));
            }
        }
        lost
    }
}

/// Depth and area of the highest bank.
fn banks(shape: &StorageShape) -> [f64; 2] {
    match shape {
        StorageShape::Tabular(points) => {
            points.iter().fold([0.0, 0.0], |best, p| if p[1] > best[1] { *p } else { best })
        }
        _ => [f64::INFINITY; 2],
    }
}

impl Pond {
    fn seepage_m3_s(&self, depth: f64, area: f64, dt_s: f64, [bottom, banks]: &mut [Soil; 2]) -> f64 {
        let sides = (area.min(self.bank[1]) - self.bottom_m2).max(0.0);
        let Some(soil) = &self.soil else { return self.conductivity_m_s * (self.bottom_m2 + sides) };
        let mut rate = bottom.take(soil, 0.0, depth, dt_s) * self.bottom_m2;
        if sides > 0.0 {
            // Half of what stands over the middle of the banks.
            let over = (depth - self.bank[0]).max(0.0);
            rate += banks.take(soil, 0.0, over + 0.5 * depth.min(self.bank[0]), dt_s) * sides;
        }
        rate
    }
}
