//! Vehicle classes: how fast they drive on which road, in rain, and how deep they may wade.
//!
//! Sources: DOMAIN §5 (urban mean speeds, depth limits by class, Shenzhen rain effect, Pregnolato 2017 depth–speed
//! curve, Kramer 2016 total head).

use guanlan_city::model::RoadClass;
use serde::{Deserialize, Serialize};

/// Standard gravity, m/s².
const GRAVITY: f64 = 9.81;
/// Time from the call to wheels rolling, s.
pub const TURNOUT_S: u32 = 80;
/// A closed road opens again only when the water is this much below the limit, m.
pub const HYSTERESIS_M: f32 = 0.03;
/// Speed of people on foot, km/h.
pub const WALK_KMH: f64 = 4.5;
/// Pace of vehicles that wade deeper than the speed curve reaches, km/h.
pub const WADE_KMH: f64 = 5.0;

/// What a crew moves with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VehicleClass {
    /// 步行.
    Foot,
    /// 电动自行车.
    Ebike,
    /// 小客车.
    #[default]
    Car,
    /// 面包车, ambulance.
    Van,
    /// 货车, pickup.
    Truck,
    /// 高底盘抢险车 (fire engine, 龙吸水).
    HighClearance,
}

impl VehicleClass {
    /// Every class.
    pub const ALL: [Self; 6] = [Self::Foot, Self::Ebike, Self::Car, Self::Van, Self::Truck, Self::HighClearance];

    /// The class a city file names (`foot`, `ebike`, `car`, `van`, `truck`, `high_clearance`); anything else drives
    /// as a car, the most careful motor vehicle.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key {
            "foot" => Self::Foot,
            "ebike" => Self::Ebike,
            "van" | "ambulance" => Self::Van,
            "truck" | "pickup" | "suv" => Self::Truck,
            "high_clearance" | "fire" => Self::HighClearance,
            _ => Self::Car,
        }
    }

    /// Deepest still water it drives through, m.
    #[must_use]
    pub const fn limit_m(self) -> f32 {
        match self {
            Self::Ebike => 0.15,
            Self::Car => 0.27,
            Self::Foot | Self::Van => 0.30,
            Self::Truck => 0.45,
            Self::HighClearance => 0.60,
        }
    }

    /// The class as one bit of a mask.
    #[must_use]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Mean speed on a dry road with this limit, km/h; `None` where the class may not go.
    ///
    /// The shares are chosen so that an ordinary 50 km/h street gives the urban means of DOMAIN §5
    /// (truck 25, car 30, fire engine 40 km/h).
    #[must_use]
    pub fn free_kmh(self, road: RoadClass, limit_kmh: f32) -> Option<f64> {
        let limit = if limit_kmh > 0.0 { f64::from(limit_kmh) } else { usual_limit_kmh(road) };
        match self {
            Self::Foot => (road != RoadClass::Motorway).then_some(WALK_KMH),
            Self::Ebike => (road != RoadClass::Motorway && road != RoadClass::Foot).then_some(limit.min(18.0)),
            _ if road == RoadClass::Foot => None,
            Self::Car | Self::Van => Some(limit * 0.6),
            Self::Truck => Some(limit * 0.5),
            Self::HighClearance => Some(limit * 0.8),
        }
    }

    /// Speed in rain and water, km/h. `depth_mm` must be passable for the class.
    #[must_use]
    pub fn wet_kmh(self, free_kmh: f64, rain_factor: f64, depth_mm: u16) -> f64 {
        let wet = free_kmh * rain_factor;
        if depth_mm == 0 {
            return wet;
        }
        let depth = f64::from(depth_mm);
        if self == Self::Foot {
            return wet * (1.0 - 0.7 * (depth / 300.0).min(1.0));
        }
        let mut curve = pregnolato_kmh(depth);
        if self.limit_m() > 0.30 {
            curve = curve.max(WADE_KMH);
        }
        wet.min(curve)
    }

    /// True when flowing water stops it: total head `h + v²/2g` above 0.30 m for cars, 0.60 m for emergency vehicles
    /// (Kramer 2016); people stop at `h·v ≥ 0.4 m²/s`.
    #[must_use]
    pub fn stopped_by_flow(self, depth_m: f64, velocity_mps: f64) -> bool {
        match self {
            Self::Foot => depth_m > 0.30 || depth_m * velocity_mps >= 0.4,
            Self::HighClearance => total_head_m(depth_m, velocity_mps) > 0.60,
            _ => total_head_m(depth_m, velocity_mps) > 0.30,
        }
    }
}

