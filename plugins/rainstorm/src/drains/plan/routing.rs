//! Which scheme routes a network, and what is said of the others.

use guanlan_city::model::drainage::{DrainNodeKind, DrainageNetwork};

use super::DrainPlan;
use crate::drains::swmm::{Layout, Tree};

impl DrainPlan {
    /// The file's routing, when that is not the dynamic wave: whether it is the kinematic wave (false) or steady flow
    /// (true), and its name.
    pub(super) fn other_routing(&mut self, network: &DrainageNetwork) -> Option<(Result<bool, String>, String)> {
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

    pub(super) fn say_dynamic(&mut self, routing: &str, why: &str) {
        self.notes.push(format!("FLOW_ROUTING {routing}: the dynamic wave is used instead ({why})"));
    }

    /// SWMM's scheme for the file's routing: along a tree where it asks for it and is one.
    pub(super) fn take_scheme(&mut self, network: &DrainageNetwork) {
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

    pub(super) fn say_dividers(&mut self, network: &DrainageNetwork) {
        let count = network.nodes.iter().filter(|n| n.kind == DrainNodeKind::Divider).count();
        if count > 0 {
            self.notes.push(format!("{count} dividers: junctions under dynamic wave routing, as in SWMM"));
        }
    }
}
