//! The report as Markdown.

use std::fmt::Write as _;

use guanlan_core::Lang;

use super::{Report, blocks::Block};

impl Report {
    /// The report as Markdown.
    #[must_use]
    pub fn markdown(&self, lang: Lang) -> String {
        let mut out = String::new();
        for block in self.blocks(lang) {
            match block {
                Block::Title(text) => {
                    let _ = writeln!(out, "# {}\n", cell(&text));
                }
                Block::Heading(text) => {
                    let _ = writeln!(out, "## {}\n", cell(&text));
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "{}\n", cell(&text));
                }
                Block::Table(head, rows) => {
                    let line = |cells: &[String]| cells.iter().map(|c| cell(c)).collect::<Vec<_>>().join(" | ");
                    let _ = writeln!(out, "| {} |", line(&head));
                    let _ = writeln!(out, "|{}", "---|".repeat(head.len()));
                    for row in rows {
                        let _ = writeln!(out, "| {} |", line(&row));
                    }
                    out.push('\n');
                }
                Block::List(items) => {
                    for item in items {
                        let _ = writeln!(out, "- {}", cell(&item));
                    }
                    out.push('\n');
                }
            }
        }
        out
    }
}

/// Text that cannot break a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}
