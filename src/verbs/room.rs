//! `guanlan room`: the room with its doors, in a window or headless.

use std::sync::Arc;

use guanlan_core::Lang;

use crate::{
    args::RoomArgs,
    exit::{Outcome, failed},
    house::{House, HouseSetup},
    locale::pick,
    room_files::Kind,
    scene::{self, Scene},
};

/// What the doors of a room shall be.
pub fn setup(args: &RoomArgs, scene: &Scene) -> HouseSetup {
    let store = args.store.clone().unwrap_or_else(|| scene::data_dir().join(format!("{}.db", scene.slug)));
    HouseSetup {
        city: Arc::clone(&scene.city),
        seed: args.seed,
        store: Some(store),
        keep: args.keep,
        mqtt: args.mqtt.clone(),
        api: args.api.clone(),
        sensorthings: args.sensorthings.clone(),
        feeds: args.feeds.clone(),
        files: [(Kind::Rules, &args.rules), (Kind::Profiles, &args.profiles), (Kind::Calendar, &args.calendar)]
            .into_iter()
            .filter_map(|(kind, path)| path.clone().map(|path| (kind, path)))
            .collect(),
        devices: scene.demo && !args.no_devices,
        water: (!args.no_water).then_some((args.forecast_hours, args.forecast_every)),
    }
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|v| std::env::var_os(v).is_some_and(|x| !x.is_empty()))
}

pub fn run(args: RoomArgs, lang: Lang) -> Outcome {
    scene::all_there(&args.inputs, lang)?;
    if !args.headless && !(cfg!(feature = "views") && has_display()) {
        return Err(failed(pick(
            lang,
            "没有显示器（DISPLAY 未设置）。可以：\n  ./guanlan render --out city.png          渲染静帧\n  ./guanlan room --headless --api 127.0.0.1:8080   无窗口运行",
            "there is no display (DISPLAY is not set). You can:\n  ./guanlan render --out city.png          draw a still\n  ./guanlan room --headless --api 127.0.0.1:8080   run without a window",
        )));
    }
    let scene = scene::of_room(&args, lang)?;
    for p in &scene.report.problems {
        tracing::info!("{:?} {}: {} ×{}", p.severity, p.where_, p.message, p.count);
    }
    let house = House::open(setup(&args, &scene))?;
    if args.headless {
        let water = house.water();
        if water.is_wanted()
            && let Some(surface) = super::solver::surface(water.solver(&args.solver))?
        {
            house.timelines.compute_water_on(Box::new(move |_| surface.clone()));
        }
        water.start()?;
        // Who hears that the doors are open may ask it to end at once.
        let ending = house.endings()?;
        house.announce(lang);
        house.wait_for_the_end(ending)?;
        house.close();
        return Ok(());
    }
    house.announce(lang);
    #[cfg(feature = "views")]
    {
        let result = crate::views::window(&args, lang, scene.demo, &house);
        house.close();
        result
    }
    #[cfg(not(feature = "views"))]
    Ok(())
}
