//! What a room's picture says of rain and water, as the model takes it.

use guanlan_core::ObservedProperty;
use guanlan_rainstorm::live::{Observed, RainReading, RiverReading, WaterReading};
use guanlan_sensing::Quality;

use crate::picture::Picture;

/// A rain gauge speaks for so long, ms.
const RAIN_FRESH_MS: i64 = 15 * 60_000;
/// A water gauge's reading is compared for so long, ms.
const WATER_FRESH_MS: i64 = 20 * 60_000;

/// What the city says now.
pub(crate) fn observed(picture: &Picture) -> Observed {
    let now = picture.now;
    let mut said = Observed { now, grids: picture.rain_layer.grids(), ..Observed::default() };
    for row in picture.sensors.rows() {
        let (Some(place_m), Some((value, at))) = (row.meta.place_m, row.latest) else { continue };
        let age_ms = now - at;
        match row.meta.property {
            ObservedProperty::RainIntensity if age_ms <= RAIN_FRESH_MS && row.quality == Quality::Good => {
                said.rain.push(RainReading { place_m, mm_h: value });
            }
            ObservedProperty::RoadWaterDepth if age_ms <= WATER_FRESH_MS => {
                said.water.push(WaterReading {
                    sensor: row.meta.id.clone(),
                    place_m,
                    depth_m: value / 100.0,
                    at,
                    // What contradicts a gauge is for the model itself to judge.
                    sound: matches!(row.quality, Quality::Good | Quality::Contradicted),
                });
            }
            ObservedProperty::RiverStage if age_ms <= WATER_FRESH_MS && row.quality == Quality::Good => {
                said.river.push(RiverReading { place_m, level_m: value });
            }
            _ => {}
        }
    }
    said
}
