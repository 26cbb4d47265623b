//! The scheme as a whole, against what is known of flow in pipes; against EPA SWMM itself it is held by the validation.

use std::sync::Arc;

use guanlan_city::model::drainage::{
    Conduit, Divider, DividerKind, DrainNodeKind, DrainageNetwork, Orifice, OrificeKind, Storage, StorageShape,
};

use crate::drains::{
    DrainPlan, Drains, Scheme,
    fixtures::{inflow, line},
};

fn started(network: &DrainageNetwork) -> Drains {
    let plan = DrainPlan::alone(network, Scheme::Swmm);
    assert_eq!(plan.routing(), "swmm", "{:?}", plan.notes);
    Drains::new(Arc::new(plan))
}

#[test]
fn a_steady_inflow_stands_at_normal_depth_and_its_books_close_nearly() {
    let mut network = line([2.0, 1.0, 0.0], 200.0, 0.6, 0.013);
    network.inflows = vec![inflow(0, 0.1)];
    let mut drains = started(&network);
    drains.run_to(4.0 * 3600.0);
    let plan = drains.plan.clone();
    let reach = &plan.swmm.as_ref().unwrap().reaches[0];
    let normal = reach.normal_depth(0.1);
    for (k, q) in drains.flows_m3_s().iter().enumerate() {
        assert!((q / 0.1 - 1.0).abs() < 1e-3, "{k} {q}");
    }
    assert!((drains.depth_m(0) / normal - 1.0).abs() < 0.02, "{} {normal}", drains.depth_m(0));
    // Manning's equation by hand: .27 m of .6 m at a slope of .005.
    assert!((0.17..0.23).contains(&normal), "{normal}");
    let books = drains.ledger();
    assert!(books.error_relative() < 1e-2 && books.error_relative() > 0.0, "{books:?}");
    assert!((books.inflow_m3 - 1440.0).abs() < 2.0 && books.flooded_m3 == 0.0);
}

#[test]
fn what_a_line_cannot_take_comes_under_pressure_and_floods() {
    let mut network = line([2.0, 1.0, 0.0], 200.0, 0.3, 0.013);
    network.inflows = vec![inflow(0, 0.3)];
    let mut drains = started(&network);
    drains.run_to(3600.0);
    // Manhole a stands at its rim, 2 m above its invert, and both pipes carry what that head presses through.
    assert!((drains.depth_m(0) - 2.0).abs() < 1e-9);
    let [first, second] = drains.flows_m3_s()[..] else { panic!("two pipes") };
    assert!((first / second - 1.0).abs() < 0.01 && first < 0.15, "{first} {second}");
    let books = drains.ledger();
    assert!((books.flooded_m3 / ((0.3 - first) * 3600.0) - 1.0).abs() < 0.05, "{books:?}");
    assert!(books.error_relative() < 0.02, "{books:?}");
}

#[test]
fn moments_between_steps_are_shown_and_a_run_goes_on_from_its_bytes() {
    let mut network = line([2.0, 1.0, 0.0], 200.0, 0.6, 0.013);
    network.inflows = vec![inflow(0, 0.15)];
    network.options.insert("ROUTING_STEP".into(), "30".into());
    let mut straight = started(&network);
    let mut stopped = started(&network);
    for k in 1..=40 {
        // Looking at it more often changes nothing.
        stopped.run_to(f64::from(k) * 7.0);
        assert_eq!(stopped.time_s(), f64::from(k) * 7.0);
    }
    straight.run_to(280.0);
    assert_eq!(straight.save(), stopped.save());
    let mut resumed = started(&network);
    assert!(resumed.restore(&straight.save()));
    straight.run_to(1800.0);
    resumed.run_to(1800.0);
    assert_eq!(straight.save(), resumed.save());
    // A state of the other scheme does not fit.
    let mut other = Drains::new(Arc::new(DrainPlan::alone(&network, Scheme::Implicit)));
    assert!(!other.restore(&straight.save()) && !straight.restore(&other.save()));
}

#[test]
fn a_storage_empties_through_its_orifice_as_torricelli_says() {
    let mut network = line([1.0, 0.0, -1.0], 200.0, 0.6, 0.013);
    network.nodes[0].kind = DrainNodeKind::Storage;
    network.nodes[0].init_depth_m = 1.8;
    network.nodes[0].storage =
        Some(Storage { shape: StorageShape::Polynomial([50.0, 0.0, 0.0]), ..Storage::default() });
    network.conduits.remove(0);
    network.orifices = vec![Orifice {
        id: "o".into(),
        from: 0,
        to: 1,
        kind: OrificeKind::Bottom,
        discharge_coefficient: 0.6,
        shape: "CIRCULAR".into(),
        geom_m: [0.1, 0.1],
        ..Orifice::default()
    }];
    let mut drains = started(&network);
    drains.run_to(1800.0);
    // Free outfall: A dh/dt = −c a √(2 g h).
    let rate = 0.6 * 0.25 * std::f64::consts::PI * 0.01 * (2.0 * 9.81_f64).sqrt() / 50.0;
    let want = (1.8_f64.sqrt() - 0.5 * rate * 1800.0).powi(2);
    assert!((drains.depth_m(0) / want - 1.0).abs() < 0.01, "{} {want}", drains.depth_m(0));
    // What fills the dry pipe below comes of no node: SWMM's own error, which the books tell.
    assert!(drains.ledger().error_relative() < 5e-2, "{:?}", drains.ledger());
}

