//! What a line of the street graph is, and how wide.

/// What a line of the graph is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Not a road: parcel line, shore, end of a dead-end street.
    Stub,
    /// Edge of the map.
    Edge,
    Rail,
    Ring,
    Primary,
    Secondary,
    Tertiary,
    Residential,
    Service,
}

impl Kind {
    /// Whether streets may join it at grade.
    pub fn is_street(self) -> bool {
        self >= Self::Primary
    }
    /// Half the carriageway's width, m.
    pub fn half_width_m(self) -> f64 {
        match self {
            Self::Stub | Self::Edge => 0.0,
            Self::Rail => 6.0,
            Self::Ring => 17.0,
            Self::Primary => 14.0,
            Self::Secondary => 10.0,
            Self::Tertiary => 7.0,
            Self::Residential => 4.5,
            Self::Service => 2.5,
        }
    }
    /// Half the carriageway plus its sidewalk and verge, m.
    pub fn reserve_m(self) -> f64 {
        match self {
            Self::Stub | Self::Edge => 1.0,
            Self::Rail => 22.0,
            Self::Ring => 38.0,
            Self::Primary => 23.0,
            Self::Secondary => 16.5,
            Self::Tertiary => 11.0,
            Self::Residential => 7.0,
            Self::Service => 3.4,
        }
    }
}
