//! Nonsense in the raster, the rain and the network: never a value that is no number, never lost water.

use std::sync::Arc;

use guanlan_city::model::drainage::{
    Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Inflow, Orifice, Outlet, OutletRating, Pump, Storage,
    StorageShape, Weir,
};
use guanlan_rainstorm::{
    drains::{DrainPlan, Drains, InletSettings, Scheme},
    storm::RainSeries,
    surface::{
        DomainBuilder, FixedLevel, Forcing, Fv1, Fv1Settings, Grid, InertialSettings, LocalInertial, LossModel,
        OpenCell, SoilClass, SurfaceSolver,
    },
};

/// xorshift64*: the same nonsense every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// Mostly a value of the range, sometimes nonsense.
    fn odd(&mut self, low: f64, high: f64) -> f64 {
        match self.below(40) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => -1.0e30,
            4 => 1.0e30,
            5 => -9999.0,
            6 => 0.0,
            _ => low + (high - low) * self.unit(),
        }
    }
}

fn raster(dice: &mut Dice) -> DomainBuilder {
    let (cols, rows) = (5 + dice.below(60), 1 + dice.below(25));
    let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: [0.5, 2.0, 10.0][dice.below(3)], cols, rows };
    let mut builder = DomainBuilder::new(grid);
    let steep = [0.1, 3.0, 60.0][dice.below(3)];
    for k in 0..grid.len() {
        builder.bed_m[k] = dice.odd(0.0, steep) as f32;
        builder.manning[k] = dice.odd(0.0, 0.1) as f32;
        builder.blocked[k] = dice.below(9) == 0;
        builder.roof[k] = dice.below(2) == 0;
        builder.class[k] = SoilClass::ALL[dice.below(5)];
    }
    let cell = |dice: &mut Dice| (dice.below(cols + 3), dice.below(rows + 3));
    for _ in 0..dice.below(6) {
        let (col, row) = cell(dice);
        builder.open.push(OpenCell { col, row, slope: dice.odd(-0.1, 0.3) as f32 });
        let (col, row) = cell(dice);
        builder.fixed.push(FixedLevel { col, row, depth_m: (2.0 * dice.unit()) as f32 });
    }
    let losses = [
        LossModel::RunoffCoefficient(0.7),
        LossModel::Horton { f0_mm_h: 80.0, fc_mm_h: 10.0, k_per_h: 4.0 },
        LossModel::CurveNumber(80.0),
    ];
    builder.losses = [losses[dice.below(3)]; 6];
    builder
}

#[test]
fn no_raster_makes_a_value_that_is_no_number() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut noted = 0;
    for round in 0..40 {
        let builder = raster(&mut dice);
        let domain = Arc::new(builder.build());
        noted += usize::from(!domain.notes().is_empty());
        let bins: Vec<f64> = (0..5).map(|_| dice.odd(0.0, 20.0)).filter(|d| !(*d > 1.0e3)).collect();
        let rain = RainSeries::from_bins(0.0, 30.0, &bins);
        let wet: Vec<f32> = (0..domain.grid.len()).map(|_| dice.odd(-0.5, 3.0).min(5.0) as f32).collect();
        let mut solvers: [Box<dyn SurfaceSolver>; 2] = [
            Box::new(LocalInertial::new(domain.clone(), InertialSettings::default(), None)),
            Box::new(Fv1::new(domain.clone(), Fv1Settings::default(), None)),
        ];
        for solver in &mut solvers {
            if round % 2 == 0 {
                solver.fill_depths(&|c, r| wet[r * domain.grid.cols + c]);
            }
            for k in 1..=4 {
                solver.advance(f64::from(k) * 10.0, &mut Forcing { rain: &rain, drains: None });
                let good = solver.depths_m().iter().all(|h| h.is_finite() && *h >= 0.0);
                assert!(good, "round {round} {}", solver.kernel_name());
            }
            let ledger = solver.ledger();
            assert!(ledger.error_relative <= 1e-6, "round {round} {}: {ledger:?}", solver.kernel_name());
            let mut speeds = true;
            solver.for_speeds(&mut |_, row| speeds &= row.iter().all(|v| v.is_finite()));
            assert!(speeds, "round {round} {}", solver.kernel_name());
        }
    }
    assert!(noted > 30, "{noted}");
}

