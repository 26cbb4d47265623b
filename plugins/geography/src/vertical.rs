//! What heights count from: a compound or three-dimensional CRS taken apart.

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_char},
    ptr,
    sync::{Mutex, PoisonError},
};

use crate::{CrsError, Shifted, crs_code, database};

/// What heights count from.
#[derive(Clone, Debug, PartialEq)]
pub struct Heights {
    /// Name of the vertical CRS, for example `NAP height`; `ellipsoidal (WGS 84)` above an ellipsoid.
    pub name: String,
    /// EPSG code of the vertical CRS.
    pub code: Option<u32>,
    /// Above the ellipsoid, not above a level of the sea.
    pub ellipsoidal: bool,
    /// Metres in one unit; negative where depths are counted downwards.
    pub metres: f64,
}

impl Heights {
    /// True when both count from the same level.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (self.ellipsoidal, other.ellipsoidal) {
            // Ellipsoids in use differ by centimetres.
            (true, true) => true,
            (false, false) => self.name == other.name || (self.code.is_some() && self.code == other.code),
            _ => false,
        }
    }
}

/// A CRS taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct CrsParts {
    /// The part for plane coordinates or longitude and latitude, as PROJ understands it: `EPSG:n` or WKT.
    pub horizontal: String,
    /// What its heights count from; `None` for a plane CRS.
    pub heights: Option<Heights>,
}

static KNOWN: Mutex<BTreeMap<String, Result<CrsParts, CrsError>>> = Mutex::new(BTreeMap::new());

/// Takes a CRS apart. A plane CRS is its own horizontal part.
///
/// # Errors
/// PROJ does not know the CRS, or it has no horizontal part.
pub fn crs_parts(crs: &str) -> Result<CrsParts, CrsError> {
    if Shifted::named(crs).is_some() {
        return Ok(CrsParts { horizontal: crs.to_owned(), heights: None });
    }
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(crs) {
        return known.clone();
    }
    let parts = database::ensure().and_then(|_| Context::new().parts(crs));
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(crs.to_owned(), parts.clone());
    parts
}

/// The horizontal part of a CRS by its EPSG code, where that has a code; else the code itself.
#[must_use]
pub fn horizontal_code(epsg: u32) -> u32 {
    let parts = crs_parts(&crate::crs_name(epsg));
    parts.ok().and_then(|parts| crs_code(&parts.horizontal)).unwrap_or(epsg)
}

/// A PROJ context and what was made in it; all of it goes with it.
struct Context {
    ctx: *mut proj_sys::PJ_CONTEXT,
    made: Vec<*mut proj_sys::PJ>,
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: every object was made in this context and is destroyed once, before it.
        unsafe {
            for object in self.made.drain(..) {
                proj_sys::proj_destroy(object);
            }
            proj_sys::proj_context_destroy(self.ctx);
        }
    }
}

/// An owned copy of a text of PROJ's.
///
/// # Safety
/// `text` is null or a NUL-terminated string.
unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: by the caller.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

impl Context {
    fn new() -> Self {
        // SAFETY: takes nothing.
        Self { ctx: unsafe { proj_sys::proj_context_create() }, made: Vec::new() }
    }

    /// Keeps an object for its end; `None` for none.
    fn keep(&mut self, object: *mut proj_sys::PJ) -> Option<*mut proj_sys::PJ> {
        (!object.is_null()).then(|| {
            self.made.push(object);
            object
        })
    }

    fn parts(&mut self, crs: &str) -> Result<CrsParts, CrsError> {
        let unknown =
            |reason: &str| CrsError::Unknown { from: crs.into(), to: "its parts".into(), reason: reason.into() };
        let name = CString::new(crs).map_err(|_| unknown("the name holds a zero"))?;
        // SAFETY: the context lives, the name is NUL-terminated and lives through the call.
        let whole = self.keep(unsafe { proj_sys::proj_create(self.ctx, name.as_ptr()) });
        let mut whole = whole.ok_or_else(|| unknown("PROJ does not know it"))?;
        // SAFETY: `whole` is an object of this context, here and below.
        if unsafe { proj_sys::proj_get_type(whole) } == proj_sys::PJ_TYPE_PJ_TYPE_BOUND_CRS {
            let inner = self.keep(unsafe { proj_sys::proj_get_source_crs(self.ctx, whole) });
            whole = inner.ok_or_else(|| unknown("a bound CRS without a source"))?;
        }
        match unsafe { proj_sys::proj_get_type(whole) } {
            proj_sys::PJ_TYPE_PJ_TYPE_COMPOUND_CRS => {
                let plane = self.keep(unsafe { proj_sys::proj_crs_get_sub_crs(self.ctx, whole, 0) });
                let level = self.keep(unsafe { proj_sys::proj_crs_get_sub_crs(self.ctx, whole, 1) });
                let plane = plane.ok_or_else(|| unknown("a compound CRS without a horizontal part"))?;
                Ok(CrsParts { horizontal: self.name(plane), heights: level.map(|level| self.heights(level)) })
            }
            proj_sys::PJ_TYPE_PJ_TYPE_GEOGRAPHIC_3D_CRS => {
                let flat = self.keep(unsafe { proj_sys::proj_crs_demote_to_2D(self.ctx, ptr::null(), whole) });
                let own = unsafe { text(proj_sys::proj_get_name(whole)) }.unwrap_or_default();
                let heights =
                    Heights { name: format!("ellipsoidal ({own})"), code: None, ellipsoidal: true, metres: 1.0 };
                Ok(CrsParts {
                    horizontal: flat.map_or_else(|| crs.to_owned(), |flat| self.name(flat)),
                    heights: Some(heights),
                })
            }
            proj_sys::PJ_TYPE_PJ_TYPE_VERTICAL_CRS => {
                Ok(CrsParts { horizontal: String::new(), heights: Some(self.heights(whole)) })
            }
            _ => Ok(CrsParts { horizontal: crs.to_owned(), heights: None }),
        }
    }