#[test]
fn a_dummy_conduit_passes_on_what_comes_and_a_closed_one_nothing() {
    let mut network = line([1.0, 1.0, 0.0], 100.0, 0.5, 0.013);
    network.conduits[0] = Conduit { shape: "DUMMY".into(), geom_m: [0.0; 4], ..network.conduits[0].clone() };
    network.inflows = vec![inflow(0, 0.05)];
    let mut drains = started(&network);
    drains.run_to(3600.0);
    assert!((drains.ledger().outfall_m3 / 180.0 - 1.0).abs() < 0.05, "{:?}", drains.ledger());
    drains.set_conduit_blocked("2", 1.0);
    drains.run_to(3700.0);
    assert!(drains.flows_m3_s()[0].abs() < 1e-9);
}

/// Water enters at the top of a tree under the kinematic wave.
fn tree(inflow_m3_s: f64) -> DrainageNetwork {
    let mut network = line([3.0, 2.0, 1.0], 200.0, 0.6, 0.013);
    network.inflows = vec![inflow(0, inflow_m3_s)];
    network.options.insert("FLOW_ROUTING".into(), "KINWAVE".into());
    network.options.insert("ROUTING_STEP".into(), "30".into());
    network
}

#[test]
fn a_tree_carries_what_comes_at_normal_depth_and_floods_the_rest() {
    for (enters, carried) in [(0.2, 0.2), (1.0, 0.434)] {
        let plan = Arc::new(DrainPlan::alone(&tree(enters), Scheme::Swmm));
        assert_eq!(plan.routing(), "kinematic", "{:?}", plan.notes);
        let mut drains = Drains::new(plan.clone());
        drains.run_to(7200.0);
        let flow = drains.flows_m3_s()[1];
        assert!((flow / carried - 1.0).abs() < 0.01, "{flow} {carried}");
        let reach = &plan.swmm.as_ref().unwrap().reaches[0];
        let want = if enters < 0.4 { reach.normal_depth(enters) } else { 2.0 };
        assert!((drains.depth_m(0) - want).abs() < 0.01, "{} {want}", drains.depth_m(0));
        let books = drains.ledger();
        assert!(books.error_relative() < 2e-2, "{books:?}");
        assert_eq!(books.flooded_m3 > 0.0, enters > carried);
    }
}

#[test]
fn steady_flow_is_at_the_outfall_at_once() {
    let mut network = tree(0.2);
    network.options.insert("FLOW_ROUTING".into(), "STEADY".into());
    let plan = Arc::new(DrainPlan::alone(&network, Scheme::Swmm));
    assert_eq!(plan.routing(), "steady");
    let mut drains = Drains::new(plan);
    drains.run_to(30.0);
    assert!((drains.flows_m3_s()[1] - 0.2).abs() < 1e-9);
}

#[test]
fn a_divider_splits_a_tree_and_what_is_no_tree_takes_the_dynamic_wave() {
    let mut split = tree(0.3);
    split.conduits.push(Conduit { id: "3".into(), to: 2, ..split.conduits[0].clone() });
    let plan = DrainPlan::alone(&split, Scheme::Swmm);
    assert_eq!(plan.routing(), "swmm");
    assert!(plan.notes.iter().any(|n| n.contains("2 links leave a")), "{:?}", plan.notes);
    split.nodes[0].kind = DrainNodeKind::Divider;
    split.nodes[0].divider = Some(Divider { link: "3".into(), kind: DividerKind::CutoffM3S(0.1) });
    let mut drains = Drains::new(Arc::new(DrainPlan::alone(&split, Scheme::Swmm)));
    assert_eq!(drains.plan().routing(), "kinematic");
    drains.run_to(3600.0);
    let flows = drains.flows_m3_s();
    assert!((flows[0] - 0.1).abs() < 1e-3 && (flows[2] - 0.2).abs() < 1e-3, "{flows:?}");
    let mut resumed = Drains::new(Arc::new(DrainPlan::alone(&split, Scheme::Swmm)));
    assert!(resumed.restore(&drains.save()));
    drains.run_to(5000.0);
    resumed.run_to(5000.0);
    assert_eq!(drains.save(), resumed.save());
}
