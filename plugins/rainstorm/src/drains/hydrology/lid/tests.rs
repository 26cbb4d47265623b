use guanlan_city::model::drainage::{LidDrain, LidMat, LidPavement, LidSoil, LidStorage, LidSurface};

use super::*;

/// Example 4 of EPA SWMM's own tests, in metres.
fn control(kind: LidKind) -> LidControl {
    LidControl {
        id: format!("{kind:?}"),
        kind,
        surface: LidSurface { thickness_m: 0.15, void_share: 0.9, roughness: 0.1, slope: 0.01, side_slope: 5.0 },
        pavement: if kind == LidKind::PermeablePavement {
            LidPavement { thickness_m: 0.15, void_share: 0.13, conductivity_m_s: 7.0e-4, ..LidPavement::default() }
        } else {
            LidPavement::default()
        },
        soil: if matches!(kind, LidKind::BioRetention | LidKind::RainGarden | LidKind::GreenRoof) {
            LidSoil {
                thickness_m: 0.3,
                porosity: 0.5,
                field_capacity: 0.2,
                wilting_point: 0.1,
                conductivity_m_s: 3.5e-6,
                conductivity_slope: 10.0,
                suction_m: 0.09,
            }
        } else {
            LidSoil::default()
        },
        storage: LidStorage { thickness_m: 0.3, void_share: 0.43, seepage_m_s: 1.4e-6, ..LidStorage::default() },
        drain: LidDrain {
            coefficient_m_s: 3.5e-6,
            exponent: 0.5,
            unit_m: 0.0254,
            offset_m: 0.05,
            ..LidDrain::default()
        },
        mat: LidMat { thickness_m: 0.025, void_share: 0.5, roughness: 0.1 },
    }
}

fn lid(kind: LidKind) -> Lid {
    let usage = LidUsage { number: 2.0, area_m2: 50.0, width_m: 10.0, initial: 0.1, ..LidUsage::default() };
    Lid::of(&usage, &control(kind), &Infiltration::None, None)
}

const KINDS: [LidKind; 8] = [
    LidKind::BioRetention,
    LidKind::RainGarden,
    LidKind::GreenRoof,
    LidKind::InfiltrationTrench,
    LidKind::PermeablePavement,
    LidKind::RainBarrel,
    LidKind::VegetativeSwale,
    LidKind::RooftopDisconnection,
];

#[test]
fn books_of_every_kind_close_under_any_rain_and_window() {
    for kind in KINDS {
        for span_s in [5.0, 60.0, 300.0] {
            let lid = lid(kind);
            let mut s = lid.begin();
            let (mut came, mut went) = (lid.stored_m(&s.level), 0.0);
            for k in 0..2000_u32 {
                let rain = if k % 97 < 30 { f64::from(k % 7) * 1.2e-5 } else { 0.0 };
                let w = LidWeather {
                    inflow: rain * 3.0,
                    rain,
                    evaporation: 5.0e-8,
                    native: if rain > 0.0 { 1.0e-6 } else { 0.0 },
                    native_most: f64::INFINITY,
                    span_s,
                };
                let out = lid.step(&mut s, w);
                for part in [out.evaporated_m, out.infiltrated_m, out.surface_m, out.drain_m] {
                    assert!(part >= 0.0 && part.is_finite(), "{kind:?} {out:?}");
                }
                came += w.inflow * span_s;
                went += out.evaporated_m + out.infiltrated_m + out.surface_m + out.drain_m;
            }
            let held = lid.stored_m(&s.level);
            assert!((came - went - held).abs() < 1e-9 * came, "{kind:?} {span_s}: {came} {went} {held}");
        }
    }
}

#[test]
fn a_barrel_fills_then_spills_and_waits_with_its_drain() {
    let mut control = control(LidKind::RainBarrel);
    control.drain.offset_m = 0.0;
    control.drain.delay_s = 3600.0;
    let usage = LidUsage { number: 1.0, area_m2: 1.0, ..LidUsage::default() };
    let lid = Lid::of(&usage, &control, &Infiltration::None, None);
    let mut s = lid.begin();
    let rain = LidWeather { inflow: 1.0e-4, rain: 1.0e-4, span_s: 60.0, native_most: 1.0, ..LidWeather::default() };
    let spilt: f64 = (0..60).map(|_| lid.step(&mut s, rain)).map(|o| o.surface_m + o.drain_m).sum();
    // 0.36 m of rain on 0.3 m of barrel.
    assert!((spilt - 0.06).abs() < 1e-9, "{spilt}");
    let dry = LidWeather { inflow: 0.0, rain: 0.0, ..rain };
    let first: f64 = (0..59).map(|_| lid.step(&mut s, dry).drain_m).sum();
    assert_eq!(first, 0.0, "the drain waits an hour");
    // Torricelli: √h falls by half the coefficient per second, in inches.
    let out: f64 = (0..60).map(|_| lid.step(&mut s, dry).drain_m).sum();
    let c = control.drain.coefficient_m_s / 0.0254;
    let root = (0.3_f64 / 0.0254).sqrt() - 0.5 * c * 3540.0;
    assert!((out - (0.3 - root * root * 0.0254)).abs() < 2e-4, "{out}");
}

#[test]
fn a_pavement_takes_rain_up_to_its_storage_and_seepage() {
    let mut control = control(LidKind::PermeablePavement);
    control.surface.thickness_m = 0.0;
    control.drain.coefficient_m_s = 0.0;
    let usage = LidUsage { number: 1.0, area_m2: 100.0, width_m: 10.0, ..LidUsage::default() };
    let lid = Lid::of(&usage, &control, &Infiltration::None, None);
    let mut s = lid.begin();
    // 60 mm/h for two hours: 0.129 m in the gravel, 0.0195 m in the pavement, seepage of 5 mm/h.
    let rain =
        LidWeather { inflow: 60.0e-3 / 3600.0, rain: 1.0e-5, span_s: 60.0, native_most: 1.0, ..LidWeather::default() };
    let out: Vec<LidOut> = (0..120).map(|_| lid.step(&mut s, rain)).collect();
    assert!(out.iter().all(|o| o.surface_m < 1e-12), "nothing runs off");
    let soaked: f64 = out.iter().map(|o| o.infiltrated_m).sum();
    assert!((soaked - 1.4e-6 * 7200.0).abs() < 1e-3, "{soaked}");
    let later: f64 = (0..120).map(|_| lid.step(&mut s, rain)).map(|o| o.surface_m).sum();
    // 0.24 m came in all; what does not fit and does not seep runs off.
    let fits = 0.3 * 0.43 + 0.15 * 0.13 + 1.4e-6 * 14_400.0;
    assert!((later - (0.24 - fits)).abs() < 6e-3, "{later} {fits}");
}
