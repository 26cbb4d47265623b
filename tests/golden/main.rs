//! Golden pictures: what the program draws, compared with what was looked at and found good.
//!
//! Each folder beside this file is a case: `case.toml` (the arguments of `guanlan render`) and `expected.png`.
//! All pictures are drawn by Mesa's software Vulkan, so that every machine draws the same.
//!
//! ```sh
//! cargo test --release --test golden                            # compare
//! GUANLAN_GOLDEN=oldtown cargo test --release --test golden     # only cases whose name contains this
//! GUANLAN_GOLDEN_ACCEPT=1 cargo test --release --test golden    # new pictures become the expected ones; fails on purpose
//! ```
//!
//! After a failure `target/golden/index.html` shows expected, actual and difference side by side.

mod compare;
mod report;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// One picture.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What a person should see in it.
    shows: String,
    /// Arguments of `guanlan render`, without `--out`.
    args: Vec<String>,
}

fn cases() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let only = std::env::var("GUANLAN_GOLDEN").unwrap_or_default();
    let mut found: Vec<(String, PathBuf)> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.toml").is_file())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .filter(|(name, _)| name.contains(&only))
        .collect();
    found.sort();
    found
}

/// The drivers of Mesa's software Vulkan, by the loader's own variable.
fn software_driver() -> Option<String> {
    let folder = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?;
    let mut files: Vec<String> = folder
        .filter_map(|entry| Some(entry.ok()?.path().to_string_lossy().into_owned()))
        .filter(|path| path.contains("lvp_icd") && !path.contains("i686"))
        .collect();
    files.sort();
    files.into_iter().next()
}

/// Draws a case into `out`; what the program said when it failed.
fn draw(case: &Case, out: &Path) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanlan"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("render").args(&case.args).arg("--out").arg(out);
    if let Some(driver) = software_driver() {
        command.env("VK_DRIVER_FILES", &driver).env("VK_ICD_FILENAMES", &driver);
    }
    let output = command.output().map_err(|e| format!("can not start: {e}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)))
    }
}

#[test]
fn pictures_are_as_they_were_when_somebody_looked() {
    let accept = std::env::var_os("GUANLAN_GOLDEN_ACCEPT").is_some();
    let results = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    let cases = cases();
    assert!(cases.len() >= 10 || std::env::var_os("GUANLAN_GOLDEN").is_some(), "cases are missing");
    let mut rows = Vec::new();
    let mut wrong = Vec::new();
    for (name, folder) in &cases {
        let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
        let case: Case = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.toml: {e}"));
        let (expected, results) = (folder.join("expected.png"), results.join(name));
        std::fs::create_dir_all(&results).unwrap();
        let actual = results.join("actual.png");
        let verdict = draw(&case, &actual).and_then(|()| {
            if accept {
                std::fs::copy(&actual, &expected).map_err(|e| e.to_string())?;
            }
            compare::compare(&expected, &actual, &results.join("difference.png"))
        });
        match &verdict {
            Ok(measured) if measured.passes() => println!("{name}: {measured}"),
            Ok(measured) => wrong.push(format!("{name}: {measured}")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
        rows.push(report::Row { name: name.clone(), shows: case.shows, expected, results, verdict });
    }
    let page = results.join("index.html");
    report::write(&page, &rows).unwrap();
    assert!(wrong.is_empty(), "{}\nlook at {}", wrong.join("\n"), page.display());
    assert!(!accept, "{} pictures accepted: look at {} and commit them", rows.len(), page.display());
}
