//! What of a file is not modelled, and where water cannot get out.

use guanlan_city::model::drainage::DrainageNetwork;

use super::DrainPlan;
use crate::drains::culverts::Culvert;

impl DrainPlan {
    /// What the file asks for and this does not do.
    pub(super) fn say_what_is_not_modelled(&mut self, network: &DrainageNetwork) {
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

    /// Notes parts of the network from which no water gets out.
    pub(super) fn look_for_outfalls(&mut self) {
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
}
