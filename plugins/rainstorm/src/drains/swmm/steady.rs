//! Steps in which nothing changes are not routed (`SKIP_STEADY_STATE`, SWMM reference manual vol. II, 3.5): when no gate
//! or pump moves, the network's inflow and outflow agree within `SYS_FLOW_TOL`, and neither a lateral inflow nor what
//! reaches an outfall has changed by more than `LAT_FLOW_TOL`.

use guanlan_city::model::DrainageNetwork;

use super::{
    layout::Layout,
    state::{Rates, Waves},
};

/// Tolerances where the file names none.
const USUAL: f64 = 0.05;
/// Flows below this are none, m³/s (a millionth of a cubic foot per second).
const NONE_M3_S: f64 = 2.8e-8;

/// Largest relative changes at which a network counts as steady.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::drains) struct Steady {
    /// Of the whole network: outflow over inflow.
    system: f64,
    /// Of lateral inflows and outfalls.
    lateral: f64,
}

impl Steady {
    /// As the options of a file have it; `None` where every step is routed.
    pub fn of(network: &DrainageNetwork) -> Option<Self> {
        let percent = |key: &str| {
            let given = network.options.get(key).and_then(|v| v.trim().parse::<f64>().ok());
            given.filter(|v| v.is_finite() && *v >= 0.0).map_or(USUAL, |v| v / 100.0)
        };
        let on = network.option_yes("SKIP_STEADY_STATE");
        on.then(|| Self { system: percent("SYS_FLOW_TOL"), lateral: percent("LAT_FLOW_TOL") })
    }
}

impl Rates {
    /// How far what leaves is from what enters, relative.
    pub(super) fn imbalance(&self) -> f64 {
        let (comes, goes) = (self.inflow + self.backflow, self.flooded + self.outfall + self.evaporated + self.seeped);
        if comes != 0.0 {
            1.0 - goes / comes
        } else if goes != 0.0 {
            -1.0
        } else {
            0.0
        }
    }
}

fn changed(old: f64, new: f64) -> f64 {
    if old.abs() > NONE_M3_S {
        (new / old - 1.0).abs()
    } else if new.abs() > NONE_M3_S {
        1.0
    } else {
        0.0
    }
}

impl Waves {
    /// Lateral inflow of each node.
    pub(super) fn laterals(&self) -> Vec<f64> {
        self.joints.iter().map(|j| j.lateral_m3_s).collect()
    }

    /// Nothing has changed: `unbalanced` is the imbalance and `came` the lateral inflows of the step before.
    pub(super) fn is_steady(&self, layout: &Layout, unbalanced: f64, came: Option<&[f64]>) -> bool {
        let (Some(steady), Some(came)) = (layout.skips_steady, came) else { return false };
        let still = |((joint, state), came): ((&super::layout::Joint, &super::state::JointState), &f64)| {
            let ends = joint.outfall || joint.last;
            changed(*came, state.lateral_m3_s) <= steady.lateral
                && !(ends && changed(state.old_inflow_m3_s, state.inflow_m3_s) > steady.lateral)
        };
        unbalanced.abs() <= steady.system && layout.joints.iter().zip(&self.joints).zip(came).all(still)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::drains::{
        DrainPlan, Drains, Scheme,
        fixtures::{inflow, line},
    };

    #[test]
    fn a_steady_network_rests_and_wakes_when_its_inflow_changes() {
        let mut network = line([1.61, 1.305, 1.0], 122.0, 0.61, 0.013);
        network.inflows = vec![inflow(0, 0.1)];
        network.options.insert("ROUTING_STEP".into(), "5".into());
        let run = |skips: &str, rises: bool| {
            let mut network = network.clone();
            network.options.insert("SKIP_STEADY_STATE".into(), skips.into());
            if rises {
                (network.inflows[0].series, network.inflows[0].scale_m3_s) = (Some(0), 1.0);
                network.series = vec![guanlan_city::model::drainage::TimeSeries {
                    id: "late".into(),
                    points: vec![[0.0, 0.0], [7200.0, 0.0], [7260.0, 0.1], [36_000.0, 0.1]],
                    ..Default::default()
                }];
            }
            let mut drains = Drains::new(Arc::new(DrainPlan::alone(&network, Scheme::Swmm)));
            drains.run_to(6000.0);
            let calm = drains.flows_m3_s()[1];
            drains.run_to(12_000.0);
            (calm, drains.flows_m3_s()[1], drains.ledger().error_relative())
        };
        let (all, skipped) = (run("NO", false), run("YES", false));
        assert!((skipped.1 / all.1 - 1.0).abs() < 0.05, "{skipped:?} {all:?}");
        assert!(skipped.1 == skipped.0, "a network at rest is not computed: {skipped:?}");
        let woken = run("YES", true);
        assert!((woken.1 / 0.2 - 1.0).abs() < 0.05, "{woken:?}");
    }
}
