//! The text of a SWMM input file: sections, rows and tokens with their line numbers.

use std::borrow::Cow;

/// A row of a section.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Line in the file, first is 1.
    pub line: usize,
    /// Tokens; quotes removed.
    pub words: Vec<&'a str>,
}

/// A section: its keyword in capitals without brackets, and its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Section<'a> {
    /// `JUNCTIONS`, `CONDUITS` …
    pub name: String,
    /// Line of the keyword.
    pub line: usize,
    /// Rows that are not empty and not comments.
    pub rows: Vec<Row<'a>>,
}

/// How keywords begin, as SWMM takes them, and what they are in full; longer beginnings first.
const SECTIONS: [(&str, &str); 57] = [
    ("TITLE", "TITLE"),
    ("OPTION", "OPTIONS"),
    ("FILE", "FILES"),
    ("RAINGAGE", "RAINGAGES"),
    ("TEMPERATURE", "TEMPERATURE"),
    ("EVAP", "EVAPORATION"),
    ("SUBCATCHMENT", "SUBCATCHMENTS"),
    ("SUBAREA", "SUBAREAS"),
    ("INFIL", "INFILTRATION"),
    ("AQUIFER", "AQUIFERS"),
    ("GROUNDWATER", "GROUNDWATER"),
    ("GWF", "GWF"),
    ("GW_FLOW", "GWF"),
    ("SNOWPACK", "SNOWPACKS"),
    ("JUNC", "JUNCTIONS"),
    ("OUTFALL", "OUTFALLS"),
    ("STORAGE", "STORAGE"),
    ("DIVIDER", "DIVIDERS"),
    ("CONDUIT", "CONDUITS"),
    ("PUMP", "PUMPS"),
    ("ORIFICE", "ORIFICES"),
    ("WEIR", "WEIRS"),
    ("OUTLET", "OUTLETS"),
    ("XSECT", "XSECTIONS"),
    ("TRANSECT", "TRANSECTS"),
    ("LOSS", "LOSSES"),
    ("CONTROL", "CONTROLS"),
    ("POLLUT", "POLLUTANTS"),
    ("LANDUSE", "LANDUSES"),
    ("BUILDUP", "BUILDUP"),
    ("WASHOFF", "WASHOFF"),
    ("COVERAGE", "COVERAGES"),
    ("INFLOW", "INFLOWS"),
    ("DWF", "DWF"),
    ("PATTERN", "PATTERNS"),
    ("RDII", "RDII"),
    ("HYDROGRAPH", "HYDROGRAPHS"),
    ("LOADING", "LOADINGS"),
    ("TREATMENT", "TREATMENT"),
    ("CURVE", "CURVES"),
    ("TIMESERIES", "TIMESERIES"),
    ("REPORT", "REPORT"),
    ("MAP", "MAP"),
    ("COORDINATE", "COORDINATES"),
    ("VERTICES", "VERTICES"),
    ("POLYGON", "POLYGONS"),
    ("SYMBOL", "SYMBOLS"),
    ("LABEL", "LABELS"),
    ("BACKDROP", "BACKDROP"),
    ("TAG", "TAGS"),
    ("PROFILE", "PROFILES"),
    ("LID_CONTROL", "LID_CONTROLS"),
    ("LID_USAGE", "LID_USAGE"),
    ("ADJUSTMENT", "ADJUSTMENTS"),
    ("EVENT", "EVENTS"),
    ("STREET", "STREETS"),
    ("INLET_USAGE", "INLET_USAGE"),
];

/// Splits a file. Rows before the first section are lost: SWMM ignores them as well.
#[must_use]
pub fn sections<'a>(text: &'a Cow<'a, str>) -> Vec<Section<'a>> {
    let mut all: Vec<Section<'a>> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(rest) = trimmed.strip_prefix('[') {
            let mut name = rest.split(']').next().unwrap_or(rest).trim().to_ascii_uppercase();
            if let Some((_, full)) = SECTIONS.iter().find(|(begin, _)| name.starts_with(begin)) {
                name = (*full).to_owned();
            } else if name.starts_with("INLET") {
                name = "INLETS".into();
            }
            all.push(Section { name, line: index + 1, rows: Vec::new() });
            continue;
        }
        let words = words(line);
        if words.is_empty() {
            continue;
        }
        if let Some(section) = all.last_mut() {
            section.rows.push(Row { line: index + 1, words });
        }
    }
    all
}

/// Tokens of a line: separated by white space, quoted tokens may hold white space, `;` starts a
/// comment.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest.starts_with(';') {
            return words;
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let (word, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            words.push(word);
            rest = after;
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == ';' || c == '"').unwrap_or(rest.len());
            words.push(&rest[..end]);
            rest = &rest[end..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_sections() {
        let text = Cow::Borrowed(
            "lost\n[Title]\na b ; c\n;;comment\n\n [Junction]\n\"two words\" 1.5;x\n\"\" \"open end\n[BROKEN\n1\n",
        );
        let got = sections(&text);
        assert_eq!(got.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["TITLE", "JUNCTIONS", "BROKEN"]);
        assert_eq!(got[0].rows, [Row { line: 3, words: vec!["a", "b"] }]);
        assert_eq!(got[1].rows[0], Row { line: 7, words: vec!["two words", "1.5"] });
        assert_eq!(got[1].rows[1].words, ["", "open end"]);
    }
}
