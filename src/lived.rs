//! Rooms that have lived for a while without a clock on the wall, for stills: the same instant gives
//! the same picture.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use guanlan_core::{Event, Input, Lang, Stamp};
use guanlan_drill::Responder;
use guanlan_feeds::{
    devices::{Devices, TaskMessage},
    parse,
};
use guanlan_geography::LocalFrame;
use guanlan_journal::{GENESIS, Head};
use guanlan_room::{
    Control, DrillSetup, ForkPoint, Machine, RoomConfig, run_drill,
    standin::{self, Seats},
};

use crate::{
    exit::{Failure, failed},
    locale::pick,
    progress::Progress,
    shipped,
    verbs::drill,
};

/// How long the demo city lives before its picture is taken, s.
const LIVED_S: i64 = 5_400;

/// The demo city at an instant, after an hour and a half of its day; other cities as they are.
pub fn day(config: &Arc<RoomConfig>, demo: bool, at: Option<Stamp>) -> Result<Machine, Failure> {
    let until = at.unwrap_or_else(guanlan_feeds::wall_now);
    let mut machine = Machine::new(config.clone());
    if !demo {
        machine.tick(until, Vec::new());
        return Ok(machine);
    }
    let mut progress = Progress::new();
    let city = &config.city;
    let frame = LocalFrame::new(city.epsg, city.origin);
    let begin = until + -LIVED_S * 1000;
    let mut devices = Devices::new(city.clone(), config.seed, begin);
    for s in 1..=LIVED_S {
        let now = begin + s * 1000;
        let mut inputs = Vec::new();
        for message in devices.step(now) {
            inputs.extend(parse::message(&message.topic, message.payload.as_bytes(), now, &frame).map_err(failed)?);
        }
        let orders = standin::of_machine(&machine, &Responder::unhurried(), Seats::Together);
        inputs.extend(orders.into_iter().map(Input::Command));
        for (unit, task) in tasks_of(&machine.tick(now, inputs).events, &frame) {
            devices.take_task(&unit, &task);
        }
        progress.step(&format!("{} / {} min", s / 60, LIVED_S / 60));
    }
    Ok(machine)
}

/// What crews are told, as `guanlan_feeds::tasks` tells them in a running house.
fn tasks_of(events: &[Event], frame: &LocalFrame) -> BTreeMap<guanlan_core::UnitId, TaskMessage> {
    let sent = events.iter().filter_map(|event| match event {
        Event::UnitDispatched { dispatch, case, unit, place_m, .. } => {
            let [lon, lat] = frame.to_lonlat(*place_m).ok()?;
            let message = TaskMessage {
                dispatch: dispatch.0,
                case: case.to_string(),
                code: String::new(),
                text: String::new(),
                lon,
                lat,
                recalled: false,
            };
            Some((unit.clone(), message))
        }
        _ => None,
    });
    sent.collect()
}

/// An exercise at a second of its script, to the second: it is stepped there, never run past it.
pub fn exercise(config: &Arc<RoomConfig>, script: Option<&Path>, second: u32, lang: Lang) -> Result<Machine, Failure> {
    let path = match script {
        Some(path) => path.to_owned(),
        None => shipped::drill_script().map_err(failed)?,
    };
    let plan = Arc::new(drill::plan(&path, &config.city)?);
    let second = second.min(plan.script.duration_s);
    let machine = day(config, true, Stamp::parse(drill::REHEARSAL_BEGINS))?;
    let head = Head { seq: 0, hash: GENESIS.into(), tick: machine.tick_number(), ts: machine.now() };
    let fork = ForkPoint { timeline: config.timeline.clone(), head, machine };
    let setup = DrillSetup {
        timeline: "drill-1".into(),
        plan,
        scenario: shipped::scenario().map_err(failed)?,
        speed: f64::INFINITY,
        store: None,
        responders: true,
        surface: None,
    };
    let room = run_drill(fork, setup).map_err(failed)?;
    let mut progress = Progress::new();
    // The exercise begins paused and then does exactly as many ticks of a second as were asked for.
    room.control(Control::Pause);
    for s in 1..=second {
        if !room.control(Control::Step) {
            return Err(failed(pick(lang, "演练中断", "the exercise ended early")));
        }
        if s % 60 == 0 {
            progress.step(&format!("{} {} / {} min", pick(lang, "演练", "exercise"), s / 60, second / 60));
        }
    }
    let (tx, rx) = std::sync::mpsc::channel();
    room.control(Control::Fork(Box::new(move |point| {
        let _ = tx.send(point.machine);
    })));
    let machine = rx.recv_timeout(Duration::from_secs(60)).map_err(failed)?;
    room.stop();
    Ok(machine)
}
