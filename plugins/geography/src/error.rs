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
