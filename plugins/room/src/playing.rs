//! The clock of a timeline that plays what is known already: the past, or a forecast.

use std::time::Instant;

use guanlan_core::Stamp;

use crate::{
    handle::{Control, ForkPoint},
    picture::Playback,
};

/// What the clock alone cannot do.
pub(crate) enum Move {
    /// Goes to an instant.
    Seek(Stamp),
    /// Goes one step.
    Step,
    /// Hands out a copy.
    Fork(Box<dyn FnOnce(ForkPoint) + Send>),
    /// Ends.
    Stop,
}

impl Move {
    /// Pauses, goes on or changes the speed at once; gives back what else was asked. `clock` is when time was counted
    /// last.
    pub(crate) fn of(control: Control, playback: &mut Playback, clock: &mut Instant) -> Option<Self> {
        match control {
            Control::Pause => playback.paused = true,
            Control::Resume => {
                playback.paused = false;
                *clock = Instant::now();
            }
            Control::Speed(x) if x.is_finite() => playback.speed = x.clamp(0.1, 3_600.0),
            Control::Speed(_) => {}
            Control::Seek(at) => return Some(Self::Seek(at)),
            Control::Step => return Some(Self::Step),
            Control::Fork(take) => return Some(Self::Fork(take)),
            Control::Stop => return Some(Self::Stop),
        }
        None
    }
}
