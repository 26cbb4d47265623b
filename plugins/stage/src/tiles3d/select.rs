//! Which tiles are drawn and which are wanted, from where the eye is: by screen-space error.
//!
//! Pure: no renderer, no threads. A tile is refined while its geometric error would cover more than
//! [`MAX_ERROR_PX`] on the wall. Where children replace their parent, the parent stays until all children in
//! sight are there, so that no hole opens.

use guanlan_city::import::tiles3d::{Ask, LocalBox, Refine, TileTree, linear::V3};

use crate::camera::rig::FOV_DEG;
use crate::camera::{CameraPose, Lens};
use crate::frame::to_city;

/// Error that may be seen, px of the wall.
pub const MAX_ERROR_PX: f64 = 16.0;

/// Where the eye is and what it sees, in local metres.
#[derive(Clone, Debug, PartialEq)]
pub struct Eye {
    /// East, north, height.
    pub place: V3,
    /// Planes that bound the sight: inward unit normal and offset.
    planes: Vec<(V3, f64)>,
    /// Pixels that a metre covers at a distance of a metre.
    pixels: f64,
}

impl Eye {
    /// The eye of a wall: one for all of its pixels. `scale` is the share of the resolution that is drawn.
    #[must_use]
    pub fn new(pose: &CameraPose, lens: &Lens, scale: f32) -> Self {
        let eye = pose.eye();
        let place = to_city(eye).map(f64::from);
        let size = lens.size_px;
        let ray = |x: f32, y: f32| {
            let (_, d) = lens.ray(pose, bevy::math::Vec2::new(x, y));
            d
        };
        // Corners of the picture, clockwise seen from the eye.
        let corners = [ray(0.0, 0.0), ray(size.x, 0.0), ray(size.x, size.y), ray(0.0, size.y)];
        let middle = (corners[0] + corners[1] + corners[2] + corners[3]).normalize_or_zero();
        let mut planes = Vec::with_capacity(5);
        for k in 0..4 {
            let normal = corners[k].cross(corners[(k + 1) % 4]).normalize_or_zero();
            let normal = if normal.dot(middle) < 0.0 { -normal } else { normal };
            planes.push(normal);
        }
        planes.push(pose.forward());
        let planes = planes
            .into_iter()
            .map(|n| {
                let n = to_city(n).map(f64::from);
                (n, -(n[0] * place[0] + n[1] * place[1] + n[2] * place[2]))
            })
            .collect();
        let half = f64::from(FOV_DEG.to_radians() * 0.5).tan();
        Self { place, planes, pixels: f64::from(size.y * scale) / (2.0 * half) }
    }

    /// True when something of a box may be in sight.
    #[must_use]
    pub fn sees(&self, b: &LocalBox) -> bool {
        self.planes.iter().all(|(n, offset)| {
            n[0] * b.centre[0] + n[1] * b.centre[1] + n[2] * b.centre[2] + offset + b.reach_m(*n) >= 0.0
        })
    }

    /// How large an error looks at the near side of a box, px.
    #[must_use]
    pub fn error_px(&self, error_m: f64, b: &LocalBox) -> f64 {
        error_m * self.pixels / b.distance_m(self.place).max(1e-3)
    }
}

/// What is known of a tile's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not here yet.
    Absent,
    /// Can be drawn.
    Ready,
    /// Will never come.
    Failed,
}

/// Says which contents are here.
pub trait Store {
    /// The state of content `content` of tile `node`.
    fn state(&self, node: u32, content: u16) -> State;
}

/// Something that should be read, the most urgent first when sorted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Want {
    /// What.
    pub ask: Ask,
    /// Tiles above: coarse tiles come first, so that something is seen soon.
    depth: u32,
    /// How large its absence looks, px.
    error_px: f64,
}

/// What a look at the tree yields. Kept and filled again, so that looking allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Contents to draw.
    pub draw: Vec<(u32, u16)>,
    /// What is to be read, the most urgent first.
    pub want: Vec<Want>,
    /// Tiles looked at.
    pub visited: usize,
}

