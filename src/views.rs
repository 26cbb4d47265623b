//! The views: the window and the still.

use std::{path::Path, sync::Arc};

use guanlan_city::City;
use guanlan_core::{Lang, Stamp};
use guanlan_panels::{Desk, PanelsPlugin, Preset};
use guanlan_room::{Timelines, hold, run_replay};
use guanlan_stage::{
    AreaStyle, CameraRig, Figure, StagePlugin, Underground, Views,
    bench::World,
    layers::{self, AreaTree, CameraAddresses, LayerState, LayersPlugin},
    sight::{self, FollowWindow, Wall},
    still::{self, StillSpec},
    told::{FollowRoom, Reading},
    window::{self, WindowSpec},
};

use crate::{
    args::{Prisms, RenderArgs, RoomArgs},
    beside,
    exit::{Failure, Outcome, bad_input, failed},
    house::{House, room_config},
    lived,
    locale::pick,
    scene::{self, Scene},
    water_on,
};

/// Frames drawn before a still is taken: panels measure themselves in the first ones.
const WARMUP_FRAMES: u32 = 6;

/// The 3D city in the colours asked for.
fn stage(args: &RoomArgs, city: Arc<City>) -> Result<StagePlugin, Failure> {
    StagePlugin::themed(city, args.theme.as_deref()).map_err(|e| bad_input(format!("--theme: {e}")))
}

/// The layers of a city under the file that was named; what is wrong with it ends the program before anything opens.
fn layers_of(args: &RoomArgs, city: &City) -> Result<LayersPlugin, Failure> {
    if let Some(file) = &args.layers {
        layers::follow::load(Some(file), &layers::frame_of(city)).map_err(bad_input)?;
    }
    Ok(LayersPlugin { file: args.layers.clone() })
}

/// The wall and where people stand, if the user said.
fn wall_of(args: &RoomArgs) -> Option<Wall> {
    Some(Wall { height_m: args.wall_height?, distance_m: args.viewing_distance? })
}

/// What the twin shows of the water beside the room: fill of drains, flow, rain field, buildings that a forecast names.
fn follow_room() -> FollowRoom {
    FollowRoom::new(|world| {
        let shown = world.get_resource::<guanlan_panels::Showing>().and_then(|s| s.0.as_ref());
        shown.map_or_else(Reading::default, |s| Reading {
            scene: s.picture.live_water.scene.clone(),
            peaks: s.picture.peaks.latest.clone(),
            ahead: s.picture.forecast.latest.clone(),
        })
    })
}

/// Opens the window and stays until it is closed.
pub fn window(args: &RoomArgs, lang: Lang, demo: bool, house: &House) -> Outcome {
    let timelines = house.timelines.clone();
    let spec = WindowSpec {
        title: pick(lang, "观澜 指挥室", "Guanlan situation room").to_owned(),
        fullscreen: args.fullscreen,
        monitor: args.monitor,
        scale: args.scale,
        ..WindowSpec::default()
    };
    let preset = if args.briefing { Preset::Briefing } else { Preset::Desk };
    let layers = layers_of(args, &timelines.config().city)?;
    let stage = stage(args, timelines.config().city.clone())?;
    let exit = window::run(&spec, |app| {
        app.add_plugins(stage);
        app.add_plugins(layers);
        app.insert_resource(CameraAddresses::new({
            let feeds = house.feeds.clone();
            move || feeds.cameras()
        }));
        app.add_plugins(guanlan_markers::MarkersPlugin);
        app.add_plugins(PanelsPlugin { timelines, lang, scale: 1.0, demo, preset });
        app.add_plugins(follow_room());
        app.add_plugins(water_on::plugin(&args.solver, house));
        if args.scale.is_none() {
            app.add_plugins(FollowWindow::new(wall_of(args), |world, scale| {
                world.resource_mut::<Desk>().scale = scale;
            }));
        }
    });
    if exit.is_error() {
        Err(failed(pick(lang, "窗口异常关闭", "the window closed with an error")))
    } else {
        Ok(())
    }
}

