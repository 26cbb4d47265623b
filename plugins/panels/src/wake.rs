//! Wakes a sleeping window when a room has news that a person must see at once.
//!
//! An idle window looks for news rarely, because a picture drawn by the CPU is dear. A small thread compares what
//! people act on instead — alerts, cases, the clocks of exercises and replays — and wakes the program when it differs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bevy::prelude::*;
use bevy::winit::{EventLoopProxyWrapper, WinitUserEvent};
use guanlan_room::Picture;

use crate::rooms::Rooms;

/// The thread looks this often.
const LOOK: Duration = Duration::from_millis(100);

/// What a person must see at once, as numbers: any difference is news.
type News = Vec<[u64; 4]>;

/// What counts of a picture. A live room's tick is no news by itself; a moving exercise or replay is.
fn news(picture: &Picture, live: bool) -> [u64; 4] {
    let at = if live || picture.playback.paused { 0 } else { picture.now.0 as u64 };
    [picture.alerts.version(), picture.cases.version(), at, picture.health.trouble.len() as u64]
}

/// Compares, wakes, until the program ends. Does nothing on stills, where no event loop sleeps.
pub(crate) fn listen(rooms: Res<Rooms>, proxy: Option<Res<EventLoopProxyWrapper>>) {
    let Some(proxy) = proxy else { return };
    // The event loop's own handle: the wrapper can not be cloned.
    let proxy = (**proxy).clone();
    let (timelines, answers) = (rooms.timelines(), rooms.answers_so_far());
    let look = move || {
        let mut known = News::new();
        let mut seen = News::new();
        loop {
            std::thread::sleep(LOOK);
            seen.clear();
            seen.push([answers.load(Ordering::Relaxed), 0, 0, 0]);
            seen.push(news(&timelines.live().picture(), true));
            seen.extend(timelines.beside().iter().map(|room| news(&room.picture(), false)));
            if seen != known {
                std::mem::swap(&mut seen, &mut known);
                if proxy.send_event(WinitUserEvent::WakeUp).is_err() {
                    return;
                }
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("guanlan-wake".into()).spawn(look) {
        tracing::warn!("news reach the window at its idle pace only: {error}");
    }
}
