//! Looks through a whole tileset once: counts, extent, problems. For `inspect` and the import report.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::atomic::Ordering,
};

use guanlan_geography::LocalFrame;

use super::{
    issue::{Issues, Kind},
    seen::Seen,
    source::TileSource,
    tileset::Tileset,
    tree::{Ask, Outcome, TileTree},
};
use crate::import::Severity;

/// How much of a tileset is looked at. The rest is streamed when somebody looks there.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Tiles visited.
    pub tiles: usize,
    /// Contents decoded.
    pub contents: usize,
    /// Memory of the contents decoded, summed, bytes.
    pub bytes: usize,
}

impl Budget {
    /// For `inspect`: a tileset of a quarter, wholly.
    pub const THOROUGH: Self = Self { tiles: 500_000, contents: 2_000, bytes: 2 << 30 };
    /// For an import: enough to know what it is.
    pub const QUICK: Self = Self { tiles: 50_000, contents: 64, bytes: 256 << 20 };
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Counts by class: `tiles`, `contents`, `features`, `triangles`, `b3dm` …
    pub counts: BTreeMap<String, usize>,
    /// Least and greatest place of what was decoded, local m.
    pub bounds: Option<([f32; 3], [f32; 3])>,
    /// Lowest place of each decoded content: east, north, height, m.
    pub feet: Vec<[f32; 3]>,
    /// Names of properties that features have.
    pub properties: BTreeSet<String>,
    /// Problems.
    pub issues: Issues,
    /// False when the budget did not reach.
    pub complete: bool,
}

impl Survey {
    fn count(&mut self, class: &str, n: usize) {
        if n > 0 {
            *self.counts.entry(class.to_owned()).or_default() += n;
        }
    }

    /// Looks through a tileset.
    pub fn of(tileset: &Tileset, uri: &str, frame: LocalFrame, source: &dyn TileSource, budget: Budget) -> Self {
        let source = &Seen::new(source);
        let mut survey = Self { complete: true, ..Self::default() };
        survey.document(tileset);
        let mut issues = Issues::default();
        let mut tree = TileTree::new(tileset, uri, frame, 0.0, &mut issues);
        let mut open: VecDeque<u32> = VecDeque::from([0]);
        let (mut visited, mut decoded, mut bytes) = (0, 0, 0);
        while let Some(number) = open.pop_front() {
            visited += 1;
            if visited > budget.tiles {
                survey.complete = false;
                break;
            }
            if tree.nodes.get(number as usize).is_some_and(super::tree::Node::is_bud) {
                survey.run(&mut tree, Ask::Subtree { node: number }, source, &mut bytes, &mut issues);
            }
            let Some(node) = tree.nodes.get(number as usize) else { continue };
            let contents: Vec<bool> =
                node.contents.iter().map(|c| c.uri.to_ascii_lowercase().ends_with(".json")).collect();
            for (n, is_json) in contents.into_iter().enumerate() {
                // What is shared counts once, as it would on a graphics card.
                let all = bytes + source.picture_bytes.load(Ordering::Relaxed);
                if !is_json && (decoded >= budget.contents || all > budget.bytes) {
                    survey.complete = false;
                    survey.count("contents_unopened", 1);
                    continue;
                }
                decoded += usize::from(!is_json);
                let ask = Ask::Content { node: number, content: n as u16 };
                survey.run(&mut tree, ask, source, &mut bytes, &mut issues);
            }
            open.extend(tree.nodes[number as usize].children.iter().copied());
        }
        survey.count("tiles", tree.nodes.len());
        survey.count("contents", tree.nodes.iter().flat_map(|n| &n.contents).filter(|c| !c.is_tileset).count());
        let depth = tree.nodes.iter().map(|n| n.depth as usize + 1).max().unwrap_or(0);
        survey.count("levels", depth);
        if !survey.complete {
            let text = "not every tile was opened; the counts of contents are those of the opened ones";
            issues.push(Kind::Content, Severity::Guessed, "", text);
        }
        survey.issues.append(issues);
        survey
    }

    fn document(&mut self, tileset: &Tileset) {
        self.count("tilesets", 1);
        self.count("explicit_tiles", tileset.tiles.len());
        self.count("implicit_roots", tileset.tiles.iter().filter(|t| t.implicit.is_some()).count());
        self.count("schema_classes", tileset.schema.as_ref().map_or(0, |s| s.classes.len()));
        self.count("groups", tileset.groups.len());
    }

    fn run(&mut self, tree: &mut TileTree, ask: Ask, source: &dyn TileSource, bytes: &mut usize, issues: &mut Issues) {
        let Some(job) = tree.job(ask) else { return };
        let (outcome, own) = job.run(source, &|| false);
        issues.append(own);
        match &outcome {
            Outcome::Failed => {
                self.count(
                    if matches!(ask, Ask::Subtree { .. }) { "subtrees_unreadable" } else { "contents_unreadable" },
                    1,
                );
            }
            Outcome::Subtree(subtree) => {
                let job_total = tree.nodes.len();
                self.count("subtrees", 1);
                let Ask::Subtree { node } = ask else { return };
                tree.attach(ask, Outcome::Subtree(subtree.clone()), issues);
                // The subtree's own tiles: those added without a subtree of their own to come, and its first.
                let own = tree.nodes[job_total..].iter().filter(|n| !n.is_bud()).count();
                let first = &tree.nodes[node as usize];
                self.count(
                    "implicit_tiles",
                    own + usize::from(!first.contents.is_empty() || !first.children.is_empty()),
                );
                return;
            }
            Outcome::Tileset(planned) => self.document(&planned.tileset),
            _ => {}
        }
        let Some(content) = tree.attach(ask, outcome, issues) else { return };
        *bytes += content.bytes();
        self.count(content.kind.name(), 1);
        self.count("triangles", content.mesh.indices.len() / 3);
        self.count("vertices", content.mesh.positions.len());
        self.count("points", content.points.positions.len());
        self.count("features", content.features);
        self.count("instances", content.instances);
        for table in &content.tables {
            self.properties.extend(table.names().into_iter().map(str::to_owned));
        }
        if let Some((low, high)) = content.bounds {
            let all = self.bounds.get_or_insert((low, high));
            for k in 0..3 {
                all.0[k] = all.0[k].min(low[k]);
                all.1[k] = all.1[k].max(high[k]);
            }
            let places = content.mesh.positions.iter().chain(&content.points.positions);
            if let Some(foot) = places.min_by(|a, b| a[2].total_cmp(&b[2])) {
                self.feet.push(*foot);
            }
        }
    }
}