    fn code(&self, object: *mut proj_sys::PJ) -> Option<u32> {
        // SAFETY: an object of this context.
        let (who, code) =
            unsafe { (text(proj_sys::proj_get_id_auth_name(object, 0)), text(proj_sys::proj_get_id_code(object, 0))) };
        who.filter(|who| who.eq_ignore_ascii_case("EPSG")).and(code).and_then(|code| code.parse().ok())
    }

    /// `EPSG:n` where it has a code, else WKT.
    fn name(&self, object: *mut proj_sys::PJ) -> String {
        if let Some(code) = self.code(object) {
            return format!("EPSG:{code}");
        }
        let kind = proj_sys::PJ_WKT_TYPE_PJ_WKT2_2019;
        // SAFETY: an object of this context; no options.
        unsafe { text(proj_sys::proj_as_wkt(self.ctx, object, kind, ptr::null())) }.unwrap_or_default()
    }

    fn heights(&mut self, level: *mut proj_sys::PJ) -> Heights {
        // SAFETY: objects of this context; what is not wanted is null.
        let (name, system) = unsafe {
            (text(proj_sys::proj_get_name(level)), proj_sys::proj_crs_get_coordinate_system(self.ctx, level))
        };
        let (mut factor, mut way) = (1.0, ptr::null());
        if let Some(system) = self.keep(system) {
            let none = ptr::null_mut();
            // SAFETY: as above; `way` points at a text that lives as long as `system`.
            unsafe {
                proj_sys::proj_cs_get_axis_info(
                    self.ctx,
                    system,
                    0,
                    none,
                    none,
                    &raw mut way,
                    &raw mut factor,
                    none,
                    none,
                    none,
                );
            }
        }
        // SAFETY: null or a text of `system`.
        let down = unsafe { text(way) }.is_some_and(|way| way.eq_ignore_ascii_case("down"));
        let factor = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
        Heights {
            name: name.unwrap_or_default(),
            code: self.code(level),
            ellipsoidal: false,
            metres: if down { -factor } else { factor },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_systems_are_taken_apart() {
        for (crs, plane, level, metres) in [
            ("EPSG:7415", "EPSG:28992", "NAP height", 1.0),
            ("EPSG:7405", "EPSG:27700", "ODN height", 1.0),
            ("EPSG:5555", "EPSG:25832", "DHHN92 height", 1.0),
            ("EPSG:6697", "EPSG:6668", "JGD2011 (vertical) height", 1.0),
            ("EPSG:9518", "EPSG:4326", "EGM2008 height", 1.0),
            ("EPSG:4549+5737", "EPSG:4549", "Yellow Sea 1985 height", 1.0),
            ("EPSG:2263+6360", "EPSG:2263", "NAVD88 height (ftUS)", 1200.0 / 3937.0),
            ("EPSG:4979", "EPSG:4326", "ellipsoidal (WGS 84)", 1.0),
        ] {
            let parts = crs_parts(crs).unwrap_or_else(|e| panic!("{crs}: {e}"));
            let heights = parts.heights.unwrap();
            assert_eq!((parts.horizontal.as_str(), heights.name.as_str()), (plane, level), "{crs}");
            assert!(
                (heights.metres - metres).abs() < 1e-12 && heights.ellipsoidal == level.starts_with("ell"),
                "{crs}"
            );
        }
        let plain = crs_parts("EPSG:4549").unwrap();
        assert_eq!(plain, CrsParts { horizontal: "EPSG:4549".into(), heights: None });
        assert_eq!((horizontal_code(7415), horizontal_code(4549), horizontal_code(999_999)), (28992, 4549, 999_999));
        assert!(crs_parts("EPSG:1").is_err() && crs_parts("a\0b").is_err());
        let level = |crs: &str| crs_parts(crs).unwrap().heights.unwrap();
        assert!(level("EPSG:4979").same_as(&level("EPSG:4937")) && !level("EPSG:4979").same_as(&level("EPSG:7415")));
        assert_eq!(crs_parts("EPSG:5709").unwrap().heights.unwrap().name, "NAP height");
    }
}
