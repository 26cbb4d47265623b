//! The network as the wave sees it: nodes with volumes, conduits with sections, regulators, boundaries,
//! inlets. Immutable; runs share it.

use guanlan_city::model::drainage::{DrainNodeKind, DrainageNetwork, StorageShape};

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
    shapes::section_of,
    street_inlets::StreetInlet,
    supply::{Supply, Tide, rain_supplies, supplies_of, tides_of},
    swmm::{Layout, Tree},
};
use crate::surface::Domain;

/// Plan area of a manhole shaft unless the file says otherwise, m² (SWMM's MIN_SURFAREA, 12.566 ft²).
const SHAFT_M2: f64 = 1.167;
/// Plan area taken for a storage node whose file does not say it, m².
const WET_WELL_M2: f64 = 60.0;
/// Least fall of a conduit, m (SWMM: .001 ft).
const FALL_MIN_M: f64 = 3.048e-4;
/// Heights and depths beyond this are no drain's, m.
const FARTHEST_M: f32 = 9000.0;
/// Longest step of a network that stands alone, s (SWMM's default).
const STEP_LONGEST_S: f64 = 20.0;
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
    pub(super) shape: Option<StorageShape>,
    pub(super) shaft_m2: f64,
    /// Pressed above the ground before it floods, m.
    pub(super) surcharge_m: f64,
    /// Plan area of the pond above it, m²; 0 when floods are lost.
    pub(super) pond_m2: f64,
    pub(super) init_m: f64,
    /// Highest crown of its links, m above datum.
    pub(super) crown_m: f64,
    /// Surface of its conduits just below their crowns, m²: what is left of it above decides how softly the node comes
    /// under pressure.
    pub(super) soft_m2: f64,
    /// Volume of the wet well that a pump's type 1 curve gives a node without one, m³.
    pub(super) pump_well_m3: f64,
    /// Ends of conduits at the node: `halves[first..end]`.
    pub(super) halves: std::ops::Range<usize>,
}

