//! How the camera of a citizen's photo stood, as far as the photo says so.

use serde::{Deserialize, Serialize};

/// Half the width of a 35 mm frame, mm: what equivalent focal lengths are told against.
const HALF_FRAME_MM: f64 = 18.0;

/// Where a photo looks. Each part only when the sender told it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhotoView {
    /// Degrees clockwise from true north, 0 ≤ h < 360 (EXIF `GPSImgDirection`).
    pub heading_deg: Option<f64>,
    /// Degrees above the horizon, -90 … 90 (EXIF `CameraElevationAngle`).
    pub pitch_deg: Option<f64>,
    /// Horizontal field of view, degrees, between 0 and 180.
    pub fov_deg: Option<f64>,
}

impl PhotoView {
    /// Of the fields a report came with. Understood are our own names, those of EXIF 2.31 and those of photo spheres; numbers
    /// may be rationals (`2715/10`). What is missing or no angle is left out: a report is worth more than its direction.
    #[must_use]
    pub fn of_fields(get: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|n| number(&get(n)?));
        let focal = first(&["FocalLengthIn35mmFilm", "FocalLengthIn35mmFormat", "focal_length_35mm"]);
        let fov = focal.filter(|f| *f > 0.0).map(|f| 2.0 * (HALF_FRAME_MM / f).atan().to_degrees());
        Self::new(
            first(&["heading_deg", "heading", "GPSImgDirection", "PoseHeadingDegrees"]),
            first(&["pitch_deg", "pitch", "CameraElevationAngle", "PosePitchDegrees"]),
            first(&["fov_deg", "fov"]).or(fov),
        )
    }

    /// Of numbers; those that are no such angle are left out, headings are brought into 0 … 360.
    #[must_use]
    pub fn new(heading_deg: Option<f64>, pitch_deg: Option<f64>, fov_deg: Option<f64>) -> Self {
        let hundredths = |v: f64| (v * 100.0).round() / 100.0;
        let heading = heading_deg.filter(|h| h.abs() <= 3_600.0).map(hundredths);
        Self {
            heading_deg: heading.map(|h| hundredths(h.rem_euclid(360.0)) % 360.0),
            pitch_deg: pitch_deg.filter(|p| p.abs() <= 90.0).map(hundredths),
            fov_deg: fov_deg.filter(|f| *f > 0.0 && *f < 180.0).map(hundredths),
        }
    }
}

/// A decimal or a rational.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let value = match text.split_once('/') {
        Some((over, under)) => over.trim().parse::<f64>().ok()? / under.trim().parse::<f64>().ok()?,
        None => text.parse().ok()?,
    };
    Some(value).filter(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&str, &str)]) -> PhotoView {
        PhotoView::of_fields(|name| fields.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn our_names_and_those_of_exif() {
        let own = of(&[("heading_deg", "271.5"), ("pitch_deg", "-4"), ("fov_deg", "66")]);
        assert_eq!((own.heading_deg, own.pitch_deg, own.fov_deg), (Some(271.5), Some(-4.0), Some(66.0)));
        let exif =
            of(&[("GPSImgDirection", "2715/10"), ("FocalLengthIn35mmFilm", "18"), ("CameraElevationAngle", "8/2")]);
        assert_eq!((exif.heading_deg, exif.pitch_deg), (Some(271.5), Some(4.0)));
        assert!((exif.fov_deg.unwrap() - 90.0).abs() < 1e-4);
    }

    #[test]
    fn what_is_no_angle_is_left_out() {
        let bad = [("heading_deg", "north"), ("pitch_deg", "91"), ("fov_deg", "180"), ("FocalLengthIn35mmFilm", "0")];
        assert_eq!(of(&bad), PhotoView::default());
        assert_eq!(of(&[("heading", "1/0")]), PhotoView::default());
        assert_eq!(of(&[("heading", "-90")]).heading_deg, Some(270.0));
        assert_eq!(of(&[("heading", "359.999")]).heading_deg, Some(0.0));
    }
}
