//! The room is heard: a short tone by level, through whichever player the system has.
//!
//! The room decides when a sound is due, and how seldom (`AlertBoard::sound`); this screen only plays it.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::mpsc::{Sender, channel},
};

use bevy::prelude::*;
use guanlan_core::AlertLevel;

use crate::{
    Showing,
    state::{Desk, Tone},
    words::tr,
};

/// Samples a second of the tones.
const RATE: u32 = 22_050;
/// Programs that play a WAV file, with the words before the file's name; the first that is there is taken.
const PLAYERS: [(&str, &[&str]); 4] = [("pw-play", &[]), ("paplay", &[]), ("aplay", &["-q"]), ("afplay", &[])];

/// Notes of a level, Hz; more and higher for worse.
fn notes(level: AlertLevel) -> &'static [f32] {
    match level {
        AlertLevel::Red => &[880.0, 660.0, 880.0, 660.0, 880.0, 660.0],
        AlertLevel::Orange => &[784.0, 659.0, 784.0, 659.0],
        AlertLevel::Yellow => &[659.0, 523.0],
        AlertLevel::Blue | AlertLevel::Normal => &[523.0],
    }
}

/// A WAV file (RIFF, PCM 16 bit, mono) of a level's notes.
#[must_use]
pub fn wav(level: AlertLevel) -> Vec<u8> {
    let note = RATE / 5;
    let mut samples: Vec<i16> = Vec::new();
    for hz in notes(level) {
        for i in 0..note {
            let t = i as f32 / RATE as f32;
            // Every note swells and fades, so that nothing clicks.
            let swell = (std::f32::consts::PI * i as f32 / note as f32).sin();
            let wave = (std::f32::consts::TAU * hz * t).sin() + 0.3 * (std::f32::consts::TAU * 2.0 * hz * t).sin();
            samples.push((wave * swell * 9_000.0) as i16);
        }
    }
    let data = samples.len() as u32 * 2;
    let mut out = Vec::with_capacity(44 + data as usize);
    out.extend(b"RIFF");
    out.extend((36 + data).to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16u32.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(1u16.to_le_bytes());
    out.extend(RATE.to_le_bytes());
    out.extend((RATE * 2).to_le_bytes());
    out.extend(2u16.to_le_bytes());
    out.extend(16u16.to_le_bytes());
    out.extend(b"data");
    out.extend(data.to_le_bytes());
    out.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    out
}

/// A program of this name on the search path.
fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(|p| p.is_file())
}

/// Plays what it is told, one after the other, on a thread of its own. `None` when the system has no player.
fn player() -> Option<Sender<AlertLevel>> {
    let (program, words) = PLAYERS.iter().find_map(|(name, words)| Some((on_path(name)?, *words)))?;
    let (tell, told) = channel::<AlertLevel>();
    let play = move || {
        while let Ok(mut level) = told.recv() {
            // What came while the last tone was heard is one tone, of the worst level.
            while let Ok(next) = told.try_recv() {
                level = level.max(next);
            }
            let file = std::env::temp_dir().join(format!("guanlan-{}-{}.wav", std::process::id(), level.rank()));
            if std::fs::write(&file, wav(level)).is_ok() {
                let mut play = Command::new(&program);
                play.args(words).arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                if !play.status().is_ok_and(|s| s.success()) {
                    tracing::warn!("{} could not play the alert tone", program.display());
                }
                let _ = std::fs::remove_file(&file);
            }
        }
    };
    std::thread::Builder::new().name("guanlan-sound".into()).spawn(play).ok()?;
    Some(tell)
}

/// What was heard last, and who plays.
#[derive(Default)]
pub(crate) struct Heard {
    seq: Option<u64>,
    player: Option<Option<Sender<AlertLevel>>>,
}

/// Plays the sound the live room asks for. An exercise is watched, not heard: its alarm is nobody's alarm.
pub(crate) fn hear(showing: Res<Showing>, mut desk: ResMut<Desk>, time: Res<Time<Real>>, mut heard: Local<Heard>) {
    let Some(shown) = &showing.0 else { return };
    let due = shown.live.alerts.sound;
    // What the room asked for before this screen was there has been heard by others.
    let before = heard.seq.replace(due.seq);
    if before.is_none_or(|before| due.seq <= before) || desk.muted {
        return;
    }
    let first = heard.player.is_none();
    match heard.player.get_or_insert_with(player) {
        // A thread that has gone plays nothing; the screen still shows it.
        Some(tell) => drop(tell.send(due.level)),
        None if first => {
            let words = tr(desk.lang(), "k-sound-none");
            desk.say(words, Tone::Refused, time.elapsed_secs_f64(), None);
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tones_are_whole_files_and_longer_for_worse() {
        let mut before = 0;
        for level in [AlertLevel::Blue, AlertLevel::Yellow, AlertLevel::Orange, AlertLevel::Red] {
            let file = wav(level);
            assert_eq!(&file[..4], b"RIFF");
            assert_eq!(u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize + 8, file.len());
            let loudest = file[44..].chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]]).unsigned_abs()).max().unwrap();
            assert!((6_000..14_000).contains(&loudest), "{loudest}");
            assert!(file.len() > before);
            before = file.len();
        }
    }
}
