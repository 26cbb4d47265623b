//! What sensors observe: the property, its unit, its plausible range.

use serde::{Deserialize, Serialize};

use crate::text::{Bilingual, Lang};

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
    /// 井盖缺失: 1 when the cover is off or gone, 0 in place.
    CoverMissing,
    /// 空气质量指数 AQI after HJ 633—2026.
    Aqi,
    /// PM10, µg/m³.
    Pm10,
    /// 路灯: 1 lit, 0 dark, negative means a fault.
    StreetLight,
    /// 摄像机: 1 delivers pictures, 0 does not.
    CameraOnline,
    /// 摄像机朝向: where it looks, degrees clockwise from north.
    CameraBearing,
    /// 无人机离地高度, m.
    DroneHeight,
    /// 人群密度: people per square metre.
    CrowdDensity,
    /// 硫化氢, mg/m³.
    H2s,
    /// 一氧化碳, mg/m³.
    Co,
    /// 氧气, %vol.
    Oxygen,
    /// 雨量: rain fallen in the stream's period, mm.
    RainDepth,
    /// 风速: ten-minute mean or gust, m/s.
    WindSpeed,
    /// 能见度, m.
    Visibility,
    /// 气温, °C.
    Temperature,
    /// 管网压降: against the normal pressure, %.
    PressureDrop,
    /// 设备电量, %.
    Battery,
}

impl ObservedProperty {
    /// Every property.
    pub const ALL: [Self; 28] = [
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
        Self::CoverMissing,
        Self::Aqi,
        Self::Pm10,
        Self::StreetLight,
        Self::CameraOnline,
        Self::CameraBearing,
        Self::DroneHeight,
        Self::CrowdDensity,
        Self::H2s,
        Self::Co,
        Self::Oxygen,
        Self::RainDepth,
        Self::WindSpeed,
        Self::Visibility,
        Self::Temperature,
        Self::PressureDrop,
        Self::Battery,
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
            Self::CoverMissing => "cover_missing",
            Self::Aqi => "aqi",
            Self::Pm10 => "pm10",
            Self::StreetLight => "street_light",
            Self::CameraOnline => "camera_online",
            Self::CameraBearing => "camera_bearing",
            Self::DroneHeight => "drone_height",
            Self::CrowdDensity => "crowd_density",
            Self::H2s => "h2s",
            Self::Co => "co",
            Self::Oxygen => "oxygen",
            Self::RainDepth => "rain_depth",
            Self::WindSpeed => "wind_speed",
            Self::Visibility => "visibility",
            Self::Temperature => "temperature",
            Self::PressureDrop => "pressure_drop",
            Self::Battery => "battery",
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
            Self::CoverMissing => Bilingual::new("井盖缺失", "Cover missing"),
            Self::Aqi => Bilingual::new("空气质量指数", "AQI"),
            Self::Pm10 => Bilingual::new("PM10", "PM10"),
            Self::StreetLight => Bilingual::new("路灯", "Street light"),
            Self::CameraOnline => Bilingual::new("视频在线", "Camera online"),
            Self::CameraBearing => Bilingual::new("摄像机朝向", "Camera bearing"),
            Self::DroneHeight => Bilingual::new("无人机高度", "Drone height"),
            Self::CrowdDensity => Bilingual::new("人群密度", "Crowd density"),
            Self::H2s => Bilingual::new("硫化氢", "Hydrogen sulphide"),
            Self::Co => Bilingual::new("一氧化碳", "Carbon monoxide"),
            Self::Oxygen => Bilingual::new("氧气", "Oxygen"),
            Self::RainDepth => Bilingual::new("雨量", "Rain depth"),
            Self::WindSpeed => Bilingual::new("风速", "Wind speed"),
            Self::Visibility => Bilingual::new("能见度", "Visibility"),
            Self::Temperature => Bilingual::new("气温", "Temperature"),
            Self::PressureDrop => Bilingual::new("管网压降", "Pressure drop"),
            Self::Battery => Bilingual::new("电量", "Battery"),
        }
    }

    /// The unit symbol shown after a value.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::RoadWaterDepth => "cm",
            Self::RiverStage | Self::DroneHeight | Self::Visibility => "m",
            Self::RainIntensity => "mm/h",
            Self::CoverTilt | Self::CameraBearing => "°",
            Self::Pm25 | Self::Pm10 => "µg/m³",
            Self::Noise => "dB(A)",
            Self::GasLel => "%LEL",
            Self::ParkingOccupancy | Self::BinFill | Self::PressureDrop | Self::Battery => "%",
            Self::CrowdDensity => "人/m²",
            Self::H2s | Self::Co => "mg/m³",
            Self::Oxygen => "%vol",
            Self::RainDepth => "mm",
            Self::WindSpeed => "m/s",
            Self::Temperature => "°C",
            Self::PumpsRunning | Self::Other => "",
            Self::CoverMissing | Self::Aqi | Self::StreetLight | Self::CameraOnline => "",
        }
    }

    /// The unit symbol in a language: only people are counted in words.
    #[must_use]
    pub const fn unit_in(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::CrowdDensity, Lang::En) => "people/m²",
            _ => self.unit(),
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
            Self::CoverMissing => (0.0, 1.0),
            Self::Aqi => (0.0, 500.0),
            Self::Pm10 => (0.0, 5000.0),
            Self::StreetLight => (-1.0, 1.0),
            Self::CameraOnline => (0.0, 1.0),
            Self::CameraBearing => (-180.0, 360.0),
            Self::DroneHeight => (-50.0, 10000.0),
            Self::CrowdDensity => (0.0, 15.0),
            Self::H2s => (0.0, 1500.0),
            Self::Co => (0.0, 3000.0),
            Self::Oxygen => (0.0, 30.0),
            Self::RainDepth => (0.0, 1000.0),
            Self::WindSpeed => (0.0, 120.0),
            Self::Visibility => (0.0, 100000.0),
            Self::Temperature => (-60.0, 70.0),
            Self::PressureDrop => (-100.0, 100.0),
            Self::Battery => (0.0, 100.0),
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
