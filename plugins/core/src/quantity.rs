//! What sensors observe: the property, its unit, its plausible range.

use serde::{Deserialize, Serialize};

use crate::text::Bilingual;

/// An observed property. The unit of a value is fixed by its property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservedProperty {
    /// 路面/下凹桥积水: water depth over the road, cm.
    RoadWaterDepth,
    /// 河道水位: water surface above the vertical datum, m.
    RiverStage,
    /// 雨强: rain intensity, mm/h.
    RainIntensity,
    /// 井盖倾角: tilt against the installed position, degrees.
    CoverTilt,
    /// PM2.5, µg/m³.
    Pm25,
    /// 噪声: equivalent sound level, dB(A).
    Noise,
    /// 可燃气: share of the lower explosive limit, %LEL.
    GasLel,
    /// 停车: share of occupied places, %.
    ParkingOccupancy,
    /// 垃圾桶: fill level, %.
    BinFill,
    /// 泵站: running pumps, count; negative means a fault.
    PumpsRunning,
    /// Anything else; unit unknown.
    Other,
}

impl ObservedProperty {
    /// Every property.
    pub const ALL: [Self; 11] = [
        Self::RoadWaterDepth,
        Self::RiverStage,
        Self::RainIntensity,
        Self::CoverTilt,
        Self::Pm25,
        Self::Noise,
        Self::GasLel,
        Self::ParkingOccupancy,
        Self::BinFill,
        Self::PumpsRunning,
        Self::Other,
    ];

    /// The machine name: what rule files, GeoJSON properties and the API write.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::RoadWaterDepth => "road_water_depth",
            Self::RiverStage => "river_stage",
            Self::RainIntensity => "rain_intensity",
            Self::CoverTilt => "cover_tilt",
            Self::Pm25 => "pm25",
            Self::Noise => "noise",
            Self::GasLel => "gas_lel",
            Self::ParkingOccupancy => "parking_occupancy",
            Self::BinFill => "bin_fill",
            Self::PumpsRunning => "pumps_running",
            Self::Other => "other",
        }
    }

    /// The property with this [`key`](Self::key).
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.key() == key)
    }

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::RoadWaterDepth => Bilingual::new("道路积水", "Road water"),
            Self::RiverStage => Bilingual::new("河道水位", "River stage"),
            Self::RainIntensity => Bilingual::new("雨强", "Rain"),
            Self::CoverTilt => Bilingual::new("井盖倾角", "Cover tilt"),
            Self::Pm25 => Bilingual::new("PM2.5", "PM2.5"),
            Self::Noise => Bilingual::new("噪声", "Noise"),
            Self::GasLel => Bilingual::new("可燃气", "Gas"),
            Self::ParkingOccupancy => Bilingual::new("停车占用", "Parking"),
            Self::BinFill => Bilingual::new("垃圾桶满溢", "Bin fill"),
            Self::PumpsRunning => Bilingual::new("运行泵数", "Pumps running"),
            Self::Other => Bilingual::new("其他", "Other"),
        }
    }

    /// The unit symbol shown after a value.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::RoadWaterDepth => "cm",
            Self::RiverStage => "m",
            Self::RainIntensity => "mm/h",
            Self::CoverTilt => "°",
            Self::Pm25 => "µg/m³",
            Self::Noise => "dB(A)",
            Self::GasLel => "%LEL",
            Self::ParkingOccupancy | Self::BinFill => "%",
            Self::PumpsRunning => "",
            Self::Other => "",
        }
    }

    /// Values outside this closed range are not measurements.
    #[must_use]
    pub const fn plausible(self) -> (f64, f64) {
        match self {
            Self::RoadWaterDepth => (-5.0, 1000.0),
            Self::RiverStage => (-50.0, 9000.0),
            Self::RainIntensity => (0.0, 600.0),
            Self::CoverTilt => (-180.0, 180.0),
            Self::Pm25 => (0.0, 3000.0),
            Self::Noise => (0.0, 160.0),
            Self::GasLel | Self::BinFill => (0.0, 110.0),
            Self::ParkingOccupancy => (0.0, 100.0),
            Self::PumpsRunning => (-100.0, 100.0),
            Self::Other => (f64::MIN, f64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_serde_names() {
        for p in ObservedProperty::ALL {
            assert_eq!(ObservedProperty::from_key(p.key()), Some(p));
            assert_eq!(serde_json::to_value(p).unwrap(), p.key());
        }
    }
}
