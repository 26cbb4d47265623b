//! `[FILES]` of a SWMM file that name hot starts, and the order in which such files list nodes and links: that of the
//! rows of the file, whatever their kinds.

use std::path::{Path, PathBuf};

use super::{LINKS, NODES, text::Section};

/// What hot start files of a network hold, and where they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HotStarts {
    /// `USE HOTSTART`: the state to begin with.
    pub begin: Option<PathBuf>,
    /// `SAVE HOTSTART`: where the last state goes.
    pub save: Option<PathBuf>,
    /// Names of nodes in order, and whether they are storage.
    pub nodes: Vec<(String, bool)>,
    /// Names of links in order.
    pub links: Vec<String>,
    /// Subcatchments, land uses, pollutants.
    pub others: [usize; 3],
}

impl HotStarts {
    /// Reads it off the sections of a file.
    pub(super) fn of(inp: &Path, sections: &[Section<'_>]) -> Self {
        let mut out = Self::default();
        let folder = inp.parent().unwrap_or(Path::new(""));
        for section in sections {
            let name = section.name.as_str();
            let ids = section.rows.iter().map(|r| r.words[0].to_owned());
            if NODES.iter().any(|(kind, _)| *kind == name) {
                out.nodes.extend(ids.map(|id| (id, name == "STORAGE")));
            } else if LINKS.contains(&name) {
                out.links.extend(ids);
            } else if let Some(k) = ["SUBCATCHMENTS", "LANDUSES", "POLLUTANTS"].iter().position(|s| *s == name) {
                out.others[k] += section.rows.len();
            } else if name == "FILES" {
                for row in &section.rows {
                    let [what, kind, file, ..] = row.words[..] else { continue };
                    if !kind.eq_ignore_ascii_case("HOTSTART") {
                        continue;
                    }
                    let path = Some(folder.join(file.replace('\\', "/")));
                    if what.eq_ignore_ascii_case("USE") {
                        out.begin = path;
                    } else if what.eq_ignore_ascii_case("SAVE") {
                        out.save = path;
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{super::text::sections, *};

    #[test]
    fn the_order_is_that_of_the_rows_and_files_lie_beside() {
        let text = "[STORAGE]\nS1 0 3 0 FUNCTIONAL 10 0 0\n[JUNCTIONS]\nJ1 0 1\nJ2 0 1\n[OUTFALLS]\nO1 0 FREE\n[PUMPS]\nP1 S1 J1 *\n\
            [CONDUITS]\nC1 J1 J2 10 .01 0 0\n[SUBCATCHMENTS]\nA G J1 1 50 10 1 0\n[FILES]\nUSE HOTSTART \"last night.hsf\"\n\
            SAVE HOTSTART next.hsf\nSAVE OUTFLOWS o.txt\n";
        let text = std::borrow::Cow::Borrowed(text);
        let hot = HotStarts::of(Path::new("town/net.inp"), &sections(&text));
        let names: Vec<&str> = hot.nodes.iter().map(|n| n.0.as_str()).collect();
        assert_eq!((names, hot.nodes[0].1, hot.nodes[1].1), (vec!["S1", "J1", "J2", "O1"], true, false));
        assert_eq!((hot.links.clone(), hot.others), (vec!["P1".to_owned(), "C1".to_owned()], [1, 0, 0]));
        assert_eq!(hot.begin, Some(PathBuf::from("town/last night.hsf")));
        assert_eq!(hot.save, Some(PathBuf::from("town/next.hsf")));
    }
}
