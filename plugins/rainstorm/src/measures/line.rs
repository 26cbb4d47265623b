//! A line as the unbroken chain of faces nearest to it: water that flows from face to face cannot slip
//! through between two of them.

use crate::surface::Grid;

/// The west face (`west`) or the south face of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Face {
    /// Column.
    pub col: usize,
    /// Row.
    pub row: usize,
    /// West face; else south face.
    pub west: bool,
}

/// The corners of cells along a line in local m, one side of a cell apart. Parts outside the raster are cut to its edge.
pub(super) fn corners_of_line(grid: &Grid, line: &[[f64; 2]]) -> Vec<(i64, i64)> {
    let corner = |p: &[f64; 2]| {
        let x = ((p[0] - grid.west_m) / grid.cell_m).round().clamp(0.0, grid.cols as f64);
        let y = ((p[1] - grid.south_m) / grid.cell_m).round().clamp(0.0, grid.rows as f64);
        (x as i64, y as i64)
    };
    let mut corners: Vec<(i64, i64)> = line.first().map(corner).into_iter().collect();
    for pair in line.windows(2) {
        let ((mut x, mut y), (to_x, to_y)) = (corner(&pair[0]), corner(&pair[1]));
        let (nx, ny) = ((to_x - x).abs(), (to_y - y).abs());
        let (step_x, step_y) = ((to_x - x).signum(), (to_y - y).signum());
        let (mut ix, mut iy) = (0, 0);
        while ix < nx || iy < ny {
            if iy >= ny || (ix < nx && (1 + 2 * ix) * ny < (1 + 2 * iy) * nx) {
                x += step_x;
                ix += 1;
            } else {
                y += step_y;
                iy += 1;
            }
            corners.push((x, y));
        }
    }
    corners
}

/// The faces along a line in local m, each once, in index order. Parts outside the raster are cut to its edge.
#[must_use]
pub fn faces_of_line(grid: &Grid, line: &[[f64; 2]]) -> Vec<Face> {
    let mut faces = Vec::new();
    for pair in corners_of_line(grid, line).windows(2) {
        // East-west sides are south faces, the others west faces.
        let ((col, row), west) = (pair[0].min(pair[1]), pair[0].0 == pair[1].0);
        if (0..grid.cols as i64).contains(&col) && (0..grid.rows as i64).contains(&row) {
            faces.push(Face { col: col as usize, row: row as usize, west });
        }
    }
    faces.sort_unstable();
    faces.dedup();
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells that water reaches from (0, 0) without crossing the faces.
    fn reached(grid: &Grid, faces: &[Face]) -> Vec<bool> {
        let closed = |col, row, west| faces.binary_search(&Face { col, row, west }).is_ok();
        let mut seen = vec![false; grid.len()];
        let mut todo = vec![(0_usize, 0_usize)];
        seen[0] = true;
        while let Some((c, r)) = todo.pop() {
            let mut go = |to: Option<(usize, usize)>, shut: bool| {
                if let Some((c, r)) = to.filter(|(c, r)| *c < grid.cols && *r < grid.rows && !shut)
                    && !seen[r * grid.cols + c]
                {
                    seen[r * grid.cols + c] = true;
                    todo.push((c, r));
                }
            };
            go(c.checked_sub(1).map(|w| (w, r)), closed(c, r, true));
            go(Some((c + 1, r)), closed(c + 1, r, true));
            go(r.checked_sub(1).map(|s| (c, s)), closed(c, r, false));
            go(Some((c, r + 1)), closed(c, r + 1, false));
        }
        seen
    }

    #[test]
    fn no_line_leaks() {
        let grid = Grid { west_m: 5.0, south_m: -3.0, cell_m: 2.0, cols: 37, rows: 29 };
        for line in [
            vec![[5.0, 20.0], [79.0, 35.0]],
            vec![[20.0, -3.0], [33.0, 55.0]],
            vec![[4.0, 50.0], [30.0, 20.0], [31.0, 20.5], [60.0, -10.0]],
        ] {
            let faces = faces_of_line(&grid, &line);
            let seen = reached(&grid, &faces);
            assert!(seen[0] && !seen[grid.len() - 1], "{line:?} leaks");
            assert!(faces.windows(2).all(|w| w[0] < w[1]));
        }
        assert!(faces_of_line(&grid, &[[20.0, 20.0], [20.1, 20.1]]).is_empty(), "shorter than a cell");
    }
}
