//! 市→区→街道→社区→网格: where one is, and what is below, worst first.

use guanlan_city::City;
use guanlan_core::{AlertLevel, Lang};
use guanlan_stage::layers::{AreaFigure, AreaTree};

use crate::{counting::Counted, labels::show::AreaLines, words::tr_with};

/// A line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaRow {
    /// The area.
    pub area: u32,
    /// Name.
    pub name: String,
    /// Figures.
    pub figure: AreaFigure,
    /// It has areas below.
    pub deeper: bool,
}

/// Breadcrumb and table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AreasVm {
    /// From the whole city down to the area shown; the area and its name.
    pub crumbs: Vec<(Option<u32>, String)>,
    /// Figures of the area shown.
    pub figure: AreaFigure,
    /// Areas one level below, worst first.
    pub rows: Vec<AreaRow>,
    /// What is written under the names of those areas.
    pub lines: AreaLines,
    /// Somebody drilled in.
    pub drilled: bool,
}

/// What is written under an area's name: only what is wrong, at most two things.
fn line(f: &AreaFigure, lang: Lang) -> String {
    let mut parts = Vec::new();
    if f.reds > 0 {
        parts.push(tr_with(lang, "k-area-reds", &[("n", &f.reds.to_string())]));
    }
    if f.overdue > 0 {
        parts.push(tr_with(lang, "k-area-overdue", &[("n", &f.overdue.to_string())]));
    }
    if f.cases > 0 {
        parts.push(tr_with(lang, "k-area-cases", &[("n", &f.cases.to_string())]));
    }
    parts.truncate(2);
    parts.join(" · ")
}

/// The area's level as shown at its name: of its alerts, and yellow where something is overdue.
#[must_use]
pub fn level(f: &AreaFigure) -> AlertLevel {
    if f.overdue > 0 { f.worst.max(AlertLevel::Yellow) } else { f.worst }
}

/// Breadcrumb and table of an area; `None` is the whole city.
#[must_use]
pub fn areas(city: &City, tree: &AreaTree, counted: &Counted, current: Option<u32>, lang: Lang) -> AreasVm {
    if tree.is_empty() {
        return AreasVm::default();
    }
    let name = |a: u32| city.areas.get(a as usize).map_or_else(String::new, |x| x.name.get(lang).to_owned());
    let figure = |a: u32| counted.areas.get(a as usize).copied().unwrap_or_default();
    let mut crumbs = vec![(None, tree.whole().map_or_else(|| city.name.get(lang).to_owned(), name))];
    if let Some(area) = current {
        // What lies above the whole city is no place to go to.
        let above = tree.whole().map_or_else(Vec::new, |w| tree.path(w));
        let path = tree.path(area).into_iter().filter(|a| !above.contains(a));
        crumbs.extend(path.map(|a| (Some(a), name(a))));
    }
    let row =
        |&a: &u32| AreaRow { area: a, name: name(a), figure: figure(a), deeper: !tree.children(Some(a)).is_empty() };
    let mut rows: Vec<AreaRow> = tree.children(current).iter().map(row).collect();
    rows.sort_by(|a, b| b.figure.urgency().cmp(&a.figure.urgency()).then_with(|| a.area.cmp(&b.area)));
    let lines = rows.iter().map(|r| (r.area, (line(&r.figure, lang), level(&r.figure)))).collect();
    let figure = current.or_else(|| tree.whole()).map_or(counted.whole, figure);
    AreasVm { crumbs, figure, rows, lines, drilled: current.is_some() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{AdminArea, AdminLevel};
    use guanlan_core::Bilingual;
    use std::sync::Arc;

    fn town() -> City {
        let area = |code: &str, level, w: f32, side: f32| AdminArea {
            code: code.into(),
            level,
            name: Bilingual::new(format!("区{code}"), format!("Area {code}")),
            ring: vec![[w, 0.0], [w + side, 0.0], [w + side, side], [w, side]],
        };
        City {
            areas: vec![
                area("33", AdminLevel::District, 0.0, 100.0),
                area("331", AdminLevel::Street, 0.0, 50.0),
                area("332", AdminLevel::Street, 50.0, 50.0),
                area("3321", AdminLevel::Community, 50.0, 20.0),
            ],
            ..City::default()
        }
    }

    #[test]
    fn children_are_sorted_by_what_is_wrong_and_the_crumbs_lead_back() {
        let city = town();
        let tree = AreaTree::new(&city);
        let figure = |cases, overdue| AreaFigure { cases, overdue, ..AreaFigure::default() };
        let counted = Counted {
            areas: Arc::new(vec![figure(9, 1), figure(8, 0), figure(1, 1), figure(1, 1)]),
            ..Counted::default()
        };
        let top = areas(&city, &tree, &counted, None, Lang::Zh);
        assert_eq!(top.rows.iter().map(|r| r.area).collect::<Vec<_>>(), [2, 1], "overdue before many");
        assert_eq!(top.crumbs, [(None, "区33".to_owned())]);
        assert_eq!((top.figure.cases, top.drilled), (9, false));
        assert_eq!(top.lines[&2], ("超期 1 · 在办 1".to_owned(), AlertLevel::Yellow));
        let deep = areas(&city, &tree, &counted, Some(3), Lang::En);
        let names: Vec<&str> = deep.crumbs.iter().map(|c| c.1.as_str()).collect();
        assert_eq!(names, ["Area 33", "Area 332", "Area 3321"]);
        assert!(deep.rows.is_empty() && deep.drilled);
        assert_eq!(areas(&City::default(), &AreaTree::default(), &counted, None, Lang::Zh), AreasVm::default());
    }
}
