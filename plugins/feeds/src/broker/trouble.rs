//! Tells the room when messages for absent listeners were dropped because too much waits.

use std::{sync::Arc, time::Duration};

use guanlan_core::{
    Input,
    input::{FeedFigures, FeedState},
};

use super::{hub::Hub, session::MAX_WAITING_BYTES};
use crate::intake::{Intake, Taken};

/// Name under which it stands among the feeds.
const NAME: &str = "mqtt-sessions";
/// Time between looks.
const EVERY: Duration = Duration::from_secs(2);
/// Looks without a drop after which all is well again.
const WELL_AFTER: u32 = 300;

/// Looks until the room closes.
pub(super) async fn watch(hub: Arc<Hub>, intake: Arc<Intake>) {
    // Whatever an earlier run of the program said is over; a room that never heard of it does not note it.
    let (mut told, mut quiet, mut bad, mut say) = (0, 0, true, Some(true));
    loop {
        if let Some(up) = say {
            let dropped = hub.waiting().dropped();
            let state = FeedState {
                feed: NAME.into(),
                up,
                real: false,
                message: if up { String::new() } else { words(dropped, hub.waiting().bytes()) },
                figures: Some(Box::new(FeedFigures { connector: "broker".into(), ..FeedFigures::default() })),
            };
            match intake.hand_over(vec![Input::Feed(state)], None) {
                Taken::Closed => return,
                Taken::Full => {}
                _ => (told, bad) = (dropped, !up),
            }
        }
        tokio::time::sleep(EVERY).await;
        let more = hub.waiting().dropped() > told;
        quiet = if more { 0 } else { quiet + 1 };
        say = match more {
            true => Some(false),
            false => (bad && quiet >= WELL_AFTER).then_some(true),
        };
    }
}

fn words(dropped: u64, bytes: usize) -> String {
    let (mib, most) = (bytes >> 20, MAX_WAITING_BYTES >> 20);
    format!(
        "离线订阅者的消息积压过多，已丢弃最早的 {dropped} 条（等待中 {mib} MiB，上限 {most} MiB）/ \
         too much waits for absent subscribers: the oldest {dropped} messages were dropped ({mib} MiB wait, {most} MiB at most)"
    )
}
