//! A water model on disk: everything that moves, to go on bit for bit (hot start).

use guanlan_core::Stamp;
use serde::{Deserialize, Serialize};

use super::WaterModel;
use crate::{
    measures::{DoneMeasure, Works},
    outputs::Tracker,
    storm::Rain,
    surface::{Domain, SolverState},
};

/// First bytes of a state file.
const MAGIC: &[u8; 8] = b"GLWATER\x05";
/// Most a state may unpack to, bytes.
const MOST_BYTES: usize = 16 << 30;

/// A state cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Not such a file.
    #[error("不是本版本保存的水情状态 / not a saved water state of this version")]
    Format,
    /// Another raster.
    #[error(
        "该状态存自另一栅格或另一求解器：城市、cell_m 和 kernel 必须相同 / the state was saved on another raster or with another kernel: city, cell_m and kernel must be the same"
    )]
    Domain,
    /// Another network.
    #[error("该状态存自另一管网 / the state was saved with another drainage network")]
    Drains,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    fingerprint: u64,
    solver: SolverState,
    drains: Option<Vec<u8>>,
    rain: Rain,
    works: Works,
    done: Vec<DoneMeasure>,
    start: Stamp,
    cadence_ms: i64,
    frames: i64,
    tracker: Option<Tracker>,
}

/// What a state must agree on with the model that takes it over: FNV-1a over grids and beds.
pub(crate) fn fingerprint(domain: &Domain) -> u64 {
    let patches = domain.patches().iter();
    patches.fold(print(domain, 0xcbf2_9ce4_8422_2325), |hash, patch| print(&patch.domain, hash))
}

fn print(domain: &Domain, mut hash: u64) -> u64 {
    let grid = domain.grid;
    let mut eat = |bits: u64| {
        for byte in bits.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    [grid.west_m, grid.south_m, grid.cell_m].into_iter().for_each(|v| eat(v.to_bits()));
    [grid.cols, grid.rows].into_iter().for_each(|v| eat(v as u64));
    for row in 0..grid.rows {
        for col in 0..grid.cols {
            eat(domain.bed_m(col, row).map_or(u64::MAX, f64::to_bits));
        }
    }
    hash
}

impl WaterModel {
    /// The whole state, compressed.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn save(&self) -> std::io::Result<Vec<u8>> {
        let saved = Saved {
            fingerprint: fingerprint(self.domain()),
            solver: self.solver.save(),
            drains: self.drains.as_ref().map(crate::drains::Drains::save),
            rain: self.rain.clone(),
            works: self.works.clone(),
            done: self.done.clone(),
            start: self.start,
            cadence_ms: self.cadence_ms,
            frames: self.frames,
            tracker: self.tracker.clone(),
        };
        let plain = postcard::to_stdvec(&saved).map_err(std::io::Error::other)?;
        let mut out = MAGIC.to_vec();
        out.extend(zstd::bulk::compress(&plain, 1)?);
        Ok(out)
    }

    /// Goes on from a saved state: rain, measures, books and clock are the state's. `self` must have been made
    /// of the same city, cell size and kernel; it is unchanged when the state does not fit.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let packed = bytes.strip_prefix(MAGIC.as_slice()).ok_or(StateError::Format)?;
        let plain = unpack(packed).ok_or(StateError::Format)?;
        let saved: Saved = postcard::from_bytes(&plain).map_err(|_| StateError::Format)?;
        if saved.fingerprint != fingerprint(self.domain()) {
            return Err(StateError::Domain);
        }
        let mut drains = self.drains.clone();
        match (&mut drains, &saved.drains) {
            (Some(drains), Some(bytes)) => {
                if !drains.restore(bytes) {
                    return Err(StateError::Drains);
                }
            }
            (None, None) => {}
            _ => return Err(StateError::Drains),
        }
        if saved.tracker.as_ref().is_some_and(|t| !t.fits(self.domain())) || !self.solver.restore(&saved.solver) {
            return Err(StateError::Domain);
        }
        self.drains = drains;
        saved.works.rebuild(&mut *self.solver, &self.held_m);
        (self.rain, self.works, self.done) = (saved.rain, saved.works, saved.done);
        (self.start, self.cadence_ms, self.frames) = (saved.start, saved.cadence_ms.max(1), saved.frames);
        self.tracker = saved.tracker;
        Ok(())
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(packed).ok()?;
    decoder.take(MOST_BYTES as u64).read_to_end(&mut plain).ok()?;
    Some(plain)
}
