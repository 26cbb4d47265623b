//! Rain-dependent infiltration and inflow of sewers by triangular unit hydrographs (RDII; reference manual, volume I,
//! chapter 7): what a gage's rain sends into nodes, worked out once for the whole run.

use guanlan_city::model::drainage::{DrainageNetwork, TimeSeries, UnitTriangle};

use super::{hydrology::Gage, supply::month_of};

const DAY_S: f64 = 86_400.0;
/// Longest interval of the rain, s, unless the file's wet step is shorter.
const INTERVAL_S: f64 = 300.0;
/// More intervals than this are not worked out.
const MOST: usize = 2_000_000;

/// Inflow by node: a series of m/s over the sewered area, and that area, m².
pub(super) fn rdii_of(network: &DrainageNetwork, notes: &mut Vec<String>) -> Vec<(usize, TimeSeries, f64)> {
    let mut out = Vec::new();
    let mut known: Vec<Option<TimeSeries>> = vec![None; network.hydrographs.len()];
    for rdii in network.rdii.iter().filter(|r| r.node < network.nodes.len() && r.area_m2 > 0.0) {
        let Some(hydrograph) = network.hydrographs.get(rdii.hydrograph) else { continue };
        if known[rdii.hydrograph].is_none() {
            let Some(gage) = hydrograph.gage.and_then(|k| network.gages.get(k)) else {
                notes.push(format!("unit hydrographs {}: no rain gage", hydrograph.id));
                known[rdii.hydrograph] = Some(TimeSeries::default());
                continue;
            };
            let wet_s = network.option_s("WET_STEP").filter(|s| *s >= 1.0).unwrap_or(INTERVAL_S);
            let series = respond(&hydrograph.months, &Gage::of(gage, network), wet_s, network);
            known[rdii.hydrograph] = Some(TimeSeries { id: hydrograph.id.clone(), ..series });
        }
        if let Some(series) = known[rdii.hydrograph].as_ref().filter(|s| !s.points.is_empty()) {
            out.push((rdii.node, series.clone(), rdii.area_m2));
        }
    }
    out
}

/// Height of a triangle of area 1 after `t` s, 1/s.
fn ordinate(u: &UnitTriangle, t: f64) -> f64 {
    if t >= u.base_s || u.base_s <= 0.0 {
        return 0.0;
    }
    let share = if t <= u.peak_s { t / u.peak_s } else { (u.base_s - t) / (u.base_s - u.peak_s) };
    share.max(0.0) * 2.0 / u.base_s
}

/// Response of a sewershed to its gage's rain, m/s.
fn respond(months: &[[UnitTriangle; 3]; 12], gage: &Gage, wet_s: f64, network: &DrainageNetwork) -> TimeSeries {
    // Intervals no longer than any limb.
    let limbs = months.iter().flatten().flat_map(|u| [u.peak_s, u.base_s - u.peak_s]).filter(|s| *s > 0.0);
    let step_s = limbs.fold(wet_s, f64::min).max(1.0);
    let longest_s = months.iter().flatten().map(|u| u.base_s).fold(0.0, f64::max);
    let until_s = if network.duration_s > 0.0 { network.duration_s } else { 6.0 * 3600.0 };
    let count = ((until_s / step_s).ceil() as usize + 1).min(MOST);
    let month = |k: usize| month_of(((network.start_s as f64 + k as f64 * step_s) / DAY_S).floor() as i64);
    let mut rate = vec![0.0; count + 1];
    for limb in 0..3 {
        let mut used = months[month(0)][limb].used_m;
        for k in 0..count {
            let u = &months[month(k)][limb];
            let rain_m = gage.mean_m_s(k as f64 * step_s, (k + 1) as f64 * step_s) * step_s;
            if rain_m <= 0.0 {
                used = (used - u.recovery_m_s * step_s).max(0.0);
                continue;
            }
            let lost = (u.abstraction_m - used).clamp(0.0, rain_m);
            used += lost;
            let excess = (rain_m - lost) * u.share;
            if excess <= 0.0 {
                continue;
            }
            let reach = ((longest_s / step_s) as usize + 1).min(count - k);
            for (p, rate) in rate[k + 1..=k + reach].iter_mut().enumerate() {
                *rate += excess * ordinate(u, (p as f64 + 0.5) * step_s);
            }
        }
    }
    // Each rate holds for the interval that begins there; lines between the middles hold the same water.
    let mut points: Vec<[f64; 2]> = rate.iter().enumerate().map(|(k, r)| [(k as f64 + 0.5) * step_s, *r]).collect();
    if points.iter().all(|p| p[1] == 0.0) {
        points.clear();
    }
    TimeSeries { points, ..TimeSeries::default() }
}

#[cfg(test)]
mod tests {
    use guanlan_city::model::drainage::{RainForm, RainGage, RainSource, Rdii, UnitHydrograph};

    use super::*;

    #[test]
    fn a_pulse_of_rain_comes_back_as_its_triangles() {
        let short = UnitTriangle { share: 0.1, peak_s: 3600.0, base_s: 10_800.0, ..UnitTriangle::default() };
        let long = UnitTriangle { share: 0.2, peak_s: 7200.0, base_s: 36_000.0, abstraction_m: 0.004, ..short };
        let months = [[short, UnitTriangle::default(), long]; 12];
        // 12 mm in 10 minutes.
        let network = DrainageNetwork {
            series: vec![TimeSeries { id: "R".into(), points: vec![[0.0, 72.0]], file: String::new() }],
            gages: vec![RainGage {
                id: "G".into(),
                form: RainForm::Intensity,
                interval_s: 600.0,
                source: RainSource::Series(0),
                scale_mm: 1.0,
                place_m: None,
            }],
            hydrographs: vec![UnitHydrograph { id: "U".into(), gage: Some(0), months }],
            nodes: vec![Default::default()],
            rdii: vec![Rdii { node: 0, hydrograph: 0, area_m2: 1.0e4 }],
            duration_s: 50_000.0,
            ..DrainageNetwork::default()
        };
        let got = rdii_of(&network, &mut Vec::new());
        let (_, series, area) = &got[0];
        let sum: f64 = series.points.windows(2).map(|w| 0.5 * (w[0][1] + w[1][1]) * (w[1][0] - w[0][0])).sum();
        // 10 % of 12 mm and 20 % of the 8 mm over the abstraction.
        assert!((sum * area - (0.1 * 0.012 + 0.2 * 0.008) * 1.0e4).abs() < 0.02, "{}", sum * area);
        // Both triangles an hour after the middle of the rain.
        let peak = series.at(3600.0 + 300.0);
        let want = 0.0012 * 2.0 / 10_800.0 + 0.0016 * 2.0 / 36_000.0 * 0.5;
        assert!((peak / want - 1.0).abs() < 0.06, "{peak} {want}");
    }
}
