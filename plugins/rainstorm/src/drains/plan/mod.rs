//! The network as the wave sees it: nodes with volumes, conduits with sections, regulators, boundaries,
//! inlets. Immutable; runs share it.

mod check;
mod conduits;
mod nodes;
mod routing;
mod volume;

use guanlan_city::model::drainage::{DrainageNetwork, StorageShape};

use super::{
    culverts::Culvert,
    force_main::ForceMain,
    hydrology::Hydrology,
    inlets::{PlanInlet, place_inlets},
    losses::Losses,
    matrix::{Pattern, Place},
    pumps::PlanPump,
    regulators::{Regulator, regulators_of},
    rules::{Named, Rule, rules_of},
    section::Section,
    street_inlets::StreetInlet,
    supply::{Supply, Tide, rain_supplies, supplies_of, tides_of},
    swmm::Layout,
};
use crate::surface::Domain;

pub(in crate::drains) use volume::FLOODED_M2;

/// Heights and depths beyond this are no drain's, m.
const FARTHEST_M: f32 = 9000.0;
/// Depth over full depth above which the surface of a closed conduit is too narrow to mean anything (SWMM).
const CROWN_CUTOFF: f64 = 0.96;
/// Longest step of the wave under a street, s.
const STEP_MAX_S: f64 = 2.0;

/// How water gets from the street into a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InletSettings {
    /// Open area of all grates that lead to one manhole, m².
    pub area_m2: f64,
    /// How far a node may lie from the open cell it drains, cells.
    pub reach_cells: usize,
    /// Discharge coefficient of water under pressure through a manhole or grate (Rubinato et al. 2017: .167).
    pub pressure_coefficient: f64,
}

impl Default for InletSettings {
    fn default() -> Self {
        Self { area_m2: 1.0, reach_cells: 2, pressure_coefficient: 0.167 }
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// Name in the file.
    pub id: String,
    /// Swallows everything that its level lets out.
    pub outfall: bool,
    /// Water it and its halves of the conduits hold when full, m³.
    pub capacity_m3: f64,
    /// Part of `capacity_m3` in conduits, m³.
    pub pipes_m3: f64,
    /// Invert, m above datum.
    pub invert_m: f64,
    /// Invert to ground, m.
    pub depth_m: f64,
    /// Plan area of the shaft or of a storage node by depth.
    pub(in crate::drains) shape: Option<StorageShape>,
    pub(in crate::drains) shaft_m2: f64,
    /// Pressed above the ground before it floods, m.
    pub(in crate::drains) surcharge_m: f64,
    /// Plan area of the pond above it, m²; 0 when floods are lost.
    pub(in crate::drains) pond_m2: f64,
    pub(in crate::drains) init_m: f64,
    /// Highest crown of its links, m above datum.
    pub(in crate::drains) crown_m: f64,
    /// Surface of its conduits just below their crowns, m²: what is left of it above decides how softly the node comes
    /// under pressure.
    pub(in crate::drains) soft_m2: f64,
    /// Volume of the wet well that a pump's type 1 curve gives a node without one, m³.
    pub(in crate::drains) pump_well_m3: f64,
    /// Ends of conduits at the node: `halves[first..end]`.
    pub(in crate::drains) halves: std::ops::Range<usize>,
}

/// Half a conduit, as storage of the node at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::drains) struct Half {
    pub section: usize,
    /// Invert of the end, m above datum.
    pub bottom_m: f64,
    /// Half the length times barrels, m.
    pub length_m: f64,
}

/// A conduit, from its higher to its lower end.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanLink {
    /// Name in the file.
    pub id: String,
    /// Node at the higher end.
    pub from: usize,
    /// Node at the lower end.
    pub to: usize,
    /// Full-bore flow of all barrels, m³/s.
    pub full_m3_s: f64,
    /// Volume when full, m³.
    pub volume_m3: f64,
    /// −1 when the file names the ends the other way round: its flows have the other sign.
    pub sign: f64,
    pub(in crate::drains) section: usize,
    pub(in crate::drains) barrels: f64,
    pub(in crate::drains) length_m: f64,
    /// Length and Manning's n as the file has them.
    pub(in crate::drains) true_length_m: f64,
    pub(in crate::drains) roughness: f64,
    /// Inverts of both ends, m above datum, and above their nodes' inverts.
    pub(in crate::drains) bottom_m: [f64; 2],
    pub(in crate::drains) offset_m: [f64; 2],
    /// `g n²`.
    pub(in crate::drains) friction: f64,
    /// `√slope / n`.
    pub(in crate::drains) beta: f64,
    pub(in crate::drains) losses: [f64; 3],
    pub(in crate::drains) flap: bool,
    pub(in crate::drains) most_m3_s: f64,
    pub(in crate::drains) init_m3_s: f64,
    /// Friction when full, of a force main.
    pub(in crate::drains) force_main: Option<ForceMain>,
    /// What its inlet lets in.
    pub(in crate::drains) culvert: Option<Culvert>,
}

