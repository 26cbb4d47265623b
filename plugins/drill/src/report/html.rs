//! The report as one HTML page.

use std::fmt::Write as _;

use guanlan_core::Lang;

use super::{Report, blocks::Block};

const STYLE: &str = "body{font:15px/1.6 'Noto Sans SC','Microsoft YaHei',sans-serif;max-width:70em;margin:2em auto;\
padding:0 1em;color:#1b2733}table{border-collapse:collapse;width:100%;margin:0 0 1.5em}th,td{border:1px solid #b8c4d0;\
padding:.35em .6em;text-align:left;vertical-align:top}th{background:#eef3f8}.mark{position:fixed;top:0;left:0;right:0;\
text-align:center;font-weight:700;letter-spacing:.5em;border-bottom:3px solid #8a5cf6;background:#f6f2ff}\
@media print{.mark{position:static}}";

impl Report {
    /// The report as one HTML page without outside parts.
    #[must_use]
    pub fn html(&self, lang: Lang) -> String {
        let mut out = String::new();
        let (code, mark) = match lang {
            Lang::Zh => ("zh-CN", "演 练"),
            Lang::En => ("en", "EXERCISE"),
        };
        let _ = writeln!(
            out,
            "<!doctype html><html lang=\"{code}\"><meta charset=\"utf-8\"><title>{}</title><style>{STYLE}</style>\
             <div class=\"mark\">{mark}</div>",
            escape(self.title.get(lang))
        );
        for block in self.blocks(lang) {
            match block {
                Block::Title(text) => {
                    let _ = writeln!(out, "<h1>{}</h1>", escape(&text));
                }
                Block::Heading(text) => {
                    let _ = writeln!(out, "<h2>{}</h2>", escape(&text));
                }
                Block::Paragraph(text) => {
                    let _ = writeln!(out, "<p>{}</p>", escape(&text));
                }
                Block::Table(head, rows) => {
                    let line = |tag: &str, cells: &[String]| {
                        let cells: String = cells.iter().map(|c| format!("<{tag}>{}</{tag}>", escape(c))).collect();
                        format!("<tr>{cells}</tr>")
                    };
                    let _ = writeln!(out, "<table>{}", line("th", &head));
                    for row in rows {
                        let _ = writeln!(out, "{}", line("td", &row));
                    }
                    out.push_str("</table>\n");
                }
                Block::List(items) => {
                    out.push_str("<ul>");
                    for item in items {
                        let _ = write!(out, "<li>{}</li>", escape(&item));
                    }
                    out.push_str("</ul>\n");
                }
            }
        }
        out.push_str("</html>\n");
        out
    }
}

/// Text that is no markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
