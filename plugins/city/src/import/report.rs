//! What an importer says about a file.

use std::{collections::BTreeMap, path::PathBuf};

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use super::words::chinese;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A guess was made.
    Guessed,
    /// The source was wrong and could be put right.
    Repaired,
    /// An object was left out.
    Skipped,
    /// Nothing of the file can be used.
    Error,
}

/// One kind of problem, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// Class of the objects (`buildings`, `roads`, `junctions` …); empty when it is about the file.
    pub class: String,
    /// Line, object id or field, of the first occurrence; `where` in JSON.
    #[serde(rename = "where")]
    pub where_: String,
    /// What, and what was expected.
    pub message: String,
    /// The same in Chinese.
    pub message_zh: String,
    /// How often.
    pub count: usize,
}

impl Problem {
    /// A problem that occurred once.
    #[must_use]
    pub fn new(severity: Severity, class: &str, where_: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        let message_zh = chinese(&message);
        Self { severity, class: class.to_owned(), where_: where_.into(), message, message_zh, count: 1 }
    }

    /// What, in both languages.
    #[must_use]
    pub fn text(&self) -> Bilingual {
        Bilingual::new(self.message_zh.clone(), self.message.clone())
    }
}

/// How many objects of a class were read, repaired, skipped, guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Read.
    pub read: usize,
    /// Put right.
    pub repaired: usize,
    /// Left out.
    pub skipped: usize,
    /// Guesses made.
    pub guessed: usize,
    /// Failed as a whole.
    pub errors: usize,
}

/// Distinct problems kept; a file can be wrong in as many ways as it has lines.
const MAX_PROBLEMS: usize = 2000;

/// What was read from files and what was not, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Objects read, by class (`buildings`, `roads` …).
    pub read: BTreeMap<String, usize>,
    /// Problems in order of first occurrence; equal messages are counted, not repeated.
    pub problems: Vec<Problem>,
    /// Class that problems are noted for.
    #[serde(skip)]
    class: String,
}

impl Report {
    /// Counts `n` objects of a class as read.
    pub fn count(&mut self, class: &str, n: usize) {
        *self.read.entry(class.to_owned()).or_default() += n;
    }

    /// Problems noted from now on are about objects of this class; empty: about the file.
    pub fn about(&mut self, class: &str) {
        class.clone_into(&mut self.class);
    }

    /// Notes a problem; an equal message of equal severity is counted.
    pub fn note(&mut self, severity: Severity, where_: impl Into<String>, message: impl Into<String>) {
        let message = message.into();
        let class = &self.class;
        let equal = |p: &&mut Problem| p.severity == severity && p.message == message && p.class == *class;
        if let Some(known) = self.problems.iter_mut().find(equal) {
            known.count += 1;
        } else if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(severity, class, where_, message));
        } else {
            let rest = |p: &&mut Problem| p.severity == severity && p.message == MORE;
            match self.problems.iter_mut().find(rest) {
                Some(known) => known.count += 1,
                None => self.problems.push(Problem::new(severity, "", where_, MORE)),
            }
        }
    }

    /// Adds another file's report.
    pub fn merge(&mut self, other: Self) {
        for (class, n) in other.read {
            self.count(&class, n);
        }
        self.problems.extend(other.problems);
    }

    /// By class of objects: how many were read, repaired, skipped and guessed. What is about files is under `files`.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<String, Tally> {
        tally(&self.read, &self.problems)
    }
}

/// [`Report::tally`] of counts and problems.
#[must_use]
pub fn tally(read: &BTreeMap<String, usize>, problems: &[Problem]) -> BTreeMap<String, Tally> {
    let mut all: BTreeMap<String, Tally> = BTreeMap::new();
    for (class, n) in read {
        all.entry(class.clone()).or_default().read += n;
    }
    for problem in problems {
        let class = if problem.class.is_empty() { "files" } else { &problem.class };
        let tally = all.entry(class.to_owned()).or_default();
        match problem.severity {
            Severity::Guessed => tally.guessed += problem.count,
            Severity::Repaired => tally.repaired += problem.count,
            Severity::Skipped => tally.skipped += problem.count,
            Severity::Error => tally.errors += problem.count,
        }
    }
    all
}

/// What stands for problems beyond those that are kept.
const MORE: &str = "further problems of other kinds are only counted";

/// What is in a file, for `guanlan inspect`. `extent` is in the file's own CRS.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Path as given.
    pub path: PathBuf,
    /// `CityJSON`, `CityJSONSeq`, `OSM XML`, `OSM PBF`, `GeoTIFF`, `ESRI ASCII grid`, `SWMM`, `GeoJSON`, `glTF`.
    pub format: String,
    /// Version in the file, or empty.
    pub version: String,
    /// CRS as `EPSG:n`, or empty when the file does not say.
    pub crs: String,
    /// `[minx, miny, minz, maxx, maxy, maxz]`; `None` when it has no coordinates.
    pub extent: Option<[f64; 6]>,
    /// Counts by class.
    pub counts: BTreeMap<String, usize>,
    /// Problems.
    pub problems: Vec<Problem>,
}

/// A file cannot be used. The message names file, place and reason.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{path}: {place}{reason}", path = path.display(), place = if place.is_empty() { String::new() } else { format!("{place}: ") })]
pub struct ImportError {
    /// The file.
    pub path: PathBuf,
    /// Line, object or field; may be empty.
    pub place: String,
    /// What is wrong and what was expected.
    pub reason: String,
}

impl ImportError {
    /// What it says, in both languages.
    #[must_use]
    pub fn text(&self) -> Bilingual {
        let english = self.to_string();
        let place = if self.place.is_empty() { String::new() } else { format!("{}：", self.place) };
        Bilingual::new(format!("{}：{place}{}", self.path.display(), chinese(&self.reason)), english)
    }

    /// An error at a place in a file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), place: place.into(), reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_counted_by_class_and_never_without_end() {
        let mut report = Report::default();
        report.count("buildings", 3);
        report.about("buildings");
        for i in 0..5 {
            report.note(Severity::Guessed, format!("way/{i}"), "a building's height is a guess (height:levels)");
        }
        report.about("");
        report.note(Severity::Repaired, "x", "coordinates in feet made metres");
        assert_eq!(report.problems.len(), 2);
        assert_eq!((report.problems[0].where_.as_str(), report.problems[0].count), ("way/0", 5));
        assert_eq!(
            report.problems[0].text(),
            Bilingual::new("建筑高度由层数推定", "a building's height is a guess (height:levels)")
        );
        let tally = report.tally();
        assert_eq!(tally["buildings"], Tally { read: 3, guessed: 5, ..Tally::default() });
        assert_eq!(tally["files"].repaired, 1);
        for i in 0..9000 {
            report.note(Severity::Skipped, "", format!("row {i}"));
        }
        assert!(report.problems.len() <= MAX_PROBLEMS + 4);
        assert_eq!(report.tally()["files"].skipped, 9000);
        let error = ImportError::new("a.tif", "header", "no ModelTiepoint");
        assert_eq!(
            error.text(),
            Bilingual::new("a.tif：header：没有 ModelTiepoint", "a.tif: header: no ModelTiepoint")
        );
    }
}