/// The network, ready to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrainPlan {
    /// Nodes, in file order.
    pub nodes: Vec<PlanNode>,
    /// Conduits that can carry water.
    pub links: Vec<PlanLink>,
    /// Pumps.
    pub pumps: Vec<PlanPump>,
    /// Orifices, weirs, outlets.
    pub regulators: Vec<Regulator>,
    /// Where streets meet nodes.
    pub inlets: Vec<PlanInlet>,
    /// Settings of the inlets.
    pub inlet: InletSettings,
    /// What had to be guessed, repaired or left out, in words.
    pub notes: Vec<String>,
    pub(in crate::drains) sections: Vec<Section>,
    pub(in crate::drains) halves: Vec<Half>,
    pub(in crate::drains) supplies: Vec<Supply>,
    /// The file's own clock at the start, s since 1970-01-01.
    pub(in crate::drains) start_s: f64,
    /// Subcatchments, when the network stands alone.
    pub(in crate::drains) hydrology: Option<Hydrology>,
    /// Inflows at the end of `supplies` that come of the file's own rain.
    rain_fed: usize,
    pub(in crate::drains) losses: Losses,
    pub(in crate::drains) tides: Vec<Option<Tide>>,
    pub(in crate::drains) rules: Vec<Rule>,
    /// Named formulas that rules look at.
    pub(in crate::drains) formulas: Vec<Named>,
    /// Time step at most, s.
    pub(in crate::drains) step_s: f64,
    pub(in crate::drains) slot: bool,
    /// A full pipe below the highest crown of its node keeps the width it has just below its own crown as storage of
    /// the node, until the node is under pressure; and a shaft holds next to nothing above its pipes: SWMM's EXTRAN does
    /// so. Without: full pipes hold no more, and shafts are as wide as they are.
    pub(in crate::drains) crown_storage: bool,
    /// Normal flow limits a conduit by slope, by Froude number.
    pub(in crate::drains) normal_by: [bool; 2],
    pub(in crate::drains) damping: Damping,
    pub(in crate::drains) pattern: Pattern,
    /// SWMM's own scheme, when it runs instead of the implicit one.
    pub(in crate::drains) swmm: Option<Box<Layout>>,
    /// Places of conduits, pumps and regulators in the matrix; `None` where an end is an outfall.
    pub(in crate::drains) places: Vec<Option<Place>>,
}

/// How the dynamic wave of a network that stands alone is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// SWMM's successive approximations: agrees with EPA SWMM, also where its numbers make the result.
    #[default]
    Swmm,
    /// Heads and flows implicitly, as under a street: stable at any step, and no water is lost.
    Implicit,
}

/// Option INERTIAL_DAMPING.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::drains) enum Damping {
    None,
    #[default]
    Partial,
    Full,
}

impl DrainPlan {
    /// Prepares a network over a raster.
    #[must_use]
    pub fn new(network: &DrainageNetwork, domain: &Domain, inlets: InletSettings) -> Self {
        let mut plan = Self::of(network, false);
        if let Some((_, routing)) = plan.other_routing(network) {
            plan.say_dynamic(&routing, "streets back up into it");
        }
        plan.say_dividers(network);
        plan.inlet = inlets;
        plan.inlets = place_inlets(&plan.nodes, network, domain, inlets);
        for inlet in &plan.inlets {
            // The street holds the water above the manhole; the head in the shaft may rise over it.
            plan.nodes[inlet.node].surcharge_m = plan.nodes[inlet.node].surcharge_m.max(100.0);
            plan.nodes[inlet.node].pond_m2 = 0.0;
        }
        plan.hydrology = None;
        let own = plan.supplies.len() - plan.rain_fed;
        plan.supplies.truncate(own);
        plan.step_s = plan.step_s.min(STEP_MAX_S);
        plan.crown_storage = false;
        let street = |r: &Regulator| r.is_street_inlet();
        if plan.regulators.iter().any(street) {
            plan.notes.push("street inlets of the file are not used: the raster's streets meet the manholes".into());
            plan.regulators.retain(|r| !street(r));
            plan.lay_out();
            // Targets of rules count what there is.
            let told = plan.notes.len();
            plan.find_rules(network);
            plan.notes.truncate(told);
        }
        if !network.catchments.is_empty() {
            plan.notes
                .push(format!("{} subcatchments are not used: the rain falls on the raster", network.catchments.len()));
        }
        if plan.rain_fed > 0 {
            plan.notes.push(format!("{} RDII inflows are not used: their rain is the file's own", plan.rain_fed));
        }
        plan
    }

    /// Prepares a network that stands alone: what floods is lost or ponds, as in SWMM. SWMM's scheme takes the kinematic
    /// wave where the file asks for it and the network is a tree.
    #[must_use]
    pub fn alone(network: &DrainageNetwork, scheme: Scheme) -> Self {
        let mut plan = Self::of(network, true);
        if scheme == Scheme::Swmm {
            plan.take_scheme(network);
        } else {
            if let Some((_, routing)) = plan.other_routing(network) {
                plan.say_dynamic(&routing, "the implicit scheme knows no other");
            }
            plan.say_dividers(network);
        }
        plan
    }

