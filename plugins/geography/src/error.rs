//! Why a coordinate operation is not possible.

/// A coordinate operation cannot be made or does not apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrsError {
    /// PROJ does not know one of the two systems, or no operation joins them.
    #[error("no coordinate operation from {from} to {to}: {reason}")]
    Unknown {
        /// Source CRS.
        from: String,
        /// Target CRS.
        to: String,
        /// What PROJ says.
        reason: String,
    },
    /// The point is outside the domain of the operation.
    #[error("cannot transform ({x}, {y}) from {from} to {to}: {reason}")]
    Point {
        /// East or longitude, as text so that errors compare.
        x: String,
        /// North or latitude.
        y: String,
        /// Source CRS.
        from: String,
        /// Target CRS.
        to: String,
        /// What PROJ says.
        reason: String,
    },
    /// A place that cannot be this city's.
    #[error(
        "离本城 {km} 千米，本城的位置应在 {reach_km} 千米以内；请检查经纬度是否颠倒、坐标系是否正确 / {km} km from the city, \
         whose places lie within {reach_km} km: are longitude and latitude swapped, is it another system?"
    )]
    FarAway {
        /// From the origin of the city's frame.
        km: u64,
        /// The farthest that is taken.
        reach_km: u64,
    },
    /// Longitude or latitude out of range.
    #[error("({lon}, {lat}) is not a longitude in -180..180 and a latitude in -90..90, degrees")]
    NotLonLat {
        /// Longitude.
        lon: String,
        /// Latitude.
        lat: String,
    },
    /// The CRS database could not be unpacked or opened.
    #[error("cannot open the CRS database {path}: {reason}")]
    Database {
        /// Where it should be.
        path: String,
        /// Why not.
        reason: String,
    },
}