/// Draws a still: of the demo city's day, of the past of a journal, of an exercise, or of data files.
pub fn render(args: &RenderArgs, lang: Lang) -> Outcome {
    let at = args.at.as_deref().map(|text| {
        Stamp::parse(text).ok_or_else(|| bad_input(format!("--at '{text}': expected 2026-07-31T16:00:00+08:00")))
    });
    let at = at.transpose()?;
    let scene = scene::of_room(&args.room, lang)?;
    let layers = layers_of(&args.room, &scene.city)?;
    let compare = beside::compare(args, &scene.city)?;
    let timelines = Arc::new(shown_room(args, at, &scene, lang)?);
    let briefing = args.view == "briefing" || args.room.briefing;
    let (mut unknown, mut wrong_layer) = (None, None);
    let (width, height) = args.size;
    let spec = StillSpec { warmup_frames: WARMUP_FRAMES, ..StillSpec::to_file(width, height, &args.out) };
    let stage = stage(&args.room, scene.city.clone())?;
    let drawn = still::run(
        |app| {
            app.add_plugins(stage);
            app.add_plugins(layers);
            app.add_plugins(guanlan_markers::MarkersPlugin);
            let preset = match (args.no_panels, briefing) {
                (true, _) => Preset::None,
                (false, true) => Preset::Briefing,
                (false, false) => Preset::Desk,
            };
            let scale = args.room.scale.unwrap_or_else(|| sight::scale(args.size, wall_of(&args.room)));
            app.add_plugins(PanelsPlugin { timelines: timelines.clone(), lang, scale, demo: scene.demo, preset });
            app.add_plugins(follow_room());
            app.world_mut().resource_mut::<Underground>().on = args.underground;
            if let Some(compare) = compare {
                app.insert_resource(compare);
            }
            wrong_layer = choose_layers(args, app.world_mut());
            let views = app.world().resource::<Views>();
            let key = if briefing { "overview" } else { args.view.as_str() };
            match views.0.iter().find(|v| v.key == key) {
                Some(named) => {
                    let pose = named.pose;
                    app.world_mut().resource_mut::<CameraRig>().pose = pose;
                }
                None => unknown = Some(views.0.iter().map(|v| v.key.clone()).collect::<Vec<_>>().join(", ")),
            }
        },
        &spec,
    );
    timelines.stop();
    if let Some(known) = unknown {
        let _ = std::fs::remove_file(&args.out);
        return Err(bad_input(format!("--view '{}': expected one of {known}, briefing", args.view)));
    }
    if let Some(wrong) = wrong_layer {
        let _ = std::fs::remove_file(&args.out);
        return Err(bad_input(wrong));
    }
    drawn.map_err(failed)?;
    Ok(())
}

/// Layers and areas as the command line wants them; what is wrong with it.
fn choose_layers(args: &RenderArgs, world: &mut World) -> Option<String> {
    let mut layers = world.resource_mut::<LayerState>();
    for (id, opacity) in &args.layer {
        if !layers.catalogue().layers.iter().any(|l| l.id == *id) {
            let known: Vec<&str> = layers.catalogue().layers.iter().map(|l| l.id.as_str()).collect();
            return Some(format!("--layer '{id}': expected one of {}", known.join(", ")));
        }
        layers.set_on(id, *opacity > 0.0);
        layers.set_opacity(id, *opacity);
    }
    if let Some(figure) = args.prisms {
        let figure = match figure {
            Prisms::Cases => Figure::Cases,
            Prisms::Overdue => Figure::Overdue,
            Prisms::Alerts => Figure::Alerts,
            Prisms::Crews => Figure::Crews,
            Prisms::Offline => Figure::Offline,
            Prisms::Depth => Figure::Depth,
            Prisms::Residents => Figure::Residents,
        };
        *world.resource_mut::<AreaStyle>() = AreaStyle::Prism(figure);
        let whole = world.resource::<AreaTree>().whole();
        world.resource_mut::<Desk>().area = whole;
    }
    None
}

/// The room a still shows, standing still.
fn shown_room(args: &RenderArgs, at: Option<Stamp>, scene: &Scene, lang: Lang) -> Result<Timelines, Failure> {
    let config = Arc::new(room_config(scene.city.clone(), args.room.seed, scene.demo)?);
    if let Some(store) = &args.room.store {
        if !store.is_file() {
            return Err(bad_input(format!("--store {}: no such journal", store.display())));
        }
        let replay = run_replay("replay-1".into(), &config, store.clone(), at).map_err(bad_input)?;
        return Ok(Timelines::new(replay, config, Some(store.clone())));
    }
    if let Some(script) = &args.drill {
        let path = (script.as_os_str() != "shipped").then(|| Path::new(script));
        let machine = lived::exercise(&config, path, args.minute, lang)?;
        return Ok(Timelines::new(hold(&machine).map_err(failed)?, config, None));
    }
    let machine = lived::day(&config, scene.demo, at)?;
    Ok(Timelines::new(hold(&machine).map_err(failed)?, config, None))
}
