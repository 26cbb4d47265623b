//! Who plays the officers of a demo.

use std::time::Duration;

use guanlan_core::Mode;
use guanlan_drill::Responder;
use guanlan_room::{
    RoomHandle,
    standin::{self, Seats},
};

/// In a demo, sends crews and acknowledges alerts while nobody sits at the desks: late enough that
/// an officer who is there comes first.
pub(super) async fn mind_empty(live: RoomHandle) {
    let policy = Responder::unhurried();
    let mut beat = tokio::time::interval(Duration::from_secs(2));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut seen = 0;
    loop {
        beat.tick().await;
        let picture = live.picture();
        // Once a real source speaks, the city is no longer an invention that plays its own officers.
        if picture.tick == seen || picture.mode != Mode::Demo {
            continue;
        }
        seen = picture.tick;
        for order in standin::of_picture(&picture, &policy, Seats::Together) {
            if let Err(error) = live.sender().command(order, Box::new(|_| {})) {
                tracing::debug!("stand-in: {error}");
            }
        }
    }
}