/// Speed limit assumed where the map has none, km/h.
#[must_use]
pub fn usual_limit_kmh(road: RoadClass) -> f64 {
    match road {
        RoadClass::Motorway => 80.0,
        RoadClass::Primary => 60.0,
        RoadClass::Secondary => 50.0,
        RoadClass::Tertiary => 40.0,
        RoadClass::Residential => 30.0,
        RoadClass::Service | RoadClass::Foot => 15.0,
    }
}

/// Pregnolato 2017: speed over `depth_mm` of still water, km/h. Closed from 300 mm; clamped there, because the parabola
/// would rise again behind its vertex at 307 mm.
#[must_use]
pub fn pregnolato_kmh(depth_mm: f64) -> f64 {
    let w = depth_mm.clamp(0.0, 300.0);
    0.0009 * w * w - 0.5529 * w + 86.9448
}

/// Share of the dry speed that rain of this intensity leaves: −1.2 % for the first drops to −18.4 % from 50 mm/h on.
#[must_use]
pub fn rain_factor(rain_mm_h: f64) -> f64 {
    if rain_mm_h <= 0.0 { 1.0 } else { 1.0 - 0.012 - 0.172 * (rain_mm_h / 50.0).min(1.0) }
}

/// Total head of flowing water, m.
#[must_use]
pub fn total_head_m(depth_m: f64, velocity_mps: f64) -> f64 {
    depth_m + velocity_mps * velocity_mps / (2.0 * GRAVITY)
}

/// Time over a stretch in whole milliseconds, at least 1.
#[must_use]
pub fn travel_ms(length_m: f64, kmh: f64) -> u32 {
    let ms = (length_m * 3600.0 / kmh).round();
    if ms < 1.0 { 1 } else { ms.min(f64::from(u32::MAX / 4)) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_speed_vectors() {
        for (w, v) in [
            (0.0, 86.9448),
            (50.0, 61.5498),
            (100.0, 40.6548),
            (150.0, 24.2598),
            (200.0, 12.3648),
            (250.0, 4.9698),
            (300.0, 2.0748),
            (400.0, 2.0748),
        ] {
            assert!((pregnolato_kmh(w) - v).abs() < 1e-4, "{w} mm gives {}", pregnolato_kmh(w));
        }
    }

    #[test]
    fn link_time_vectors() {
        let link = |depth| f64::from(travel_ms(200.0, VehicleClass::Car.wet_kmh(40.0, 1.0, depth))) / 1000.0;
        assert!((link(0) - 18.0).abs() < 0.01);
        assert!((link(150) - 29.68).abs() < 0.01);
        assert!((link(250) - 144.9).abs() < 0.1);
    }

    #[test]
    fn turnout_and_drive_vector() {
        let eta = f64::from(travel_ms(2400.0, 35.0)) / 1000.0 + f64::from(TURNOUT_S);
        assert!((eta - 326.9).abs() < 0.05, "{eta}");
    }

    #[test]
    fn total_head_vectors() {
        assert!((total_head_m(0.25, 1.0) - 0.3010).abs() < 1e-4);
        assert!(VehicleClass::Car.stopped_by_flow(0.25, 1.0));
        assert!((total_head_m(0.20, 1.5) - 0.3147).abs() < 1e-4);
        assert!(VehicleClass::Car.stopped_by_flow(0.20, 1.5));
        assert!((total_head_m(0.50, 1.4) - 0.5999).abs() < 1e-4);
        assert!(!VehicleClass::HighClearance.stopped_by_flow(0.50, 1.4));
        assert!(VehicleClass::Foot.stopped_by_flow(0.25, 1.6));
    }

    #[test]
    fn urban_means_on_an_ordinary_street() {
        for (class, kmh) in [
            (VehicleClass::Foot, 4.5),
            (VehicleClass::Ebike, 18.0),
            (VehicleClass::Truck, 25.0),
            (VehicleClass::Car, 30.0),
            (VehicleClass::HighClearance, 40.0),
        ] {
            let got = class.free_kmh(RoadClass::Secondary, 50.0).unwrap();
            assert!((got - kmh).abs() < 1e-9, "{class:?} {got}");
        }
        assert_eq!(VehicleClass::Car.free_kmh(RoadClass::Foot, 0.0), None);
        assert!((rain_factor(1e-9) - 0.988).abs() < 1e-6 && (rain_factor(80.0) - 0.816).abs() < 1e-9);
    }
}
