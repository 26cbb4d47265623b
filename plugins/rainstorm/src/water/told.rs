//! Depths as they are handed to a room and journaled: whole mm, films of rain more coarsely.

use crate::surface::SurfaceSolver;

/// Films shallower than this are handed over in steps of [`FILM_STEP_MM`]: nothing below 5 cm is drawn, and the noise of a
/// film of rain over every cell is a quarter of what a field takes in the journal.
const FILM_MM: u16 = 30;
const FILM_STEP_MM: u16 = 5;

/// A depth in m as it is handed over, mm.
fn told_mm(depth_m: f32) -> u16 {
    let mm = (depth_m * 1000.0 + 0.5) as u16;
    if mm < FILM_MM { (mm + FILM_STEP_MM / 2) / FILM_STEP_MM * FILM_STEP_MM } else { mm }
}

/// Depths of a raster, mm, with held water as 0.
pub(super) fn depths_mm(solver: &dyn SurfaceSolver) -> Vec<u16> {
    let domain = solver.domain();
    let mut depth_mm = Vec::with_capacity(domain.grid.len());
    solver.for_rows(&mut |_, row: &[f32]| depth_mm.extend(row.iter().copied().map(told_mm)));
    for cell in domain.held() {
        depth_mm[cell.row * domain.grid.cols + cell.col] = 0;
    }
    depth_mm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn films_are_told_coarsely_and_water_that_is_drawn_to_the_millimetre() {
        let told = [0.0, 0.002, 0.003, 0.0124, 0.0279, 0.0296, 0.0301, 0.0512, 1.2344].map(told_mm);
        assert_eq!(told, [0, 0, 5, 10, 30, 30, 30, 51, 1234]);
    }
}