/// Looks at the tree.
pub fn select(tree: &TileTree, eye: &Eye, store: &impl Store, out: &mut Selection) {
    out.draw.clear();
    out.want.clear();
    out.visited = 0;
    if !tree.nodes.is_empty() {
        visit(tree, 0, eye, store, out);
    }
    let urgency = |w: &Want| (w.depth, -w.error_px);
    out.want.sort_by(|a, b| {
        let ((da, ea), (db, eb)) = (urgency(a), urgency(b));
        da.cmp(&db).then_with(|| ea.total_cmp(&eb))
    });
}

/// Chooses below a tile. True when what is in sight of it is covered by what was chosen.
fn visit(tree: &TileTree, number: u32, eye: &Eye, store: &impl Store, out: &mut Selection) -> bool {
    let node = &tree.nodes[number as usize];
    out.visited += 1;
    if !eye.sees(&node.volume) || node.request.is_some_and(|r| !r.contains(eye.place)) {
        return true;
    }
    let error_px = eye.error_px(node.error_m, &node.volume);
    if node.is_bud() {
        out.want.push(Want { ask: Ask::Subtree { node: number }, depth: node.depth, error_px });
        return false;
    }
    // A tile that stands for another tileset is nothing by itself.
    let stands_in = !node.contents.is_empty() && node.contents.iter().all(|c| c.is_tileset);
    let refine = !node.children.is_empty() && (error_px > MAX_ERROR_PX || stands_in);
    let mut ready = true;
    let mut drawable = false;
    for (n, content) in node.contents.iter().enumerate() {
        if content.is_tileset {
            continue;
        }
        match store.state(number, n as u16) {
            State::Ready => drawable = true,
            State::Failed => {}
            State::Absent => {
                ready = false;
                let ask = Ask::Content { node: number, content: n as u16 };
                out.want.push(Want { ask, depth: node.depth, error_px });
            }
        }
    }
    let draw_own = |out: &mut Selection| {
        for (n, content) in node.contents.iter().enumerate() {
            if !content.is_tileset && store.state(number, n as u16) == State::Ready {
                out.draw.push((number, n as u16));
            }
        }
    };
    if !refine {
        draw_own(out);
        return ready;
    }
    if node.refine == Refine::Add || stands_in {
        draw_own(out);
        let mut covered = ready;
        for child in &node.children {
            covered &= visit(tree, *child, eye, store, out);
        }
        // What is added is no hole while it is missing; what stands in for this tile is.
        return if stands_in { covered } else { ready };
    }
    let mark = out.draw.len();
    let mut covered = true;
    for child in &node.children {
        covered &= visit(tree, *child, eye, store, out);
    }
    if covered {
        return true;
    }
    if ready && drawable {
        out.draw.truncate(mark);
        draw_own(out);
        return true;
    }
    // Without an own picture, the children that are there are better than nothing.
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::Vec2;
    use guanlan_city::import::tiles3d::{Issues, TileSource, Tileset};
    use guanlan_geography::LocalFrame;
    use std::collections::BTreeSet;

    struct Nothing;
    impl TileSource for Nothing {
        fn get(&self, _: &str, _: u64) -> Result<Vec<u8>, String> {
            Err("nothing is here".into())
        }
    }

    #[derive(Default)]
    struct Here(BTreeSet<u32>);
    impl Store for Here {
        fn state(&self, node: u32, _: u16) -> State {
            if self.0.contains(&node) { State::Ready } else { State::Absent }
        }
    }

    /// A root of 400 m with four children, each with an own content.
    fn tree(refine: &str) -> TileTree {
        let tile = |e: f64, n: f64, half: f64, error: f64, uri: &str, more: &str| {
            format!(
                r#"{{"boundingVolume":{{"box":[{e},{n},10,{half},0,0,0,{half},0,0,0,10]}},"geometricError":{error},"refine":"{refine}","content":{{"uri":"{uri}"}}{more}}}"#
            )
        };
        let children: Vec<String> = [(-100., -100.), (100., -100.), (-100., 100.), (100., 100.)]
            .iter()
            .enumerate()
            .map(|(k, (e, n))| tile(*e, *n, 100., 0., &format!("{k}.glb"), ""))
            .collect();
        let root = tile(0., 0., 200., 20., "r.glb", &format!(r#","children":[{}]"#, children.join(",")));
        let text = format!(r#"{{"asset":{{"version":"1.1"}},"geometricError":100,"root":{root}}}"#);
        let mut issues = Issues::default();
        let tileset = Tileset::read(text.as_bytes(), "t.json", &Nothing, &mut issues).unwrap();
        assert!(issues.list.is_empty(), "{issues:?}");
        TileTree::new(&tileset, "t.json", LocalFrame::default(), 0.0, &mut issues)
    }

    fn eye(distance_m: f32) -> Eye {
        let pose = CameraPose { distance_m, pitch_deg: 60.0, ..Default::default() };
        Eye::new(&pose, &Lens::plain(Vec2::new(1920.0, 1080.0)), 1.0)
    }

    fn look(tree: &TileTree, eye: &Eye, here: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let mut out = Selection::default();
        select(tree, eye, &Here(here.iter().copied().collect()), &mut out);
        (out.draw.iter().map(|d| d.0).collect(), out.want.iter().map(|w| w.ask.node()).collect())
    }

    #[test]
    fn from_far_the_root_is_enough_and_from_near_it_is_refined() {
        let tree = tree("REPLACE");
        // 20 m at 3000 m: 20 × 1080 / (2 × 3000 × tan 19°) ≈ 10 px.
        assert!((eye(3000.0).error_px(20.0, &tree.nodes[0].volume) - 10.6).abs() < 1.0);
        assert_eq!(look(&tree, &eye(3000.0), &[]), (vec![], vec![0]));
        assert_eq!(look(&tree, &eye(3000.0), &[0, 1, 2, 3, 4]), (vec![0], vec![]));
        let (draw, want) = look(&tree, &eye(600.0), &[0]);
        assert_eq!(draw, [0], "the parent stays until its children are there");
        assert_eq!(want.len(), 4);
        assert_eq!(look(&tree, &eye(600.0), &[0, 1, 2, 4]).0, [0], "one missing child would be a hole");
        let (mut draw, want) = look(&tree, &eye(600.0), &[0, 1, 2, 3, 4]);
        draw.sort_unstable();
        assert_eq!((draw, want), (vec![1, 2, 3, 4], vec![]));
        assert_eq!(look(&tree, &eye(600.0), &[1, 2]).0.len(), 2, "without the parent, children fill in as they come");
        assert_eq!(look(&tree, &eye(600.0), &[1, 2]).1[0], 0, "the coarse tile is read first");
    }

    #[test]
    fn added_children_come_one_by_one() {
        let tree = tree("ADD");
        assert_eq!(look(&tree, &eye(600.0), &[0, 2]), (vec![0, 2], vec![1, 3, 4]));
    }

    #[test]
    fn what_is_out_of_sight_is_neither_drawn_nor_wanted() {
        let tree = tree("ADD");
        let pose = CameraPose { focus: [100.0, 100.0, 0.0], distance_m: 60.0, pitch_deg: 85.0, ..Default::default() };
        let near = Eye::new(&pose, &Lens::plain(Vec2::new(1000.0, 1000.0)), 1.0);
        assert_eq!(look(&tree, &near, &[0, 1, 2, 3, 4]).0, [0, 4]);
        let away = CameraPose { focus: [9000.0, 9000.0, 0.0], ..pose };
        let away = Eye::new(&away, &Lens::plain(Vec2::new(1000.0, 1000.0)), 1.0);
        assert_eq!(look(&tree, &away, &[0, 1, 2, 3, 4]), (vec![], vec![]));
    }

    #[test]
    fn a_wider_wall_has_one_decision_for_all_its_pixels() {
        let tree = tree("REPLACE");
        let pose = CameraPose { distance_m: 3000.0, pitch_deg: 60.0, ..Default::default() };
        let wall = Eye::new(&pose, &Lens::plain(Vec2::new(7680.0, 2160.0)), 1.0);
        assert_eq!(look(&tree, &wall, &[0, 1, 2, 3, 4]).0, [1, 2, 3, 4], "more pixels, more detail");
    }
}