    /// How the wave is computed: `swmm`, `implicit`, `kinematic` or `steady`.
    #[must_use]
    pub fn routing(&self) -> &'static str {
        match &self.swmm {
            Some(layout) if layout.steady => "steady",
            Some(layout) if layout.tree.is_some() => "kinematic",
            Some(_) => "swmm",
            None => "implicit",
        }
    }

    /// How many street inlets give to a node, one at least.
    pub(in crate::drains) fn inlets_at(&self, node: usize) -> f64 {
        self.regulators.iter().filter(|r| r.is_street_inlet() && r.to == node).count().max(1) as f64
    }

    /// `as_swmm`: with what SWMM does to a file for the sake of its explicit scheme.
    fn of(network: &DrainageNetwork, as_swmm: bool) -> Self {
        let option = |key: &str| network.options.get(key).map(|v| v.to_ascii_uppercase()).unwrap_or_default();
        let normal = option("NORMAL_FLOW_LIMITED");
        let mut plan = Self {
            slot: option("SURCHARGE_METHOD") == "SLOT",
            crown_storage: option("SURCHARGE_METHOD") != "SLOT",
            normal_by: [normal != "FROUDE", normal != "SLOPE"],
            damping: match option("INERTIAL_DAMPING").as_str() {
                "NONE" => Damping::None,
                "FULL" => Damping::Full,
                _ => Damping::Partial,
            },
            ..Self::default()
        };
        plan.start_s = network.start_s as f64;
        plan.add_nodes(network);
        plan.add_conduits(network, as_swmm);
        plan.step_s = plan.step_of(network);
        let count = plan.nodes.len();
        for pump in &network.pumps {
            if pump.from >= count || pump.to >= count || pump.from == pump.to {
                plan.notes.push(format!("pump {}: an end is not a node; left out", pump.id));
            } else {
                let pump = PlanPump::of(pump);
                let well_m3 = pump.curve.last().filter(|_| pump.curve_type == 1).map_or(0.0, |p| p[0]);
                let node = &mut plan.nodes[pump.from];
                node.pump_well_m3 = node.pump_well_m3.max(well_m3);
                plan.pumps.push(pump);
            }
        }
        plan.regulators = regulators_of(network, &plan.nodes, &mut plan.notes);
        plan.add_street_inlets(network);
        plan.supplies = supplies_of(network, count);
        let ignored = |what: &str| network.option_yes(what);
        let fed = if ignored("IGNORE_RAINFALL") || ignored("IGNORE_RDII") {
            Vec::new()
        } else {
            rain_supplies(network, &mut plan.notes)
        };
        plan.rain_fed = fed.len();
        plan.supplies.extend(fed);
        plan.losses = Losses::of(network, &plan.nodes, &plan.links, &plan.sections);
        plan.hydrology = Hydrology::of(network, count, &mut plan.notes);
        plan.say_what_is_not_modelled(network);
        plan.tides = tides_of(network);
        plan.find_rules(network);
        plan.gather_halves();
        plan.fill_to_initial_flows();
        plan.look_for_outfalls();
        plan.lay_out();
        plan
    }

    /// The pattern of the matrix.
    fn lay_out(&mut self) {
        let plan = self;
        let count = plan.nodes.len();
        let ends = plan.ends();
        let pairs: Vec<(usize, usize)> = ends
            .iter()
            .map(|(a, b)| if plan.nodes[*a].outfall || plan.nodes[*b].outfall { (0, 0) } else { (*a, *b) })
            .collect();
        let (pattern, places) = Pattern::new(count, &pairs);
        plan.pattern = pattern;
        plan.places = places.into_iter().zip(&pairs).map(|(p, (a, b))| (a != b).then_some(p)).collect();
    }

    fn find_rules(&mut self, network: &DrainageNetwork) {
        let Self { nodes, links, pumps, regulators, sections, notes, .. } = self;
        (self.rules, self.formulas) = rules_of(network, nodes, links, pumps, regulators, sections, notes);
    }

    fn add_street_inlets(&mut self, network: &DrainageNetwork) {
        for usage in &network.inlet_usage {
            let name = network.conduits.get(usage.conduit).map_or("?", |c| c.id.as_str());
            match StreetInlet::of(usage, network, &self.nodes, &self.links) {
                Ok((inlet, from, to)) => self.regulators.push(Regulator::street(name, inlet, from, to)),
                Err(why) => self.notes.push(format!("inlets along {name}: {why}; left out")),
            }
        }
    }

    /// Ends of every conduit, pump and regulator, in this order.
    pub(in crate::drains) fn ends(&self) -> Vec<(usize, usize)> {
        let conduits = self.links.iter().map(|l| (l.from, l.to));
        let pumps = self.pumps.iter().map(|p| (p.from, p.to));
        conduits.chain(pumps).chain(self.regulators.iter().map(|r| (r.from, r.to))).collect()
    }

    /// Number of nodes that can take water from the street.
    #[must_use]
    pub fn inlets(&self) -> usize {
        self.inlets.len()
    }
}