/// Half a conduit, as storage of the node at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Half {
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
    pub(super) section: usize,
    pub(super) barrels: f64,
    pub(super) length_m: f64,
    /// Length and Manning's n as the file has them.
    pub(super) true_length_m: f64,
    pub(super) roughness: f64,
    /// Inverts of both ends, m above datum, and above their nodes' inverts.
    pub(super) bottom_m: [f64; 2],
    pub(super) offset_m: [f64; 2],
    /// `g n²`.
    pub(super) friction: f64,
    /// `√slope / n`.
    pub(super) beta: f64,
    pub(super) losses: [f64; 3],
    pub(super) flap: bool,
    pub(super) most_m3_s: f64,
    pub(super) init_m3_s: f64,
    /// Friction when full, of a force main.
    pub(super) force_main: Option<ForceMain>,
    /// What its inlet lets in.
    pub(super) culvert: Option<Culvert>,
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
    pub(super) sections: Vec<Section>,
    pub(super) halves: Vec<Half>,
    pub(super) supplies: Vec<Supply>,
    /// The file's own clock at the start, s since 1970-01-01.
    pub(super) start_s: f64,
    /// Subcatchments, when the network stands alone.
    pub(super) hydrology: Option<Hydrology>,
    /// Inflows at the end of `supplies` that come of the file's own rain.
    rain_fed: usize,
    pub(super) losses: Losses,
    pub(super) tides: Vec<Option<Tide>>,
    pub(super) rules: Vec<Rule>,
    /// Named formulas that rules look at.
    pub(super) formulas: Vec<Named>,
    /// Time step at most, s.
    pub(super) step_s: f64,
    pub(super) slot: bool,
    /// A full pipe below the highest crown of its node keeps the width it has just below its own crown as storage of
    /// the node, until the node is under pressure; and a shaft holds next to nothing above its pipes: SWMM's EXTRAN does
    /// so. Without: full pipes hold no more, and shafts are as wide as they are.
    pub(super) crown_storage: bool,
    /// Normal flow limits a conduit by slope, by Froude number.
    pub(super) normal_by: [bool; 2],
    pub(super) damping: Damping,
    pub(super) pattern: Pattern,
    /// SWMM's own scheme, when it runs instead of the implicit one.
    pub(super) swmm: Option<Box<Layout>>,
    /// Places of conduits, pumps and regulators in the matrix; `None` where an end is an outfall.
    pub(super) places: Vec<Option<Place>>,
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
pub(super) enum Damping {
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
    pub(super) fn inlets_at(&self, node: usize) -> f64 {
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

    /// The file's routing, when that is not the dynamic wave: whether it is the kinematic wave (false) or steady flow
    /// (true), and its name.
    fn other_routing(&mut self, network: &DrainageNetwork) -> Option<(Result<bool, String>, String)> {
        if network.option_yes("IGNORE_ROUTING") {
            self.notes.push("IGNORE_ROUTING: the network is routed all the same".into());
        }
        let routing = network.options.get("FLOW_ROUTING").or_else(|| network.options.get("ROUTING_MODEL"))?;
        let known = match routing.to_ascii_uppercase().as_str() {
            "DYNWAVE" | "DW" => return None,
            "KINWAVE" | "KW" => Ok(false),
            "STEADY" | "SF" => Ok(true),
            _ => Err("nothing else is modelled".to_owned()),
        };
        Some((known, routing.clone()))
    }

    fn say_dynamic(&mut self, routing: &str, why: &str) {
        self.notes.push(format!("FLOW_ROUTING {routing}: the dynamic wave is used instead ({why})"));
    }

    /// SWMM's scheme for the file's routing: along a tree where it asks for it and is one.
    fn take_scheme(&mut self, network: &DrainageNetwork) {
        let mut tree = None;
        if let Some((known, routing)) = self.other_routing(network) {
            match known.and_then(|steady| Tree::of(network, self, steady)) {
                Ok(found) => tree = Some(found),
                Err(why) => self.say_dynamic(&routing, &why),
            }
        }
        if tree.is_some() {
            // Nothing backs up: sills lie where the file has them.
            for regulator in &mut self.regulators {
                regulator.crest_m = self.nodes[regulator.from].invert_m + regulator.offset_m;
            }
        } else {
            self.say_dividers(network);
        }
        if let Some(hydrology) = &mut self.hydrology {
            hydrology.makes_good = false;
        }
        self.swmm = Some(Box::new(Layout::of(network, self, tree)));
    }

    fn say_dividers(&mut self, network: &DrainageNetwork) {
        let count = network.nodes.iter().filter(|n| n.kind == DrainNodeKind::Divider).count();
        if count > 0 {
            self.notes.push(format!("{count} dividers: junctions under dynamic wave routing, as in SWMM"));
        }
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

    /// The file's routing step, cut to the time a wave takes along the shortest conduit where the file wants that
    /// (`VARIABLE_STEP`). The scheme is stable at any step; how far surges of full pipes are damped depends on it, and
    /// a file that is compared with SWMM expects SWMM's.
    fn step_of(&self, network: &DrainageNetwork) -> f64 {
        let routing_s =
            network.option_s("ROUTING_STEP").filter(|s| *s > 0.0).unwrap_or(20.0).clamp(0.1, STEP_LONGEST_S);
        let number = |key: &str| network.options.get(key).and_then(|v| v.parse::<f64>().ok());
        let share = number("VARIABLE_STEP").unwrap_or(0.75);
        if share <= 0.0 {
            return routing_s;
        }
        let least_s = number("MINIMUM_STEP").filter(|s| *s > 0.0).unwrap_or(0.5);
        let travel = |l: &PlanLink| {
            let section = &self.sections[l.section];
            let speed = l.full_m3_s / l.barrels / section.area_m2 + (crate::surface::GRAVITY * section.full_m).sqrt();
            l.length_m / speed.max(1.0e-3)
        };
        let shortest_s = self.links.iter().map(travel).fold(f64::INFINITY, f64::min);
        routing_s.min((share * shortest_s).max(least_s))
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

    /// What the file asks for and this does not do.
    fn say_what_is_not_modelled(&mut self, network: &DrainageNetwork) {
        let mut say = |count: usize, what: &str| {
            if count > 0 {
                self.notes.push(format!("{count} {what}"));
            }
        };
        say(
            network
                .conduits
                .iter()
                .filter(|c| c.culvert_code > 0 && Culvert::of(c.culvert_code, 0.0).is_none())
                .count(),
            "culverts have a code above 57: they are plain conduits",
        );
    }

    /// Ends of every conduit, pump and regulator, in this order.
    pub(super) fn ends(&self) -> Vec<(usize, usize)> {
        let conduits = self.links.iter().map(|l| (l.from, l.to));
        let pumps = self.pumps.iter().map(|p| (p.from, p.to));
        conduits.chain(pumps).chain(self.regulators.iter().map(|r| (r.from, r.to))).collect()
    }

    fn add_nodes(&mut self, network: &DrainageNetwork) {
        let min_area = network.options.get("MIN_SURFAREA").and_then(|v| v.parse::<f64>().ok()).filter(|v| *v > 0.0);
        let metric = network.options.get("FLOW_UNITS").is_none_or(|u| matches!(u.as_str(), "CMS" | "LPS" | "MLD"));
        let shaft_m2 = min_area.map_or(SHAFT_M2, |v| if metric { v } else { v * 0.3048 * 0.3048 });
        let ponds = network.option_yes("ALLOW_PONDING");
        let finite = |v: f32| if v.is_finite() && v.abs() <= FARTHEST_M { f64::from(v) } else { 0.0 };
        for node in &network.nodes {
            let sane = |v: f32| v.is_finite() && v.abs() <= FARTHEST_M;
            if !sane(node.invert_m) || !sane(node.max_depth_m) || node.max_depth_m < 0.0 {
                self.notes.push(format!(
                    "node {}: invert {} m or depth {} m makes no sense; taken as 0",
                    node.id, node.invert_m, node.max_depth_m
                ));
            }
            let shape = match (&node.storage, node.kind) {
                (Some(s), DrainNodeKind::Storage) if s.shape.volume_m3(1.0) > 0.0 => Some(s.shape.clone()),
                (_, DrainNodeKind::Storage) => {
                    let area = if node.area_m2 > 0.0 { finite(node.area_m2) } else { WET_WELL_M2 };
                    Some(StorageShape::Polynomial([area, 0.0, 0.0]))
                }
                _ => None,
            };
            self.nodes.push(PlanNode {
                id: node.id.clone(),
                outfall: node.kind == DrainNodeKind::Outfall,
                capacity_m3: 0.0,
                pipes_m3: 0.0,
                invert_m: finite(node.invert_m),
                depth_m: finite(node.max_depth_m).max(0.0),
                shape,
                shaft_m2,
                surcharge_m: finite(node.surcharge_depth_m).max(0.0),
                pond_m2: if ponds { finite(node.ponded_area_m2).max(0.0) } else { 0.0 },
                init_m: finite(node.init_depth_m).clamp(0.0, finite(node.max_depth_m).max(0.0)),
                crown_m: f64::NEG_INFINITY,
                soft_m2: 0.0,
                pump_well_m3: 0.0,
                halves: 0..0,
            });
        }
    }

    fn add_conduits(&mut self, network: &DrainageNetwork, as_swmm: bool) {
        let count = self.nodes.len();
        let routing_s = network.option_s("ROUTING_STEP").filter(|s| *s > 0.0).unwrap_or(20.0);
        let lengthen_s = network.option_s("LENGTHENING_STEP").filter(|s| as_swmm && *s > 0.0).map(|s| s.min(routing_s));
        let mut lengthened = 0;
        for conduit in &network.conduits {
            if conduit.from >= count || conduit.to >= count || conduit.from == conduit.to {
                self.notes.push(format!("conduit {}: an end is not a node; left out", conduit.id));
                continue;
            }
            if conduit.shape.eq_ignore_ascii_case("DUMMY") {
                self.pumps.push(PlanPump::dummy(&conduit.id, conduit.from, conduit.to));
                continue;
            }
            let Some(shaped) = section_of(conduit, network) else {
                self.notes.push(format!("conduit {}: no positive size; left out", conduit.id));
                continue;
            };
            if let Some(note) = shaped.note {
                self.notes.push(format!("conduit {} ({}): {note}", conduit.id, conduit.shape));
            }
            let mut length_m = f64::from(conduit.length_m);
            if !(SHORTEST_M..=1.0e6).contains(&length_m) {
                self.notes.push(format!("conduit {}: length {length_m} m; taken as 1 m", conduit.id));
                length_m = 1.0;
            }
            let mut n = f64::from(conduit.roughness);
            if !(n.is_finite() && (0.001..=1.0).contains(&n)) {
                self.notes.push(format!("conduit {}: Manning's n {n}; taken as 0.013", conduit.id));
                n = 0.013;
            }
            let (true_length_m, roughness) = (length_m, n);
            let offset = |v: f32| if v.is_finite() && v <= FARTHEST_M { f64::from(v).max(0.0) } else { 0.0 };
            let (mut from, mut to) = (conduit.from, conduit.to);
            let mut offset_m = [offset(conduit.in_offset_m), offset(conduit.out_offset_m)];
            let mut losses = conduit.losses.map(|l| f64::from(l).max(0.0));
            let bottom = |node: usize, offset: f64| self.nodes[node].invert_m + offset;
            let mut sign = 1.0;
            if bottom(from, offset_m[0]) < bottom(to, offset_m[1]) {
                std::mem::swap(&mut from, &mut to);
                offset_m.swap(0, 1);
                losses.swap(0, 1);
                sign = -1.0;
            }
            let bottom_m = [bottom(from, offset_m[0]), bottom(to, offset_m[1])];
            let fall = (bottom_m[0] - bottom_m[1]).max(FALL_MIN_M);
            let least = network.options.get("MIN_SLOPE").and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) / 100.0;
            let mut slope =
                if fall < length_m { fall / (length_m * length_m - fall * fall).sqrt() } else { fall / length_m };
            slope = slope.max(least.clamp(0.0, 0.1));
            let (section, barrels) = (shaped.section, f64::from(conduit.barrels.max(1)));
            let force_main = ForceMain::of(conduit, network);
            let culvert = Culvert::of(conduit.culvert_code, slope);
            n = force_main.map_or(n, |f| f.manning(section.full_m, slope));
            if let Some(step_s) = lengthen_s {
                // SWMM's option: as long as the fastest wave goes in a step, with the same head loss.
                let deep =
                    if section.closed { section.full_m } else { section.area_m2 / section.at(section.full_m).width_m };
                let speed =
                    (crate::surface::GRAVITY * deep).sqrt() + slope.sqrt() / n * section.radius_m.powf(2.0 / 3.0);
                let factor = speed * step_s / length_m;
                if factor > 1.0 && factor.is_finite() {
                    (length_m, slope, n) = (length_m * factor, slope / factor, n / factor.sqrt());
                    lengthened += 1;
                }
            }
            let beta = slope.sqrt() / n;
            let flow = |v: f32| if v.is_finite() { f64::from(v) } else { 0.0 };
            let (full_m3_s, volume_m3) = (
                barrels * beta * section.area_m2 * section.radius_m.powf(2.0 / 3.0),
                section.area_m2 * length_m * barrels,
            );
            let section = self.section_index(section);
            self.links.push(PlanLink {
                id: conduit.id.clone(),
                from,
                to,
                full_m3_s,
                volume_m3,
                sign,
                section,
                barrels,
                length_m,
                true_length_m,
                roughness,
                bottom_m,
                offset_m,
                friction: crate::surface::GRAVITY * n * n,
                beta,
                losses,
                flap: conduit.flap_gate,
                most_m3_s: flow(conduit.max_flow_m3_s).max(0.0),
                init_m3_s: flow(conduit.init_flow_m3_s) * sign,
                force_main,
                culvert,
            });
        }
        if lengthened > 0 {
            self.notes.push(format!("{lengthened} conduits are lengthened (LENGTHENING_STEP), as in SWMM"));
        }
    }

    fn section_index(&mut self, section: Section) -> usize {
        if let Some(k) = self.sections.iter().position(|s| *s == section) {
            return k;
        }
        self.sections.push(section);
        self.sections.len() - 1
    }

    fn gather_halves(&mut self) {
        let mut by_node: Vec<Vec<Half>> = vec![Vec::new(); self.nodes.len()];
        for link in &self.links {
            for (node, bottom_m) in [(link.from, link.bottom_m[0]), (link.to, link.bottom_m[1])] {
                let length_m = 0.5 * link.length_m * link.barrels;
                by_node[node].push(Half { section: link.section, bottom_m, length_m });
            }
        }
        for (node, halves) in self.nodes.iter_mut().zip(by_node) {
            let first = self.halves.len();
            let pipes = |h: &Half| h.length_m * self.sections[h.section].area_m2;
            node.pipes_m3 = halves.iter().map(pipes).sum();
            // A shaft is at least as deep as its pipes are high.
            let crown = |h: &Half| h.bottom_m + self.sections[h.section].full_m - node.invert_m;
            let crown_m = halves.iter().map(crown).fold(0.0, f64::max);
            let soft = |h: &Half| {
                let section = &self.sections[h.section];
                h.length_m
                    * section.at(if section.closed { CROWN_CUTOFF * section.full_m } else { section.full_m }).width_m
            };
            node.soft_m2 = halves.iter().map(soft).sum::<f64>().max(node.shaft_m2);
            node.crown_m = if node.shape.is_some() { f64::INFINITY } else { node.invert_m + crown_m };
            if node.depth_m < crown_m && !node.outfall && node.shape.is_none() {
                node.depth_m = crown_m;
            }
            let own = node.shape.as_ref().map_or(node.shaft_m2 * node.depth_m, |s| s.volume_m3(node.depth_m));
            node.capacity_m3 = node.pipes_m3 + own;
            self.halves.extend(halves);
            node.halves = first..self.halves.len();
        }
        self.count_regulators();
    }

    /// Regulators count for the crowns of both their nodes and for the depth of the upper one, as in SWMM.
    fn count_regulators(&mut self) {
        for regulator in &self.regulators {
            let Some((height_m, sideways)) = regulator.opening() else { continue };
            let offset_m = regulator.crest_m - self.nodes[regulator.from].invert_m;
            for (node, above_m) in [(regulator.from, offset_m + height_m), (regulator.to, height_m)] {
                let upper = node == regulator.from;
                let node = &mut self.nodes[node];
                if node.shape.is_none() {
                    node.crown_m = node.crown_m.max(node.invert_m + above_m);
                    if upper && sideways && !node.outfall && node.depth_m < above_m {
                        node.depth_m = above_m;
                    }
                }
            }
        }
    }

    /// Initial flows stand in their conduits at normal depth; a manhole that the file leaves empty begins with the mean
    /// of its links, as in SWMM.
    fn fill_to_initial_flows(&mut self) {
        if self.links.iter().all(|l| l.init_m3_s == 0.0) {
            return;
        }
        let mut sums = vec![[0.0, 0.0]; self.nodes.len()];
        let depth = |l: &PlanLink| {
            let section = &self.sections[l.section];
            let normal = section.normal_depth_m(l.init_m3_s.abs() / l.barrels / l.beta);
            if normal > 0.0 { normal + l.offset_m[0] } else { 0.0 }
        };
        let depths: Vec<f64> = self.links.iter().map(depth).collect();
        for (k, (from, to)) in self.ends().into_iter().enumerate() {
            for node in [from, to] {
                sums[node][0] += depths.get(k).copied().unwrap_or(0.0);
                sums[node][1] += 1.0;
            }
        }
        for (node, [sum, count]) in self.nodes.iter_mut().zip(sums) {
            if node.shape.is_none() && !node.outfall && node.init_m <= 0.0 && count > 0.0 {
                node.init_m = (sum / count).min(node.depth_m);
            }
        }
    }

    /// Notes parts of the network from which no water gets out.
    fn look_for_outfalls(&mut self) {
        let mut near: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (a, b) in self.ends() {
            near[a].push(b);
            near[b].push(a);
        }
        let mut reached: Vec<bool> = self.nodes.iter().map(|n| n.outfall).collect();
        let mut front: Vec<usize> = (0..self.nodes.len()).filter(|k| reached[*k]).collect();
        if front.is_empty() && !self.nodes.is_empty() {
            self.notes.push("the network has no outfall: water only leaves it through manholes".into());
        }
        while let Some(k) = front.pop() {
            for m in std::mem::take(&mut near[k]) {
                if !std::mem::replace(&mut reached[m], true) {
                    front.push(m);
                }
            }
        }
        let lost: Vec<&str> =
            self.nodes.iter().zip(&reached).filter(|(_, r)| !**r).map(|(n, _)| n.id.as_str()).collect();
        if !lost.is_empty() && self.nodes.iter().any(|n| n.outfall) {
            let some = lost.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            self.notes.push(format!("{} nodes are not connected to an outfall ({some} …)", lost.len()));
        }
    }

    /// Number of nodes that can take water from the street.
    #[must_use]
    pub fn inlets(&self) -> usize {
        self.inlets.len()
    }

    /// Volume of a wet well alone at a head, m³; a manhole has none but what a pump's type 1 curve gives it, as in SWMM.
    pub(super) fn well_m3(&self, node: usize, head_m: f64) -> f64 {
        let n = &self.nodes[node];
        let depth = (head_m - n.invert_m).clamp(0.0, n.depth_m + n.surcharge_m);
        match &n.shape {
            Some(shape) => shape.volume_m3(depth),
            None if n.depth_m > 0.0 => n.pump_well_m3 * (depth / n.depth_m).min(1.0),
            None => 0.0,
        }
    }

    /// Volume of a node with its halves of the conduits at a head, m³, and how it grows, m².
    pub(super) fn volume(&self, node: usize, head_m: f64) -> (f64, f64) {
        let n = &self.nodes[node];
        let depth = head_m - n.invert_m;
        if depth <= 0.0 {
            let area = n.shape.as_ref().map_or(n.shaft_m2, |s| s.area_m2(0.0).max(1.0e-3));
            return (0.0, area);
        }
        let top = n.depth_m + n.surcharge_m;
        let inside = depth.min(top.max(1.0e-3));
        let (mut volume, mut area) = match &n.shape {
            Some(s) => (s.volume_m3(inside), s.area_m2(inside).max(1.0e-3)),
            None => {
                let crown = n.crown_m - n.invert_m;
                if self.crown_storage && crown > 0.0 && inside > crown {
                    let narrow = PRESSED_M2.min(n.shaft_m2);
                    // SWMM's surface fades out above the crown: a line that fills does not stop within a step.
                    let fade = (-SOFT * (inside - crown) / crown).exp();
                    let soft = (n.soft_m2 - narrow).max(0.0);
                    (
                        n.shaft_m2 * crown + narrow * (inside - crown) + soft * crown / SOFT * (1.0 - fade),
                        narrow + soft * fade,
                    )
                } else {
                    (n.shaft_m2 * inside, n.shaft_m2)
                }
            }
        };
        if depth > inside {
            // Above the rim: the pond, or (so wide that it does not rise) what is lost.
            area = if n.pond_m2 > 0.0 { n.pond_m2 } else { FLOODED_M2 };
            volume += area * (depth - inside);
        }
        for half in &self.halves[n.halves.clone()] {
            let y = head_m - half.bottom_m;
            if y > 0.0 {
                let section = &self.sections[half.section];
                let cut = CROWN_CUTOFF * section.full_m;
                let lower = n.crown_m > half.bottom_m + 1.01 * section.full_m;
                if self.crown_storage && lower && section.closed && y > cut {
                    let wet = section.at(cut);
                    let top = (n.crown_m - half.bottom_m).max(section.full_m);
                    volume += half.length_m * (wet.area_m2 + wet.width_m * (y.min(top) - cut));
                    area += if y < top { half.length_m * wet.width_m } else { 0.0 };
                    continue;
                }
                let wet = section.at(y);
                volume += half.length_m * wet.area_m2;
                if y < section.full_m {
                    area += half.length_m * wet.width_m;
                } else if self.slot && section.closed {
                    let (width, above) = section.slot(y);
                    volume += half.length_m * above;
                    area += half.length_m * width;
                }
            }
        }
        (volume, area)
    }

    /// The head at which a node holds a volume, m above datum; `near_m` is a guess.
    pub(super) fn head(&self, node: usize, volume_m3: f64, near_m: f64) -> f64 {
        let n = &self.nodes[node];
        if volume_m3 <= 0.0 {
            return n.invert_m;
        }
        let (mut low, mut high) = (n.invert_m, f64::INFINITY);
        let mut head = near_m.max(n.invert_m);
        for _ in 0..60 {
            let (volume, area) = self.volume(node, head);
            let miss = volume - volume_m3;
            if miss.abs() <= 1.0e-12 * volume_m3.max(1.0) {
                break;
            }
            if miss > 0.0 {
                high = head;
            } else {
                low = head;
            }
            let mut next = head - miss / area;
            if next <= low || next >= high {
                next = if high.is_finite() { 0.5 * (low + high) } else { low + 1.0 };
            }
            if (next - head).abs() <= 1.0e-13 * head.abs().max(1.0) {
                break;
            }
            head = next;
        }
        head
    }
}

/// Plan area over which lost floods spread, m²: the head stays at the rim.
pub(super) const FLOODED_M2: f64 = 1.0e6;
/// Plan area of a shaft above its pipes where SWMM counts none, m²: heads under pressure are what flows make them.
const PRESSED_M2: f64 = 0.05;
/// How fast the surface of a node's conduits fades out above its crown, over the crown's depth (SWMM: e^(−15 f)).
const SOFT: f64 = 15.0;
/// Shortest conduit, m.
const SHORTEST_M: f64 = 0.05;
/// Depth over full depth above which the surface of a closed conduit is too narrow to mean anything (SWMM).
const CROWN_CUTOFF: f64 = 0.96;
