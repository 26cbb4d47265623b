//! Fluxes between the layers of each kind of control (reference manual, volume III, chapters 2 to 6).

use guanlan_city::model::drainage::LidKind;

use super::{Lid, LidState, LidWeather};

/// Narrowest swale, m (SWMM: half a foot).
const NARROW_M: f64 = 0.1524;

/// Fluxes over the area of a unit, m/s, and the rates of its levels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flux {
    pub evaporation: f64,
    pub exfiltration: f64,
    pub surface: f64,
    pub drain: f64,
    /// Surface m/s, soil 1/s, storage m/s, pavement m/s.
    pub rate: [f64; 4],
}

/// A swale filled to a depth, by its area when full.
pub(super) struct Swale {
    depth_m: f64,
    /// Surface of the water over the area.
    wet_share: f64,
    pub volume_m: f64,
    flow_m2: f64,
    radius_m: f64,
}

/// Evaporation of surface, pavement, soil and storage in turn.
fn evaporate(rate: f64, held_m: [f64; 4], below: bool, pervious: f64, dt: f64) -> [f64; 4] {
    let [surface, pavement, soil, storage] = held_m.map(|m| m.max(0.0) / dt);
    let top = rate.min(surface).max(0.0);
    if !below {
        return [top, 0.0, 0.0, 0.0];
    }
    let mut left = (rate - top).max(0.0) * pervious;
    let mut take = |held: f64| {
        let e = left.min(held);
        left = (left - e).max(0.0);
        e
    };
    let (a, b, c) = (take(pavement), take(soil), take(storage));
    [top, a, b, c]
}

impl Lid {
    pub(super) fn fluxes(&self, s: &LidState, x: &[f64; 4], w: LidWeather, infil: f64) -> Flux {
        match self.control.kind {
            LidKind::BioRetention | LidKind::RainGarden => self.bioretention(s, x, w, infil),
            LidKind::GreenRoof => self.green_roof(x, w, infil),
            LidKind::InfiltrationTrench => self.trench(s, x, w),
            LidKind::PermeablePavement => self.pavement(s, x, w),
            LidKind::RainBarrel => self.barrel(s, x, w),
            LidKind::VegetativeSwale => self.swale_flux(x, w, infil),
            LidKind::RooftopDisconnection => self.roof(x, w),
        }
    }

    fn surface_outflow(&self, depth_m: f64, dt: f64) -> f64 {
        let over = depth_m - self.control.surface.thickness_m;
        if over < 0.0 { 0.0 } else { (self.alpha[0] * over.powf(5.0 / 3.0) * self.side_per_m).min(over / dt) }
    }

    fn percolation(&self, moisture: f64, evaporated: f64, dt: f64) -> f64 {
        let soil = &self.control.soil;
        if moisture <= soil.field_capacity {
            return 0.0;
        }
        let rate = soil.conductivity_m_s * (-(soil.porosity - moisture) * soil.conductivity_slope).exp();
        rate.min((moisture - soil.field_capacity) * soil.thickness_m / dt - evaporated).max(0.0)
    }

    fn exfiltration(&self, s: &LidState, w: LidWeather) -> f64 {
        let storage = &self.control.storage;
        let clogged = if storage.clogging > 0.0 { (s.taken_m / storage.clogging).min(1.0) } else { 0.0 };
        (storage.seepage_m_s * (1.0 - clogged)).min(w.native_most)
    }

    fn underdrain(&self, s: &LidState, [surface, moisture, storage, pavement]: [f64; 4]) -> f64 {
        let c = &self.control;
        let drain = &c.drain;
        if drain.coefficient_m_s <= 0.0 {
            return 0.0;
        }
        let mut head = storage;
        if storage >= c.storage.thickness_m {
            let paved = c.pavement.thickness_m;
            let above = if paved > 0.0 { pavement + if pavement >= paved { surface } else { 0.0 } } else { surface };
            if c.soil.thickness_m > 0.0 {
                if moisture > c.soil.field_capacity {
                    let room = c.soil.porosity - c.soil.field_capacity;
                    head += (moisture - c.soil.field_capacity) / room * c.soil.thickness_m;
                    head += if moisture >= c.soil.porosity { above } else { 0.0 };
                }
            } else if paved > 0.0 {
                head += above;
            }
        }
        let closed = if s.drained { head <= drain.closes_m } else { head <= drain.opens_m };
        head -= drain.offset_m;
        if closed || head <= 1.0e-10 {
            return 0.0;
        }
        let head = head / drain.unit_m;
        let share = self.curve.as_ref().and_then(|c| c.at(head)).unwrap_or(1.0);
        drain.coefficient_m_s * head.powf(drain.exponent) * share
    }

