//! Coordinate operations between two reference systems, always `x` east and `y` north.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

use proj::Proj;
use serde::{Deserialize, Serialize};

use crate::{CrsError, Shifted, crs_name, database};

thread_local! {
    /// PROJ objects of this thread by (from, to): they must not leave it.
    static OPERATIONS: RefCell<BTreeMap<(String, String), Rc<Operation>>> = const { RefCell::new(BTreeMap::new()) };
}

/// PROJ's operation, and the shifts around it.
struct Operation {
    proj: Proj,
    from: Option<Shifted>,
    to: Option<Shifted>,
}

/// An operation from one CRS to another. Degrees for geographic systems, the system's own unit
/// otherwise. Axis orders of the systems (4490 is latitude first, Gauss-Krüger is north first) are
/// normalised away: input and output are `[x east or longitude, y north or latitude]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transformer {
    from: String,
    to: String,
}

impl Transformer {
    /// Between any two systems PROJ understands: `EPSG:4549`, `IGNF:ETRS89LAEA`, a PROJ string, WKT; or `GCJ-02`
    /// and `BD-09`, longitude and latitude shifted as Chinese web maps do.
    pub fn new(from: impl Into<String>, to: impl Into<String>) -> Result<Self, CrsError> {
        let made = Self { from: from.into(), to: to.into() };
        made.operation()?;
        Ok(made)
    }

    /// Between two EPSG codes, or the codes of the shifted systems.
    pub fn between(from_epsg: u32, to_epsg: u32) -> Result<Self, CrsError> {
        Self::new(crs_name(from_epsg), crs_name(to_epsg))
    }

    /// The reverse operation.
    pub fn inverse(&self) -> Result<Self, CrsError> {
        Self::new(self.to.clone(), self.from.clone())
    }

    /// One point.
    pub fn transform(&self, point: [f64; 2]) -> Result<[f64; 2], CrsError> {
        self.apply(&*self.operation()?, point)
    }

    /// Many points in place. On an error the points before the failing one are already transformed.
    pub fn transform_all(&self, points: &mut [[f64; 2]]) -> Result<(), CrsError> {
        let operation = self.operation()?;
        for point in points {
            *point = self.apply(&operation, *point)?;
        }
        Ok(())
    }

    /// Accuracy that PROJ states for the operation it used at a point, m; `None` when it is unknown,
    /// as for two datums that are merely taken as equal.
    pub fn accuracy_m(&self, at: [f64; 2]) -> Result<Option<f64>, CrsError> {
        let operation = self.operation()?;
        self.apply(&operation, at)?;
        let accuracy = operation.proj.proj_info().accuracy;
        Ok((accuracy >= 0.0).then_some(accuracy))
    }

    fn apply(&self, operation: &Operation, point: [f64; 2]) -> Result<[f64; 2], CrsError> {
        let fail = |reason: String| CrsError::Point {
            x: point[0].to_string(),
            y: point[1].to_string(),
            from: self.from.clone(),
            to: self.to.clone(),
            reason,
        };
        if !(point[0].is_finite() && point[1].is_finite()) {
            return Err(fail("not finite".into()));
        }
        let [x, y] = operation.from.map_or(point, |shifted| shifted.to_wgs84(point));
        let (x, y) = operation.proj.convert((x, y)).map_err(|error| fail(error.to_string()))?;
        let [x, y] = operation.to.map_or([x, y], |shifted| shifted.from_wgs84([x, y]));
        if x.is_finite() && y.is_finite() { Ok([x, y]) } else { Err(fail("outside the projection's domain".into())) }
    }

    fn operation(&self) -> Result<Rc<Operation>, CrsError> {
        let key = (self.from.clone(), self.to.clone());
        if let Some(known) = OPERATIONS.with_borrow(|all| all.get(&key).cloned()) {
            return Ok(known);
        }
        database::ensure()?;
        let (from, to) = (Shifted::named(&self.from), Shifted::named(&self.to));
        // A shift is done around an operation on WGS 84.
        let plain = |shifted: Option<Shifted>, crs: &str| shifted.map_or(crs.to_owned(), |_| "EPSG:4326".to_owned());
        let unknown = |reason: String| CrsError::Unknown { from: self.from.clone(), to: self.to.clone(), reason };
        for crs in [&self.from, &self.to] {
            if is_local(crs) {
                return Err(unknown("a local (engineering) system has no place on Earth".into()));
            }
            if crs.contains('\0') {
                return Err(unknown("a zero byte in the name".into()));
            }
        }
        // The binding panics where PROJ fails without saying why.
        let made = catch_unwind(AssertUnwindSafe(|| {
            Proj::new_known_crs(&plain(from, &self.from), &plain(to, &self.to), None)
        }));
        let made = made.map_err(|_| unknown("PROJ does not say why".into()))?;
        let proj = made.map_err(|error| unknown(error.to_string()))?;
        let made = Operation { proj, from, to };
        let made = Rc::new(made);
        OPERATIONS.with_borrow_mut(|all| all.insert(key, Rc::clone(&made)));
        Ok(made)
    }
}

/// True for WKT of a system that is not tied to the Earth.
fn is_local(crs: &str) -> bool {
    let head: String = crs.trim_start().chars().take(16).collect::<String>().to_ascii_uppercase();
    ["LOCAL_CS[", "ENGCRS[", "ENGINEERINGCRS["].iter().any(|kind| head.starts_with(kind))
}

/// Is the CRS geographic (its coordinates are degrees)? Found by use: transforming its own `(1, 1)`
/// to WGS 84 stays within a tenth of a degree only when the numbers are degrees.
pub fn is_geographic(crs: &str) -> Result<bool, CrsError> {
    let to_wgs84 = Transformer::new(crs, "EPSG:4326")?;
    Ok([[1.0, 1.0], [10.0, 40.0]]
        .iter()
        .all(|&p| to_wgs84.transform(p).is_ok_and(|q| (q[0] - p[0]).abs() < 0.1 && (q[1] - p[1]).abs() < 0.1)))
}

/// Is the CRS projected in metres and true to scale (within 2 %) at a place? False for geographic
/// systems, for feet, and for Web Mercator away from the equator.
pub fn is_metric_at(crs: &str, lon_deg: f64, lat_deg: f64) -> Result<bool, CrsError> {
    let to = Transformer::new("EPSG:4326", crs)?;
    let step_deg = 0.001;
    let (Ok(a), Ok(north)) = (to.transform([lon_deg, lat_deg]), to.transform([lon_deg, lat_deg + step_deg])) else {
        return Ok(false);
    };
    // Length of the step along the meridian of the WGS 84 ellipsoid.
    let s = lat_deg.to_radians().sin();
    let e2 = 0.006_694_379_990_141_317;
    let meridian_m = 6_378_137.0 * (1.0 - e2) / (1.0 - e2 * s * s).powf(1.5) * step_deg.to_radians();
    let ratio = (north[0] - a[0]).hypot(north[1] - a[1]) / meridian_m;
    Ok((0.98..1.02).contains(&ratio))
}
