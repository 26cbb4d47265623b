//! Means of sound levels are means of energy: Leq = 10 lg(mean of 10^(L/10)) (GB 3096).

use guanlan_core::ObservedProperty;

use crate::rules::Measure;

/// Are means of this property those of energy? Sound levels in dB are.
pub(crate) fn by_energy(property: Option<ObservedProperty>, measure: Measure) -> bool {
    property == Some(ObservedProperty::Noise) && measure == Measure::Mean
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