    /// Exfiltration and drain limited by what the storage holds and gets.
    fn give(&self, [mut exfil, mut drain]: [f64; 2], level: f64, gets: f64, evaporated: f64, dt: f64) -> [f64; 2] {
        let (storage, offset) = (&self.control.storage, self.control.drain.offset_m);
        exfil = exfil.min(gets - evaporated + level * storage.void_share / dt).max(0.0);
        if drain > 0.0 {
            let mut most = -exfil - evaporated;
            most += if level >= storage.thickness_m { gets } else { 0.0 };
            most += if offset <= level { (level - offset) * storage.void_share / dt } else { 0.0 };
            drain = drain.min(most.max(0.0));
        }
        [exfil, drain]
    }

    fn bioretention(&self, s: &LidState, x: &[f64; 4], w: LidWeather, infil: f64) -> Flux {
        let (c, dt) = (&self.control, w.span_s);
        let [surface, moisture, storage, _] = *x;
        let (soil, bed) = (&c.soil, &c.storage);
        let in_soil = (moisture - soil.wilting_point) * soil.thickness_m;
        let held = [surface * c.surface.void_share, 0.0, in_soil, storage * bed.void_share];
        let [e0, _, e1, mut e2] = evaporate(w.evaporation, held, infil <= 0.0, 1.0, dt);
        let full = moisture >= soil.porosity;
        if full || bed.thickness_m <= 0.0 {
            e2 = 0.0;
        }
        let mut infil = infil;
        let mut perc = self.percolation(moisture, e1, dt);
        let mut exfil = self.exfiltration(s, w);
        let mut drain = self.underdrain(s, *x);
        let room = |perc: f64| (soil.porosity - moisture) * soil.thickness_m / dt + perc + e1;
        if bed.thickness_m <= 0.0 {
            drain = 0.0;
            // Without a bed what the native soil takes limits what comes down.
            exfil = exfil.min(perc);
            perc = exfil;
            infil = infil.min(room(perc));
        } else if full && storage >= bed.thickness_m {
            let mut most = exfil + drain;
            if perc < most {
                most = perc;
                (exfil, drain) = if most > exfil { (exfil, most - exfil) } else { (most, 0.0) };
            } else {
                perc = most;
            }
            infil = infil.min(most);
        } else {
            [exfil, drain] = self.give([exfil, drain], storage, perc, e2, dt);
            perc = perc.min(exfil + drain + e2 + (bed.thickness_m - storage) * bed.void_share / dt);
            infil = infil.min(room(perc));
        }
        let off = self.surface_outflow(surface, dt);
        Flux {
            evaporation: e0 + e1 + e2,
            exfiltration: exfil,
            surface: off,
            drain,
            rate: [
                (w.inflow - e0 - infil - off) / c.surface.void_share,
                (infil - e1 - perc) / soil.thickness_m,
                if bed.thickness_m > 0.0 { (perc - e2 - exfil - drain) / bed.void_share } else { 0.0 },
                0.0,
            ],
        }
    }

    fn green_roof(&self, x: &[f64; 4], w: LidWeather, infil: f64) -> Flux {
        let (c, dt) = (&self.control, w.span_s);
        let [surface, moisture, storage, _] = *x;
        let (soil, mat) = (&c.soil, &c.storage);
        let above = (moisture - soil.wilting_point) * soil.thickness_m;
        let held = [surface * c.surface.void_share, 0.0, above, storage * mat.void_share];
        let [e0, _, e1, mut e2] = evaporate(w.evaporation, held, infil <= 0.0, 1.0, dt);
        let full = moisture >= soil.porosity;
        if full {
            e2 = 0.0;
        }
        let mut infil = infil;
        let mut perc = self.percolation(moisture, e1, dt);
        let mut drain = if self.alpha[1] > 0.0 {
            self.alpha[1] * storage.powf(5.0 / 3.0) * self.side_per_m * mat.void_share
        } else {
            perc
        };
        if full && storage >= mat.thickness_m {
            let most = perc.min(drain);
            (perc, drain, infil) = (most, most, infil.min(most));
        } else {
            let has = storage * mat.void_share / dt - e2 + if storage >= mat.thickness_m { perc } else { 0.0 };
            drain = drain.min(has.max(0.0));
            perc = perc.min((mat.thickness_m - storage) * mat.void_share / dt + drain + e2);
            infil = infil.min((soil.porosity - moisture) * soil.thickness_m / dt + perc + e1);
        }
        let off = self.surface_outflow(surface, dt);
        Flux {
            evaporation: e0 + e1 + e2,
            exfiltration: 0.0,
            surface: off,
            drain,
            rate: [
                (w.inflow - e0 - infil - off) / c.surface.void_share,
                (infil - e1 - perc) / soil.thickness_m,
                (perc - e2 - drain) / mat.void_share,
                0.0,
            ],
        }
    }

