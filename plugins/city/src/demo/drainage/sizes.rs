//! Flows and sizes of pipes.

const SIZES_M: [f64; 14] = [0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.35, 1.5, 1.8, 2.0, 2.2, 2.6, 3.0];
/// Manning's n of the pipes.
pub const ROUGHNESS: f64 = 0.013;

/// Design flow after the rational method, two-year storm of Beijing's form, m³/s.
pub fn flow_m3s(area_ha: f64, minutes: f64) -> f64 {
    let q = 2001.0 * (1.0 + 0.811 * 2f64.log10()) / (minutes + 8.0).powf(0.711);
    0.6 * q * area_ha / 1000.0
}

/// Smallest catalogue size that carries a flow when full, m.
pub fn size_for(flow: f64, slope: f64) -> f64 {
    SIZES_M
        .into_iter()
        .find(|d| {
            let a = std::f64::consts::PI * d * d / 4.0;
            a * (d / 4.0).powf(2.0 / 3.0) * slope.sqrt() / ROUGHNESS >= flow
        })
        .unwrap_or(SIZES_M[SIZES_M.len() - 1])
}
