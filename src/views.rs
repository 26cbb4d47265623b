//! The views: the window and the still.

use std::{sync::Arc, time::Duration};

use guanlan_core::{Lang, Stamp};
use guanlan_room::{Control, RoomHandle};
use guanlan_stage::{
    CameraRig, StagePlugin, Views,
    still::{self, StillSpec},
    window::{self, WindowSpec},
};

use crate::{
    args::{RenderArgs, RoomArgs},
    exit::{Outcome, bad_input, failed},
    house::House,
    locale::pick,
    verbs::room,
};

/// Opens the window and stays until it is closed.
pub fn window(args: &RoomArgs, lang: Lang, house: &House) -> Outcome {
    let city = house.timelines.config().city.clone();
    let spec = WindowSpec {
        title: pick(lang, "观澜 指挥室", "Guanlan situation room").to_owned(),
        fullscreen: args.fullscreen,
        monitor: args.monitor,
        scale: args.scale,
        ..WindowSpec::default()
    };
    let timelines = house.timelines.clone();
    let _ = timelines;
    window::run(&spec, |app| {
        app.add_plugins(StagePlugin::new(city));
        app.add_plugins(guanlan_markers::MarkersPlugin);
    });
    Ok(())
}

/// Draws a still: of a room that has lived for a while, of the past of a store, or of data files.
pub fn render(args: RenderArgs, lang: Lang) -> Outcome {
    let _ = (lang, Duration::ZERO);
    let scene = room::scene_of(&args.room, lang)?;
    let city = scene.city.clone();
    let view = args.view.clone();
    let (width, height) = args.size;
    still::run(
        |app| {
            app.add_plugins(StagePlugin::new(city));
            app.add_plugins(guanlan_markers::MarkersPlugin);
            let known = app.world().resource::<Views>();
            if let Some(named) = known.0.iter().find(|v| v.key == view) {
                let pose = named.pose;
                app.world_mut().resource_mut::<CameraRig>().pose = pose;
            }
        },
        &StillSpec::to_file(width, height, &args.out),
    )
    .map_err(failed)?;
    Ok(())
}
