//! Means of sound levels are means of energy: Leq = 10 lg(mean of 10^(L/10)) (GB 3096), over time and over places.

use guanlan_core::ObservedProperty;

use crate::rules::{Combine, Measure, Over, Rule};

/// Is it a level in decibels?
fn is_level(property: Option<ObservedProperty>) -> bool {
    property.is_some_and(|p| p.unit().starts_with("dB"))
}

/// Are means over time of this property those of energy?
pub(crate) fn by_energy(property: Option<ObservedProperty>, measure: Measure) -> bool {
    is_level(property) && measure == Measure::Mean
}

/// Is the mean over an area or over neighbours that of energy? Changes, sums and integrals of levels are no levels.
pub(crate) fn over_places(rule: &Rule) -> bool {
    use Measure::{Forecast, Max, Mean, Min, Value};
    rule.over != Over::Stream
        && rule.combine == Combine::Mean
        && is_level(rule.property)
        && matches!(rule.measure, Value | Mean | Max | Min | Forecast)
}

/// A level as energy.
pub(crate) fn energy(level_db: f64) -> f64 {
    10.0_f64.powf(level_db / 10.0)
}

/// An energy as level.
pub(crate) fn level(energy: f64) -> f64 {
    10.0 * energy.log10()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;
    use guanlan_core::Stamp;

    /// 55, 60 and 65 dB are 61.74 dB together, not 60.
    #[test]
    fn levels_of_sound_are_averaged_by_energy() {
        assert!(by_energy(Some(ObservedProperty::Noise), Measure::Mean));
        assert!(!by_energy(Some(ObservedProperty::Noise), Measure::Max) && !by_energy(None, Measure::Mean));
        let mut w = Window::default();
        for (s, v) in [(0, 55.0), (60, 60.0), (120, 65.0)] {
            w.push(Stamp::from_secs(s), energy(v), 600_000);
        }
        let leq = level(w.measure(Measure::Mean, 600_000).unwrap());
        assert!((leq - 61.74).abs() < 0.005, "{leq}");
    }
}
