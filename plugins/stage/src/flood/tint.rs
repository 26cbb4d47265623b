//! The water coloured by what is chosen of it: speed, hazard, maxima, arrival, duration. What has been stands as deep as
//! the deepest water; what is now stands on the water of now.
//!
//! The tint of a cell is where its value lies among the classes of its aspect, times 1 where it has one: sampled between
//! cells, the second divides the first, so that colours end where the values do and classes have clean borders.

use std::sync::Arc;

use bevy::math::Vec4;
use bevy::prelude::*;
use guanlan_core::{
    WaterAspect, WaterPeaks,
    input::{DepthField, DepthPatch},
    peaks::PeakRaster,
    theme::Srgb8,
};

use super::sheet::Place;
use crate::ground::raster::half;

/// Classes that a shader knows at most.
pub const CLASSES: usize = 6;
/// Half floats of a cell.
const TEXEL: usize = 2;

/// What is drawn in place of the depths.
#[derive(Clone)]
pub struct Painted {
    /// What it shows.
    pub aspect: WaterAspect,
    /// How high the water stands; `None` when nobody says.
    pub field: Option<Arc<DepthField>>,
    /// What it was made from.
    peaks: Option<Arc<WaterPeaks>>,
    now: Option<Arc<DepthField>>,
}

fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

impl Painted {
    /// What is drawn for an aspect that is not the depth of now.
    #[must_use]
    pub fn new(aspect: WaterAspect, peaks: Option<&Arc<WaterPeaks>>, now: Option<&Arc<DepthField>>) -> Self {
        let field = match peaks {
            None => None,
            Some(_) if aspect.is_now() => now.cloned(),
            Some(peaks) => deepest(peaks, now),
        };
        Self { aspect, field, peaks: peaks.cloned(), now: now.cloned() }
    }

    /// True when it was made from these.
    #[must_use]
    pub fn is_of(&self, aspect: WaterAspect, peaks: Option<&Arc<WaterPeaks>>, now: Option<&Arc<DepthField>>) -> bool {
        // What has been does not change with the water of now.
        let stands = !aspect.is_now() || same(self.now.as_ref(), now);
        self.aspect == aspect && stands && same(self.peaks.as_ref(), peaks)
    }

    /// The tint of the raster at a place; where nobody says there is none.
    #[must_use]
    pub fn tint(&self, place: &Place) -> Vec<u16> {
        let mut words = vec![0_u16; place.cols * place.rows * TEXEL];
        let at = |r: &&PeakRaster| place_of(r) == *place;
        let Some(raster) = self.peaks.as_ref().and_then(|p| p.rasters.iter().find(at)) else { return words };
        let one = half(1.0);
        for (k, cell) in raster.cells().enumerate() {
            if let Some(class) = self.aspect.place(raster.value(self.aspect, k)) {
                words[cell * TEXEL] = half(class);
                words[cell * TEXEL + 1] = one;
            }
        }
        words
    }
}

fn place_of(r: &PeakRaster) -> Place {
    let (cols, rows) = (r.cols as usize, r.rows as usize);
    Place { west_m: r.west_m, south_m: r.south_m, cell_m: r.cell_m, cols, rows }
}

/// The deepest water as a field of depths.
fn deepest(peaks: &WaterPeaks, now: Option<&Arc<DepthField>>) -> Option<Arc<DepthField>> {
    let depths = |r: &PeakRaster| {
        let mut depth_mm = vec![0_u16; (r.cols * r.rows) as usize];
        r.cells().zip(&r.depth_mm).for_each(|(cell, mm)| depth_mm[cell] = *mm);
        depth_mm
    };
    let whole = peaks.rasters.first()?;
    let finer = peaks.rasters.iter().skip(1).map(|r| DepthPatch {
        west_m: r.west_m,
        south_m: r.south_m,
        cell_m: r.cell_m,
        cols: r.cols,
        rows: r.rows,
        depth_mm: depths(r),
    });
    Some(Arc::new(DepthField {
        at: peaks.at,
        west_m: whole.west_m,
        south_m: whole.south_m,
        cell_m: whole.cell_m,
        cols: whole.cols,
        rows: whole.rows,
        depth_mm: depths(whole),
        estimate: now.is_none_or(|f| f.estimate),
        finer: finer.collect(),
    }))
}