fn network(dice: &mut Dice) -> DrainageNetwork {
    let mut n = DrainageNetwork::default();
    let count = 1 + dice.below(30);
    for k in 0..count {
        let kind = [DrainNodeKind::Junction, DrainNodeKind::Junction, DrainNodeKind::Outfall, DrainNodeKind::Storage];
        let kind = kind[dice.below(4)];
        n.nodes.push(DrainNode {
            id: format!("N{k}"),
            kind,
            place_m: (dice.below(5) > 0).then(|| [dice.odd(0.0, 200.0), dice.odd(0.0, 200.0)]),
            invert_m: dice.odd(-5.0, 5.0) as f32,
            max_depth_m: dice.odd(0.5, 6.0) as f32,
            ponded_area_m2: dice.odd(0.0, 50.0) as f32,
            init_depth_m: (3.0 * dice.unit()) as f32,
            storage: (kind == DrainNodeKind::Storage).then(|| Storage {
                shape: StorageShape::Functional { coefficient: 10.0 * dice.unit(), exponent: 0.5, constant_m2: 5.0 },
                ..Storage::default()
            }),
            ..DrainNode::default()
        });
        n.inflows.push(Inflow {
            node: dice.below(count + 2),
            baseline_m3_s: dice.odd(-0.5, 2.0).clamp(-5.0, 50.0),
            ..Inflow::default()
        });
    }
    // Cycles, loops onto oneself, ends that do not exist, parts without an outfall.
    for k in 0..dice.below(60) {
        let shapes = ["CIRCULAR", "RECT_CLOSED", "TRAPEZOIDAL", "EGG", "RECT_OPEN", "IRREGULAR", "?"];
        n.conduits.push(Conduit {
            id: format!("C{k}"),
            from: dice.below(count + 1),
            to: dice.below(count + 1),
            length_m: dice.odd(0.5, 300.0) as f32,
            roughness: dice.odd(0.005, 0.05) as f32,
            in_offset_m: dice.odd(-0.5, 1.0) as f32,
            out_offset_m: dice.odd(-0.5, 1.0) as f32,
            shape: shapes[dice.below(7)].into(),
            geom_m: [dice.odd(0.1, 2.0) as f32, dice.odd(0.1, 2.0) as f32, dice.odd(0.0, 2.0) as f32, 1.0],
            barrels: dice.below(3) as u8,
            flap_gate: dice.below(5) == 0,
            ..Conduit::default()
        });
    }
    for k in 0..4 {
        let (from, to) = (dice.below(count + 1), dice.below(count + 1));
        n.pumps.push(Pump {
            id: format!("P{k}"),
            from,
            to,
            curve_type: k,
            curve: vec![[0.0, 0.1], [3.0, dice.odd(0.0, 0.5) as f32]],
            ..Pump::default()
        });
        let (from, to) = (dice.below(count + 1), dice.below(count + 1));
        n.weirs.push(Weir {
            id: format!("W{k}"),
            from,
            to,
            coefficient_si: 1.8,
            geom: [1.0, dice.odd(0.1, 3.0), 0.5, 0.0],
            ..Weir::default()
        });
        n.orifices.push(Orifice {
            id: format!("O{k}"),
            from: to,
            to: from,
            discharge_coefficient: 0.65,
            shape: "CIRCULAR".into(),
            geom_m: [dice.odd(0.1, 1.0), 0.5],
            ..Orifice::default()
        });
        n.outlets.push(Outlet {
            id: format!("T{k}"),
            from,
            to,
            rating: OutletRating::Functional { coefficient_si: 0.2, exponent: 0.5 },
            ..Outlet::default()
        });
    }
    n
}

#[test]
fn no_network_loses_water_or_its_numbers() {
    let mut dice = Dice(0x1234_5678_9ABC_DEF1);
    let mut noted = 0;
    for round in 0..80 {
        let network = network(&mut dice);
        for scheme in [Scheme::Swmm, Scheme::Implicit] {
            let plan = Arc::new(DrainPlan::alone(&network, scheme));
            noted += usize::from(!plan.notes.is_empty());
            let mut drains = Drains::new(plan);
            for k in 1..=10 {
                drains.run_to(f64::from(k) * 60.0);
                assert!(drains.heads_m().iter().all(|h| h.is_finite()), "round {round}");
                assert!(drains.flows_m3_s().iter().all(|q| q.is_finite()), "round {round}");
            }
            let ledger = drains.ledger();
            // SWMM's scheme loses water where the network is nonsense, and says how much.
            let most = if scheme == Scheme::Implicit { 1e-6 } else { f64::MAX };
            assert!(ledger.error_relative() <= most, "round {round}: {ledger:?}");
        }
    }
    assert!(noted > 50, "{noted}");
}

#[test]
fn street_and_network_book_the_same_exchange() {
    let mut dice = Dice(77);
    for round in 0..30 {
        let network = network(&mut dice);
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 4.0, cols: 50, rows: 50 };
        let domain =
            Arc::new(DomainBuilder::new(grid).bed(|x, y| 5.0 + 0.3 * (x * 0.1).sin() * (y * 0.07).cos()).build());
        let plan = Arc::new(DrainPlan::new(&network, &domain, InletSettings::default()));
        let mut drains = Drains::new(plan);
        let mut solvers: [Box<dyn SurfaceSolver>; 2] = [
            Box::new(LocalInertial::new(domain.clone(), InertialSettings::default(), None)),
            Box::new(Fv1::new(domain.clone(), Fv1Settings::default(), None)),
        ];
        let solver = &mut solvers[round % 2];
        let rain = RainSeries::uniform(120.0, 600.0);
        solver.advance(600.0, &mut Forcing { rain: &rain, drains: Some(&mut drains) });
        let (street, below) = (solver.ledger(), drains.ledger());
        assert!(solver.depths_m().iter().all(|h| h.is_finite() && *h >= 0.0), "round {round}");
        assert!(street.error_relative <= 1e-6 && below.error_relative() <= 1e-6, "round {round}: {street:?} {below:?}");
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.max(b).max(1e-3);
        assert!(near(street.drained_m3, below.taken_m3), "round {round}: {street:?} {below:?}");
        assert!(near(street.surcharged_m3, below.returned_m3), "round {round}: {street:?} {below:?}");
    }
}
