//! Marks as bits: what the shaders read. The layout here is that of `shaders/common.wgsl`.

use guanlan_core::input::UnitStatus;

use crate::scene::{CaseMark, LevelMark, QualityMark, SensorMark, UnitMark};

/// A sensor's byte: level 0–2, quality 3–4, breathes 5, selected 6, hidden 7.
#[must_use]
pub fn sensor(level: LevelMark, quality: QualityMark, unacknowledged: bool, selected: bool) -> u8 {
    let breathes = unacknowledged && level == LevelMark::Red;
    level as u8 | (quality as u8) << 3 | u8::from(breathes) << 5 | u8::from(selected) << 6
}

/// Bit of a sensor that is not drawn.
pub const HIDDEN: u8 = 1 << 7;

/// The byte of a mark.
#[must_use]
pub fn sensor_of(mark: &SensorMark) -> u8 {
    sensor(mark.level, mark.quality, mark.unacknowledged, mark.selected)
}

/// Level number of a sensor's byte.
#[must_use]
pub fn sensor_level(state: u8) -> usize {
    usize::from(state & 7).min(4)
}

/// True when a sensor's byte wants the full symbol: it warns or is selected.
#[must_use]
pub fn sensor_is_loud(state: u8) -> bool {
    state & (7 | 1 << 6) != 0
}

/// True when a sensor's byte is selected.
#[must_use]
pub fn sensor_selected(state: u8) -> bool {
    state & 1 << 6 != 0
}

/// True when a sensor's byte breathes.
#[must_use]
pub fn sensor_breathes(state: u8) -> bool {
    state & 1 << 5 != 0
}

/// A case's bits: level 0–2, overdue 3, breathes 4, selected 5, elapsed share in 255ths 8–15.
#[must_use]
pub fn case_of(mark: &CaseMark) -> u32 {
    let breathes = mark.unacknowledged && mark.level == LevelMark::Red;
    mark.level as u32
        | u32::from(mark.overdue) << 3
        | u32::from(breathes) << 4
        | u32::from(mark.selected) << 5
        | ((mark.elapsed_frac.clamp(0.0, 1.0) * 255.0).round() as u32) << 8
}

/// Level number of a case's bits.
#[must_use]
pub fn case_level(state: u32) -> usize {
    (state as usize & 7).min(4)
}

/// True when a case's bits breathe.
#[must_use]
pub fn case_breathes(state: u32) -> bool {
    state & 1 << 4 != 0
}

/// True when a case's bits are selected.
#[must_use]
pub fn case_selected(state: u32) -> bool {
    state & 1 << 5 != 0
}

/// A crew's bits: status 0–3, selected 4, course in 65 536ths of a turn 16–31.
#[must_use]
pub fn unit_of(mark: &UnitMark) -> u32 {
    unit(mark.status, mark.selected, mark.heading_deg)
}

/// See [`unit_of`].
#[must_use]
pub fn unit(status: UnitStatus, selected: bool, heading_deg: f32) -> u32 {
    let turn = (heading_deg.rem_euclid(360.0) / 360.0 * 65_536.0) as u32 & 0xffff;
    (status as u32 & 15) | u32::from(selected) << 4 | turn << 16
}

/// True when a crew's bits are selected.
#[must_use]
pub fn unit_selected(state: u32) -> bool {
    state & 1 << 4 != 0
}

/// True when a crew is free and not selected: nothing about it needs a person.
#[must_use]
pub fn unit_calm(state: u32) -> bool {
    state & 31 == 0
}

/// The group of a crew in a share ring: 0 free, 1 under way, 2 on scene, 3 clearing, 4 out of service.
#[must_use]
pub fn unit_group(state: u32) -> usize {
    match state & 15 {
        0 => 0,
        1 | 2 => 1,
        3 => 2,
        4 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_come_back() {
        let byte = sensor(LevelMark::Red, QualityMark::Offline, true, false);
        assert_eq!(sensor_level(byte), 4);
        assert_eq!(byte >> 3 & 3, QualityMark::Offline as u8);
        assert!(sensor_breathes(byte) && sensor_is_loud(byte));
        let calm = sensor(LevelMark::Normal, QualityMark::Good, true, false);
        assert_eq!(calm, 0, "only reds breathe");
        let case =
            case_of(&CaseMark { level: LevelMark::Orange, elapsed_frac: 0.5, overdue: true, ..Default::default() });
        assert_eq!((case_level(case), case >> 8 & 255, case >> 3 & 1), (3, 128, 1));
        let unit = unit(UnitStatus::OnScene, true, 90.0);
        assert_eq!((unit_group(unit), unit >> 16), (2, 16_384));
        assert!(unit_selected(unit) && !unit_calm(unit));
        assert!(unit_calm(super::unit(UnitStatus::default(), false, 200.0)));
    }
}