/// Colours of the classes of an aspect, and in `w` 1 where there is one; all 0 for the depth of now, which has a ramp of
/// its own. The `w` of the first is 2 where classes are whole and cells are not blended, that of the second where nothing
/// flows: what has been stands still.
#[must_use]
pub fn palette(aspect: WaterAspect) -> [Vec4; CLASSES] {
    let mut colors = [Vec4::ZERO; CLASSES];
    if aspect == WaterAspect::Depth {
        return colors;
    }
    for (color, class) in colors.iter_mut().zip(aspect.classes()) {
        let [r, g, b, _] = Srgb8::parse(class.color).unwrap_or(Srgb8::hex(0x0080_8080)).linear();
        *color = Vec4::new(r, g, b, 1.0);
    }
    if matches!(aspect, WaterAspect::Hazard | WaterAspect::MaxHazard) {
        colors[0].w = 2.0;
    }
    if !aspect.is_now() {
        colors[1].w = 2.0;
    }
    colors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peaks() -> Arc<WaterPeaks> {
        let raster = PeakRaster {
            cell_m: 10.0,
            cols: 4,
            rows: 2,
            steps: vec![2, 4],
            depth_mm: vec![300, 1200],
            speed_cm_s: vec![0, 150],
            top_speed_cm_s: vec![60, 150],
            hazard: vec![1, 4],
            top_hazard: vec![2, 4],
            arrival_s: vec![600, 2700],
            over_s: vec![120, 0],
            ..PeakRaster::default()
        };
        let finer = PeakRaster { west_m: 20.0, cell_m: 5.0, cols: 2, rows: 2, steps: vec![1], ..raster.clone() };
        let short = |r: PeakRaster| PeakRaster {
            depth_mm: vec![700],
            speed_cm_s: vec![10],
            top_speed_cm_s: vec![10],
            hazard: vec![3],
            top_hazard: vec![3],
            arrival_s: vec![5],
            over_s: vec![900],
            ..r
        };
        Arc::new(WaterPeaks { rasters: vec![raster, short(finer)], ..WaterPeaks::default() })
    }

    #[test]
    fn what_has_been_stands_as_deep_as_its_deepest_in_every_raster() {
        let peaks = peaks();
        let painted = Painted::new(WaterAspect::Arrival, Some(&peaks), None);
        let field = painted.field.clone().unwrap();
        assert_eq!(field.depth_mm, [0, 300, 0, 0, 0, 1200, 0, 0]);
        assert_eq!(field.finer[0].depth_mm, [700, 0, 0, 0]);
        let tint = painted.tint(&Place::of(&field).unwrap());
        let class = |cell: usize| (tint[cell * TEXEL + 1] != 0).then_some(tint[cell * TEXEL]);
        // 600 s is two thirds through the first class, 2700 s half through the third.
        assert_eq!((class(1), class(5), class(0)), (Some(half(600.0 / 900.0)), Some(half(2.5)), None));
        let fine = painted.tint(&Place::finer(&field)[0].1);
        assert_eq!(fine[..2], [half(5.0 / 900.0), half(1.0)]);
        assert!(painted.is_of(WaterAspect::Arrival, Some(&peaks), Some(&field)), "the water of now is no part of it");
        assert!(!painted.is_of(WaterAspect::Duration, Some(&peaks), None));
    }

    #[test]
    fn what_is_now_stands_on_the_water_of_now_and_nothing_is_drawn_that_nobody_says() {
        let peaks = peaks();
        let now = deepest(&peaks, None);
        let painted = Painted::new(WaterAspect::Speed, Some(&peaks), now.as_ref());
        assert!(same(painted.field.as_ref(), now.as_ref()));
        let tint = painted.tint(&Place::of(now.as_deref().unwrap()).unwrap());
        assert_eq!((tint[TEXEL + 1], tint[5 * TEXEL]), (0, half(2.5)), "standing water has no class of speed");
        let elsewhere = Place { west_m: 7.0, cell_m: 10.0, cols: 4, rows: 2, ..Place::default() };
        assert!(painted.tint(&elsewhere).iter().all(|w| *w == 0));
        assert!(Painted::new(WaterAspect::Speed, None, now.as_ref()).field.is_none());
    }

    #[test]
    fn every_class_has_its_colour() {
        for aspect in WaterAspect::ALL.into_iter().filter(|a| *a != WaterAspect::Depth) {
            let there = palette(aspect).iter().filter(|c| c.w > 0.0).count();
            assert_eq!(there, aspect.classes().len(), "{aspect:?}");
        }
        assert_eq!(palette(WaterAspect::Depth), [Vec4::ZERO; CLASSES]);
    }
}
