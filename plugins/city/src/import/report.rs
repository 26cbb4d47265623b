//! What an importer says about a file.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

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
    /// Line, object id or field, of the first occurrence; `where` in JSON.
    #[serde(rename = "where")]
    pub where_: String,
    /// What, and what was expected.
    pub message: String,
    /// How often.
    pub count: usize,
}

/// What was read from files and what was not, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Objects read, by class (`buildings`, `roads` …).
    pub read: BTreeMap<String, usize>,
    /// Problems in order of first occurrence; equal messages are counted, not repeated.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Counts `n` objects of a class as read.
    pub fn count(&mut self, class: &str, n: usize) {
        *self.read.entry(class.to_owned()).or_default() += n;
    }

    /// Notes a problem; an equal message of equal severity is counted.
    pub fn note(&mut self, severity: Severity, where_: impl Into<String>, message: impl Into<String>) {
        let message = message.into();
        match self.problems.iter_mut().find(|p| p.severity == severity && p.message == message) {
            Some(known) => known.count += 1,
            None => self.problems.push(Problem { severity, where_: where_.into(), message, count: 1 }),
        }
    }

    /// Adds another file's report.
    pub fn merge(&mut self, other: Self) {
        for (class, n) in other.read {
            self.count(&class, n);
        }
        self.problems.extend(other.problems);
    }
}

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
    /// An error at a place in a file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), place: place.into(), reason: reason.into() }
    }
}
