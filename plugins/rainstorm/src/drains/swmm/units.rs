//! SWMM's constants. It computes in feet: limits below which something counts as nothing are the same number of feet,
//! square feet or cubic feet per second, so that they differ in SI.

/// A foot, m.
pub(super) const FOOT_M: f64 = 0.3048;
/// A cubic foot, m³.
pub(super) const FOOT3_M3: f64 = FOOT_M * FOOT_M * FOOT_M;
/// Acceleration of gravity, m/s² (32.2 ft/s²).
pub(super) const GRAVITY: f64 = 32.2 * FOOT_M;
/// Depths below count as dry, m.
pub(super) const DRY_M: f64 = 1.0e-4 * FOOT_M;
/// The same of areas, m².
pub(super) const DRY_M2: f64 = 1.0e-4 * FOOT_M * FOOT_M;
/// The same of flows, m³/s.
pub(super) const DRY_M3_S: f64 = 1.0e-4 * FOOT3_M3;
/// Inflows below count as none, m³/s.
pub(super) const FLOW_LEAST_M3_S: f64 = 1.0e-5 * FOOT3_M3;
/// What is left of a flow in the trial in which it turns round, m³/s.
pub(super) const TURNING_M3_S: f64 = 1.0e-3 * FOOT3_M3;
/// Fastest flow the momentum equation knows, m/s.
pub(super) const FASTEST_M_S: f64 = 50.0 * FOOT_M;
/// Manning's constant in feet.
const PHI: f64 = 1.486;
/// Exponent of the hydraulic radius in the friction term.
pub(super) const FRICTION_POWER: f64 = 1.333_33;

/// `K` of the friction slope `K |v| v / R^1.33333 / g`, SI, by Manning's n.
pub(super) fn friction(n: f64) -> f64 {
    GRAVITY * (n / PHI).powi(2) * FOOT_M.powf(FRICTION_POWER - 2.0)
}

/// `√slope / n`, by which the section factor `A R^(2/3)` becomes normal flow, SI.
pub(super) fn conveyance(slope: f64, n: f64) -> f64 {
    PHI * FOOT_M.cbrt() * slope.abs().sqrt() / n
}
