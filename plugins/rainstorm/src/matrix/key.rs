//! What a run depends on, as one hash: a run whose key has not changed is not run again.

use std::io::{self, Write};

use guanlan_city::City;
use sha2::{Digest, Sha256};

use crate::scenario::Scenario;

struct Eater(Sha256);

impl Write for Eater {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Hash of everything in a city.
///
/// # Errors
/// When the city cannot be written as bytes.
pub fn city_key(city: &City) -> io::Result<String> {
    let eater = postcard::to_io(city, Eater(Sha256::new())).map_err(io::Error::other)?;
    Ok(hex(eater.0))
}

/// Hash of a run: program version, city, scenario and the content of every file the scenario names.
///
/// # Errors
/// When one of those files cannot be read.
pub fn run_key(city_key: &str, scenario: &Scenario) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(city_key);
    hash.update(serde_json::to_vec(scenario).map_err(io::Error::other)?);
    for file in scenario.files() {
        let bytes = std::fs::read(&file).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", file.display())))?;
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(&bytes);
    }
    Ok(hex(hash))
}