    fn trench(&self, s: &LidState, x: &[f64; 4], w: LidWeather) -> Flux {
        let (c, dt) = (&self.control, w.span_s);
        let [surface, _, storage, _] = *x;
        let bed = &c.storage;
        let ponded = surface * c.surface.void_share;
        // Evaporation below the surface waits until no water gets in.
        let dry = w.inflow + ponded / dt <= 0.0;
        let [e0, _, _, mut e2] = evaporate(w.evaporation, [ponded, 0.0, 0.0, storage * bed.void_share], dry, 1.0, dt);
        if surface > 0.0 {
            e2 = 0.0;
        }
        let mut gets = w.inflow + ponded / dt;
        let [exfil, drain] = self.give([self.exfiltration(s, w), self.underdrain(s, *x)], storage, gets, e2, dt);
        gets = gets.min((bed.thickness_m - storage) * bed.void_share / dt + exfil + e2 + drain);
        let off = self.surface_outflow(surface, dt);
        Flux {
            evaporation: e0 + e2,
            exfiltration: exfil,
            surface: off,
            drain,
            rate: [
                (w.inflow - e0 - gets - off) / c.surface.void_share,
                0.0,
                (gets - e2 - exfil - drain) / bed.void_share,
                0.0,
            ],
        }
    }

    fn pavement(&self, s: &LidState, x: &[f64; 4], w: LidWeather) -> Flux {
        let (c, dt) = (&self.control, w.span_s);
        let [surface, moisture, storage, depth] = *x;
        let (top, soil, bed) = (&c.pavement, &c.soil, &c.storage);
        let open = 1.0 - top.impervious;
        let (voids, thick) = (top.void_share * open, soil.thickness_m);
        let ponded = surface * c.surface.void_share;
        let (in_pavement, stored) = (depth * voids, storage * bed.void_share);
        let clogged = if top.clogging > 0.0 { (s.treated_m / top.clogging).min(1.0) } else { 0.0 };
        let mut perc0 = top.conductivity_m_s * (1.0 - clogged) * open;
        let mut infil = (w.inflow + ponded / dt).min(perc0);
        let held = [ponded, in_pavement, (moisture - soil.wilting_point) * thick, stored];
        let [e0, ep, e1, mut e2] = evaporate(w.evaporation, held, infil <= 0.0, open, dt);
        let has_soil = thick > 0.0;
        let (paved, wet, full) =
            (depth >= top.thickness_m, has_soil && moisture >= soil.porosity, storage >= bed.thickness_m);
        if paved || wet {
            e2 = 0.0;
        }
        perc0 = perc0.min((in_pavement / dt + infil - ep).max(0.0));
        let mut perc = if has_soil { self.percolation(moisture, e1, dt) } else { perc0 };
        let mut exfil = self.exfiltration(s, w);
        let mut drain = self.underdrain(s, *x);
        let room = |perc0: f64| (top.thickness_m - depth) * voids / dt + perc0 + ep;
        if !has_soil && full && paved {
            let most = e2 + drain + exfil;
            if perc0 > most {
                perc0 = most;
            } else {
                exfil = exfil.min(perc0);
                drain = perc0 - exfil;
            }
            perc = perc0;
            infil = infil.min(perc0);
        } else if full && wet && paved {
            let most = if perc < exfil + drain { perc } else { (exfil + drain).min(perc0) };
            (exfil, drain) = if most > exfil { (exfil, most - exfil) } else { (most, 0.0) };
            (perc, perc0, infil) = (most, most, infil.min(most));
        } else if full && wet {
            if perc > drain + exfil {
                perc = drain + exfil;
            } else {
                exfil = exfil.min(perc);
                drain = perc - exfil;
            }
            perc0 = perc0.min(perc);
            infil = infil.min(room(perc0));
        } else if wet && paved {
            perc0 = perc0.min(perc);
            perc = perc0;
            infil = infil.min(perc0);
            [exfil, drain] = self.give([exfil, drain], storage, perc, e2, dt);
        } else {
            [exfil, drain] = self.give([exfil, drain], storage, perc, e2, dt);
            let mut most = ((bed.thickness_m - storage) * bed.void_share / dt + e2 + drain + exfil).max(0.0);
            if has_soil {
                perc = perc.min(most);
                most = (soil.porosity - moisture) * thick / dt + perc;
            }
            perc0 = perc0.min(most);
            infil = infil.min(room(perc0));
        }
        let off = self.surface_outflow(surface, dt);
        let below = if has_soil { perc } else { perc0 };
        Flux {
            evaporation: e0 + ep + e1 + e2,
            exfiltration: exfil,
            surface: off,
            drain,
            rate: [
                (w.inflow - e0 - infil - off) / c.surface.void_share,
                if has_soil { (perc0 - e1 - perc) / thick } else { 0.0 },
                (below - e2 - exfil - drain) / bed.void_share,
                (infil - ep - perc0) / voids,
            ],
        }
    }

