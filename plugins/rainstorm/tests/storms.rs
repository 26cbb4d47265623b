//! Design storms against the vectors of `shared/data/flood/bench/storm`.

use std::path::PathBuf;

use guanlan_rainstorm::storm::{ChicagoStorm, Coefficients, FormulaBook, chicago, read_hyetograph};

#[test]
fn chicago_storms_match_the_published_bins() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/flood/bench/storm"));
    let Ok(text) = std::fs::read_to_string(folder.join("chicago_expected.json")) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let book = FormulaBook::builtin().unwrap();
    let at = |id: &str, p: f64| book.get(id).unwrap().at_period(p).unwrap();
    let generic = Coefficients { a_mm_min: 2000.0 / 167.0 * (1.0 + 0.8 * 20f64.log10()), b_min: 10.0, n: 0.7 };
    let formulas = [
        ("beijing_II_P50_120min_r0.4", at("beijing_zone_II_gt5min", 50.0)),
        ("guangzhou_central_P10_120min_r0.4", at("guangzhou_central_2021_single", 10.0)),
        ("shanghai_P5_180min_r0.405", at("shanghai_2017", 5.0)),
        ("shenzhen_west_P50_120min_r0.35", at("shenzhen_2024_west_single", 50.0)),
        ("generic_A2000_C0.8_b10_n0.7_P20_60min_r0.375_1min", generic),
    ];
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (name, formula) in formulas {
        let want = &expected[name];
        let number = |key: &str| want[key].as_f64().unwrap();
        assert!((formula.a_mm_min / number("a_mm_min") - 1.0).abs() < 1e-9, "{name} a");
        assert!((formula.b_min - number("b")).abs() < 1e-9 && (formula.n - number("n")).abs() < 1e-9, "{name}");
        let storm = ChicagoStorm {
            formula,
            duration_min: number("T_min"),
            peak_ratio: number("r"),
            step_min: number("dt_min"),
        };
        let rain = chicago(&storm).unwrap();
        assert!((rain.total_mm() / number("total_mm") - 1.0).abs() < 1e-9, "{name} total");
        assert!((storm.peak_mm_h() / number("instant_peak_mm_h") - 1.0).abs() < 1e-9, "{name} peak");
        let file = std::fs::read_to_string(folder.join(format!("chicago_{name}.csv"))).unwrap();
        let recorded = read_hyetograph(&file, name).unwrap();
        let bins = (number("T_min") / number("dt_min")) as usize;
        for k in 0..bins {
            let (t0, t1) = (k as f64 * storm.step_min * 60.0, (k + 1) as f64 * storm.step_min * 60.0);
            let (got, want) = (rain.between_mm(t0, t1), recorded.between_mm(t0, t1));
            assert!((got - want).abs() < 2e-5 * want.max(1.0), "{name} bin {k}: {got} against {want}");
        }
    }
}

#[test]
fn signals_and_hazard_classes_are_those_of_the_book() {
    use guanlan_core::AlertLevel;
    use guanlan_rainstorm::{
        outputs::arr_class,
        storm::{RainSeries, rain_signal},
    };
    let file =
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/flood/bench/hazard/thresholds.json"));
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: no {}", file.display());
        return;
    };
    let book: serde_json::Value = serde_json::from_str(&text).unwrap();
    let levels = [AlertLevel::Blue, AlertLevel::Yellow, AlertLevel::Orange, AlertLevel::Red];
    for (key, level) in ["blue", "yellow", "orange", "red"].into_iter().zip(levels) {
        let words: Vec<f64> =
            book["cma_warning"][key].as_str().unwrap().split(' ').filter_map(|w| w.parse().ok()).collect();
        let [hours, mm] = words[..] else { panic!("{key}: {words:?}") };
        let reached = rain_signal(&RainSeries::uniform(mm / hours * 1.0001, hours * 3600.0));
        assert!(reached >= level, "{key}: {reached:?}");
        let missed = rain_signal(&RainSeries::uniform(mm / hours * 0.9999, hours * 3600.0));
        assert!(missed < level, "{key}: {missed:?}");
    }
    for (k, row) in book["arr_hazard"].as_array().unwrap().iter().enumerate().take(5) {
        let limit = |c: usize| row[c].as_f64().unwrap() as f32;
        let (product, d, v) = (limit(1), limit(2), limit(3));
        let class = k as u8 + 1;
        let speed = (product / d * 0.999).min(v);
        assert_eq!(arr_class(d, speed), class, "{row}");
        assert!(arr_class(d * 1.01, speed) > class, "deeper than {row}");
        assert!(arr_class(0.1, v * 1.01) > class, "faster than {row}");
    }
}

#[test]
fn the_scenes_that_come_with_the_program_are_valid() {
    use guanlan_rainstorm::{Scenario, scenario::Storm};
    let scenes = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenes"));
    let files = |folder: &str| -> Vec<PathBuf> {
        let all = std::fs::read_dir(scenes.join(folder)).unwrap().map(|e| e.unwrap().path());
        all.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect()
    };
    let (storms, scenarios) = (files("storms"), files("scenarios"));
    assert!(storms.len() >= 4 && scenarios.len() >= 2);
    for file in storms {
        let rain = Storm::load(&file).and_then(|s| s.rain(&scenes.join("storms"))).unwrap();
        assert!((20.0..400.0).contains(&rain.total_mm()), "{}: {} mm", file.display(), rain.total_mm());
    }
    for file in files("matrices") {
        let matrix = guanlan_rainstorm::matrix::Matrix::load(&file).unwrap();
        let runs = matrix.runs(matrix.scenario.as_ref().unwrap()).unwrap();
        assert!(runs.len() >= 4 && runs.iter().all(|r| r.choices.len() == matrix.axis.len()));
    }
    for file in scenarios {
        let scenario = Scenario::load(&file).unwrap();
        assert!(scenario.rain().unwrap().total_mm() > 20.0 && !scenario.name.zh.is_empty());
    }
    let schema = Scenario::json_schema();
    assert!(schema["properties"]["storm_file"].is_object() && schema["properties"]["drains"].is_object());
}
