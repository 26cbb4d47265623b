//! Frames without threads: what a room's frame does is a few hundred short systems, and handing each to a pool costs
//! more than running it. On a machine that also runs rooms they run one after the other.

use bevy::ecs::schedule::{Schedules, SingleThreadedExecutor};
use bevy::prelude::*;
use bevy::render::RenderApp;

/// Runs every schedule of the app and of its renderer on the thread that calls it. Add it last.
pub struct LeanPlugin;

impl Plugin for LeanPlugin {
    fn build(&self, _: &mut App) {}

    fn finish(&self, app: &mut App) {
        one_thread(app.world_mut());
        if let Some(render) = app.get_sub_app_mut(RenderApp) {
            one_thread(render.world_mut());
        }
    }
}

fn one_thread(world: &mut World) {
    let Some(mut schedules) = world.get_resource_mut::<Schedules>() else { return };
    for (_, schedule) in schedules.iter_mut() {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
}