    fn barrel(&self, s: &LidState, x: &[f64; 4], w: LidWeather) -> Flux {
        let (c, dt, storage) = (&self.control, w.span_s, x[2]);
        let waited = c.drain.delay_s <= 0.0 || s.dry_s >= c.drain.delay_s;
        let head = storage - c.drain.offset_m;
        let drain =
            if waited && head > 0.0 { self.underdrain(s, [0.0, 0.0, storage, 0.0]).min(head / dt) } else { 0.0 };
        let gets = w.inflow.min((c.storage.thickness_m - storage) / dt + drain);
        let over = w.inflow - gets;
        Flux { surface: over, drain, rate: [0.0, 0.0, gets - drain, 0.0], ..Flux::default() }
    }

    fn roof(&self, x: &[f64; 4], w: LidWeather) -> Flux {
        let [e0, ..] = evaporate(w.evaporation, [x[0], 0.0, 0.0, 0.0], true, 1.0, w.span_s);
        let over = x[0] - self.control.surface.thickness_m;
        let off = if self.alpha[0] > 0.0 { self.surface_outflow(x[0], w.span_s) } else { over.max(0.0) / w.span_s };
        let drain = self.control.drain.coefficient_m_s.min(off);
        let rate = w.inflow - e0 - off;
        Flux { evaporation: e0, surface: off - drain, drain, rate: [rate, 0.0, 0.0, 0.0], ..Flux::default() }
    }

    pub(super) fn swale(&self, depth_m: f64) -> Swale {
        let surface = &self.control.surface;
        let depth_m = depth_m.min(surface.thickness_m);
        let mut slope = surface.side_slope;
        let top = self.unit[0].max(NARROW_M);
        let mut bottom = top - 2.0 * slope * surface.thickness_m;
        if bottom < NARROW_M {
            bottom = NARROW_M;
            slope = 0.5 * (top - NARROW_M) / surface.thickness_m;
        }
        let flow_m2 = depth_m * (bottom + slope * depth_m) * surface.void_share;
        let perimeter = bottom + 2.0 * depth_m * slope.hypot(1.0);
        Swale {
            depth_m,
            wet_share: (bottom + 2.0 * slope * depth_m) / top,
            volume_m: flow_m2 / top,
            flow_m2,
            radius_m: flow_m2 / perimeter,
        }
    }

    fn swale_flux(&self, x: &[f64; 4], w: LidWeather, infil: f64) -> Flux {
        let swale = self.swale(x[0]);
        let evaporation = (w.evaporation * swale.wet_share).min(swale.volume_m / w.span_s);
        let exfiltration = infil * swale.wet_share;
        let mut off = self.alpha[0] * swale.flow_m2 * swale.radius_m.powf(2.0 / 3.0) / self.unit[1];
        let mut grows = w.inflow - evaporation - exfiltration - off;
        if swale.depth_m >= self.control.surface.thickness_m && grows > 0.0 {
            off += grows;
            grows = 0.0;
        }
        let rate = [grows / swale.wet_share, 0.0, 0.0, 0.0];
        Flux { evaporation, exfiltration, surface: off, drain: 0.0, rate }
    }
}
