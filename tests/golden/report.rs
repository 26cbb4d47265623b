//! A page with expected, actual and difference side by side.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::compare::Measured;

/// A case as it came out.
pub struct Row {
    /// Name of the folder.
    pub name: String,
    /// What a person should see.
    pub shows: String,
    /// The accepted picture.
    pub expected: PathBuf,
    /// Folder with `actual.png` and `difference.png`.
    pub results: PathBuf,
    /// How far apart, or why there is nothing to compare.
    pub verdict: Result<Measured, String>,
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Writes the page; pictures are linked where they lie.
pub fn write(page: &Path, rows: &[Row]) -> std::io::Result<()> {
    let mut html = String::from(
        "<!doctype html><meta charset=utf-8><title>golden pictures</title><style>body{font:14px sans-serif;background:#111;\
         color:#ddd}img{width:32vw}h2{margin:24px 0 4px}.bad{color:#f66}</style>\n",
    );
    for row in rows {
        let (class, words) = match &row.verdict {
            Ok(m) if m.passes() => ("good", m.to_string()),
            Ok(m) => ("bad", m.to_string()),
            Err(error) => ("bad", error.clone()),
        };
        let at = |path: PathBuf| path.display().to_string();
        let _ = write!(
            html,
            "<h2 class={class}>{}</h2><p>{}<br>{}</p><img src=\"{}\" title=expected> <img src=\"{}\" title=actual> \
             <img src=\"{}\" title=difference>\n",
            escape(&row.name),
            escape(&row.shows),
            escape(&words),
            at(row.expected.clone()),
            at(row.results.join("actual.png")),
            at(row.results.join("difference.png")),
        );
    }
    if let Some(folder) = page.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(page, html)
}
