//! What the room knows of itself: its mode, its feeds, the answers it has given.

use std::collections::{BTreeMap, VecDeque};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_core::{
    CommandId, Event, Input, Mode, Reply, Stamp,
    input::{FeedFigures, FeedState},
};
use guanlan_tick::{Clock, Inbox, Outbox, RoomAppExt, RoomState, RoomSystems, RoomTick};
use serde::{Deserialize, Serialize};

use crate::{
    origins::{Origins, follow_origins},
    warnings::{Warnings, follow_warnings},
};

/// Answers kept so that a command sent twice gets the first reply again.
const KEPT_REPLIES: usize = 20_000;

/// Connectors that are no source: the feeds file, the sessions of the embedded broker.
pub(crate) const OWN: [&str; 2] = ["file", "broker"];

/// The room's own state.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct RoomMeta {
    /// What this timeline is.
    pub mode: Mode,
    /// Health of every feed that ever spoke, by name.
    pub feeds: BTreeMap<String, FeedView>,
    /// Inputs drained since the timeline began.
    pub inputs_total: u64,
    /// Replies as JSON, by command.
    replies: BTreeMap<CommandId, String>,
    /// Order in which they were given; the oldest is forgotten first.
    order: VecDeque<CommandId>,
}

/// A feed as shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedView {
    /// Delivers.
    pub up: bool,
    /// Carries real data.
    pub real: bool,
    /// Last error.
    pub message: String,
    /// Since when it is up or down.
    pub since: Stamp,
    /// Rate, lag, counts and how far the source has been read.
    pub figures: FeedFigures,
}

impl RoomState for RoomMeta {
    const NAME: &'static str = "room";
}

impl RoomMeta {
    /// The reply a command got before.
    #[must_use]
    pub fn earlier_reply(&self, command: &CommandId) -> Option<Reply> {
        self.replies.get(command).and_then(|json| serde_json::from_str(json).ok())
    }

    pub(crate) fn remember(&mut self, replies: &[Reply]) {
        for reply in replies {
            let Ok(json) = serde_json::to_string(reply) else { continue };
            if self.replies.insert(reply.command.clone(), json).is_none() {
                self.order.push_back(reply.command.clone());
            }
        }
        while self.order.len() > KEPT_REPLIES {
            if let Some(oldest) = self.order.pop_front() {
                self.replies.remove(&oldest);
            }
        }
    }
}

pub(crate) struct RoomMetaPlugin;

impl Plugin for RoomMetaPlugin {
    fn build(&self, app: &mut App) {
        app.register_room_state::<RoomMeta>().register_room_state::<Warnings>().register_room_state::<Origins>();
        app.add_systems(RoomTick, (follow_feeds, follow_warnings).chain().in_set(RoomSystems::Ingest));
        app.add_systems(RoomTick, follow_origins.in_set(RoomSystems::Publish));
    }
}

/// Feeds' health; a real feed turns 演示 into 实况, never back by itself.
fn follow_feeds(inbox: Res<Inbox>, clock: Res<Clock>, mut meta: ResMut<RoomMeta>, mut out: ResMut<Outbox>) {
    meta.inputs_total += inbox.inputs.len() as u64;
    for input in &inbox.inputs {
        let Input::Feed(FeedState { feed, up, real, message, figures }) = input else { continue };
        let known = meta.feeds.get(feed);
        // What is part of the program is mentioned only once something is wrong with it.
        if known.is_none() && *up && figures.as_ref().is_some_and(|f| OWN.contains(&f.connector.as_str())) {
            continue;
        }
        let changed = known.is_none_or(|k| k.up != *up);
        if changed {
            out.tell(Event::FeedChanged { feed: feed.clone(), up: *up, message: message.clone() });
        }
        let since = if changed { clock.now } else { known.map_or(clock.now, |k| k.since) };
        let figures = match figures {
            Some(figures) => {
                let mut figures = (**figures).clone();
                // A report that says nothing of the cursor does not move it.
                if figures.cursor.is_empty() {
                    figures.cursor = known.map(|k| k.figures.cursor.clone()).unwrap_or_default();
                }
                figures
            }
            None => known.map(|k| k.figures.clone()).unwrap_or_default(),
        };
        let view = FeedView { up: *up, real: *real, message: message.clone(), since, figures };
        meta.feeds.insert(feed.clone(), view);
        if *real && *up && meta.mode == Mode::Demo {
            meta.mode = Mode::Live;
            out.tell(Event::ModeChanged { from: Mode::Demo, to: Mode::Live });
        }
    }
}
