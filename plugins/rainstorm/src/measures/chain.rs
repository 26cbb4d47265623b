//! A line over a raster with finer ones in place of some cells: one unbroken chain of faces, of fine cells where there
//! are some.
//!
//! The line is laid along the corners of fine cells. Inside a box it keeps them; outside each corner goes to the
//! nearest coarse one, which never lies inside a box. Where the two meet on the edge of a box, faces of the edge join
//! them.

use super::line::corners_of_line;
use crate::surface::{Domain, FINER, Grid};

const N: i64 = FINER as i64;

/// A face as crests name it: column, row, west face (else south face).
pub type NamedFace = (usize, usize, bool);

type Corner = (i64, i64);

/// The faces along a line in local m; parts outside the raster are cut to its edge.
#[must_use]
pub fn chain_of_line(domain: &Domain, line: &[[f64; 2]]) -> Vec<NamedFace> {
    let grid = domain.grid;
    let fine = Grid { cell_m: grid.cell_m / FINER as f64, cols: grid.cols * FINER, rows: grid.rows * FINER, ..grid };
    let path = if domain.patches().is_empty() { Vec::new() } else { corners_of_line(&fine, line) };
    if !path.windows(2).any(|pair| patch_around(domain, pair[0], pair[1]).is_some()) {
        let faces = super::faces_of_line(&grid, line).into_iter();
        return faces.flat_map(|f| coarse_face(domain, f.col, f.row, f.west)).collect();
    }
    let mut faces = Vec::new();
    let mut before: Option<usize> = None;
    for (k, pair) in path.windows(2).enumerate() {
        let (p, q) = (pair[0], pair[1]);
        let inside = patch_around(domain, p, q);
        if k > 0
            && inside != before
            && let Some(patch) = before.or(inside)
        {
            // Along the edge of the box, from the fine corner to the coarse one.
            let end = scaled(coarse(p));
            if end != p {
                faces.extend(fine_face(domain, patch, p, end));
            }
        }
        match inside {
            Some(patch) => faces.extend(fine_face(domain, patch, p, q)),
            None => faces.extend(coarse_faces(domain, coarse(p), coarse(q))),
        }
        before = inside;
    }
    faces.sort_unstable();
    faces.dedup();
    faces
}

/// The nearest coarse corner.
fn coarse((x, y): Corner) -> Corner {
    ((x + N / 2).div_euclid(N), (y + N / 2).div_euclid(N))
}

fn scaled((x, y): Corner) -> Corner {
    (x * N, y * N)
}

/// The patch whose box, edge included, has both corners.
fn patch_around(domain: &Domain, p: Corner, q: Corner) -> Option<usize> {
    let within = |v: i64, first: usize, count: usize| (first as i64 * N..=(first + count) as i64 * N).contains(&v);
    domain
        .patches()
        .iter()
        .position(|b| [p, q].iter().all(|(x, y)| within(*x, b.col, b.cols) && within(*y, b.row, b.rows)))
}

/// The west or south corner of a side, and whether it runs from south to north.
fn side(p: Corner, q: Corner) -> (Corner, bool) {
    (p.min(q), p.0 == q.0)
}

fn fine_face(domain: &Domain, patch: usize, p: Corner, q: Corner) -> Option<NamedFace> {
    let ((x, y), west) = side(p, q);
    let place = &domain.patches()[patch];
    let col = usize::try_from(x - place.col as i64 * N).ok()?;
    let row = usize::try_from(y - place.row as i64 * N).ok()?;
    let (col, row) = domain.name_of(patch, col, row);
    Some((col, row, west))
}

fn coarse_faces(domain: &Domain, p: Corner, q: Corner) -> Vec<NamedFace> {
    if p == q {
        return Vec::new();
    }
    let ((x, y), west) = side(p, q);
    match (usize::try_from(x), usize::try_from(y)) {
        (Ok(col), Ok(row)) => coarse_face(domain, col, row, west),
        _ => Vec::new(),
    }
}

/// A coarse face, or the fine ones that lie on it where it belongs to a box.
fn coarse_face(domain: &Domain, col: usize, row: usize, west: bool) -> Vec<NamedFace> {
    let mut faces = domain.finer_faces(col, row, west);
    if faces.is_empty() && col < domain.grid.cols && row < domain.grid.rows {
        faces.push((col, row, west));
    }
    faces
}
