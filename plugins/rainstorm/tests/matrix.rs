//! A matrix of runs: in parallel, resumed after an interruption, compared in one page.

mod common;

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use guanlan_rainstorm::{
    matrix::{BatchOptions, BatchProgress, Matrix, run_batch},
    report::{ReportHead, RunFacts, comparison},
};

const SCENARIO: &str = "name = { zh = \"小城\", en = \"Town\" }\ncell_m = 10.0\nduration_min = 40.0\noutput_min = 20.0\n[storm]\n\
                        kind = \"uniform\"\nintensity_mm_h = 80.0\nduration_min = 20.0\n";
const MATRIX: &str = r#"
name = { zh = "对比", en = "Comparison" }
base = "heavy+as_is"
[[axis]]
name = { zh = "暴雨", en = "Storm" }
[[axis.value]]
id = "heavy"
name = { zh = "大雨", en = "Heavy" }
[[axis.value]]
id = "light"
name = { zh = "小雨", en = "Light" }
set = { storm = { intensity_mm_h = 30.0 } }
[[axis]]
name = { zh = "泵站", en = "Pumps" }
[[axis.value]]
id = "as_is"
name = { zh = "正常", en = "As is" }
[[axis.value]]
id = "failed"
name = { zh = "停泵", en = "Pump fails" }
set = { drains = { failed_pumps = ["P1"] } }
"#;

#[test]
fn a_matrix_is_resumed_and_compared() {
    let city = common::small_city();
    let dir = tempfile::tempdir().unwrap();
    let (s, m, out) = (dir.path().join("s.toml"), dir.path().join("m.toml"), dir.path().join("out"));
    std::fs::write(&s, SCENARIO).unwrap();
    std::fs::write(&m, MATRIX).unwrap();
    let matrix = Matrix::load(&m).unwrap();
    let runs = matrix.runs(&s).unwrap();
    let seen = Mutex::new(Vec::new());
    let progress = |p: &BatchProgress| seen.lock().unwrap().push(p.clone());
    let options = |cancel| BatchOptions {
        out: out.clone(),
        jobs: 2,
        checkpoint_s: 0.0,
        progress: Some(&progress),
        cancel,
        surface: None,
    };

    // Stopped once the first run is done.
    let stop = AtomicBool::new(false);
    let stopper = |p: &BatchProgress| {
        if p.done >= 1 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let first = BatchOptions { progress: Some(&stopper), cancel: Some(&stop), ..options(None) };
    assert!(run_batch(&city, &runs, &first).is_err(), "cancelled");

    let results = run_batch(&city, &runs, &options(None)).unwrap();
    assert_eq!(
        results.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(),
        ["heavy+as_is", "heavy+failed", "light+as_is", "light+failed"]
    );
    assert!(results.iter().all(|r| r.error.is_none()));
    let skipped = results.iter().filter(|r| r.skipped).count();
    assert!((1..4).contains(&skipped), "{results:?}");
    let last = seen.lock().unwrap().last().cloned().unwrap();
    assert_eq!((last.runs, last.done, last.skipped), (4, 4, skipped));
    assert!((last.share - 1.0).abs() < 1e-9);

    // The same as one that was never stopped.
    let whole = BatchOptions { out: dir.path().join("whole"), ..options(None) };
    run_batch(&city, &runs, &whole).unwrap();
    for run in &runs {
        for name in ["series.csv", "impact.json", "max_depth.tif", "depth_1200.tif"] {
            let read = |root: &std::path::Path| std::fs::read(root.join("runs").join(&run.id).join(name)).unwrap();
            if name.ends_with(".tif") && name.starts_with("max") {
                // Its facts carry no wall time: equal bytes.
                assert!(read(&out) == read(&dir.path().join("whole")), "{} {name}", run.id);
            } else {
                assert!(read(&out) == read(&dir.path().join("whole")), "{} {name}", run.id);
            }
        }
        assert!(!out.join("runs").join(&run.id).join("checkpoint.bin").exists());
    }
    // All done: nothing runs. A changed scenario runs again, alone.
    assert!(run_batch(&city, &runs, &options(None)).unwrap().iter().all(|r| r.skipped));
    std::fs::write(&m, MATRIX.replace("intensity_mm_h = 30.0", "intensity_mm_h = 35.0")).unwrap();
    let changed = Matrix::load(&m).unwrap().runs(&s).unwrap();
    let again = run_batch(&city, &changed, &options(None)).unwrap();
    assert_eq!(again.iter().map(|r| r.skipped).collect::<Vec<_>>(), [true, true, false, false]);

    let facts: Vec<RunFacts> = runs
        .iter()
        .map(|r| {
            let choices = r.choices.iter().map(|(a, v)| (a.zh.clone(), v.zh.clone())).collect();
            RunFacts::read(&out.join("runs").join(&r.id), &r.id, choices).unwrap()
        })
        .collect();
    let head = ReportHead { title: ["对比".into(), "Comparison".into()], failed: vec![("x".into(), "<why>".into())] };
    let page = comparison(&head, &city, &facts, matrix.base_index());
    for word in [
        "大雨 · 停泵",
        "data:image/png;base64,",
        "<svg",
        "基准",
        "水量误差",
        "&lt;why&gt;",
        "Water books",
        "中山路下穿",
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("NaN"), "offline");
    let maps = 4 + 3;
    assert_eq!(page.matches("<figure>").count(), 5 * maps, "a map of each run and a difference of all but the base");
    for aspect in ["最大水深", "最大流速", "最大危险等级", "到达时间", "历时"] {
        assert!(page.contains(&format!("<h3>{aspect}<")), "{aspect} is compared");
    }
    assert_eq!(page.matches("id=\"ground\"").count(), 1, "the ground lies in the page once");
    assert!(RunFacts::read(dir.path(), "x", vec![]).unwrap_err().contains("summary.json"));
}

#[test]
fn a_run_that_cannot_be_made_does_not_stop_the_others() {
    let city = common::small_city();
    let dir = tempfile::tempdir().unwrap();
    let (s, m) = (dir.path().join("s.toml"), dir.path().join("m.toml"));
    std::fs::write(&s, SCENARIO).unwrap();
    std::fs::write(&m, MATRIX.replace("[\"P1\"]", "[\"P7\"]")).unwrap();
    let runs = Matrix::load(&m).unwrap().runs(&s).unwrap();
    let options = BatchOptions {
        out: dir.path().join("out"),
        jobs: 0,
        checkpoint_s: 60.0,
        progress: None,
        cancel: None,
        surface: None,
    };
    let results = run_batch(&city, &runs, &options).unwrap();
    assert_eq!(results.iter().map(|r| r.error.is_some()).collect::<Vec<_>>(), [false, true, false, true]);
    assert!(results[1].error.as_ref().is_some_and(|e| e.contains("P7")));
}
