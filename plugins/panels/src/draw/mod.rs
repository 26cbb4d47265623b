//! One pass over the screen: panels, names, callouts, the crew in the hand.

mod compare;
mod drag;
mod hover;
mod marks;
mod mode;
mod over;
mod panels;
mod risks;
mod stage;
mod warned;
mod works;

use bevy::prelude::*;
use bevy_egui::EguiContexts;
use egui::vec2;
use guanlan_stage::{KeyboardCaptured, MapViewport, PointerCaptured};

use crate::{
    Showing,
    apply::Hands,
    camera::tiles::tiles_ui,
    layout::{Layout, Open, Slot, layout},
    look::{self, Look},
    past::Past,
    rooms::Rooms,
    seen::Pointed,
    state::Desk,
    ui,
    values::{Made, Values},
    vm,
};
use hover::{Hover, told_at_the_pointer};
use over::{Heads, over_the_map};
use panels::{panels, sizes};
use stage::Stage;

/// Draws everything and carries out what was asked for.
pub(crate) fn draw(
    mut contexts: EguiContexts,
    mut desk: ResMut<Desk>,
    mut rooms: ResMut<Rooms>,
    mut made: ResMut<Made>,
    showing: Res<Showing>,
    mut stage: Stage,
    time: Res<Time<Real>>,
    quality: Option<Res<guanlan_stage::quality::ResolvedQuality>>,
    mut asked: ResMut<crate::clicks::Asked>,
    mut dressed: Local<Option<Look>>,
    mut hover: Local<Hover>,
    mut heads: Local<Heads>,
) -> Result {
    let Some(shown) = showing.0.clone() else { return Ok(()) };
    let ctx = contexts.ctx_mut()?.clone();
    let now_s = time.elapsed_secs_f64();
    if (ctx.zoom_factor() - desk.scale).abs() > 1e-3 {
        ctx.set_zoom_factor(desk.scale);
    }
    let screen = ctx.viewport_rect().size();
    let why = (desk.why && desk.alert.is_some()).then_some(Slot::Why);
    let trend = desk.trend.as_ref().map(|_| Slot::Trend);
    let detail = desk.case.as_ref().map(|_| Slot::Detail).or(why).or(trend);
    let open = Open { detail, side: desk.side, areas: !stage.tree.is_empty() };
    let place = layout(screen, desk.preset, open);
    let look = Look { sizes: sizes(&place, screen), ..desk.look };
    if *dressed != Some(look) {
        look::dress(&ctx, &look);
        *dressed = Some(look);
        if quality.is_some_and(|q| q.software) {
            // Where a CPU draws, panels do not wake the program for their own fades: the idle pace is enough,
            // and whatever the user does wakes it anyway.
            ctx.set_request_repaint_callback(|_| {});
        }
    }
    let slots: Vec<Slot> = place.panels.iter().map(|p| p.0).collect();
    let door = rooms.past(desk.watching.as_ref());
    ask_the_past(&mut stage.past, &shown, &desk, &slots, door.as_ref(), now_s);
    made.follow(&shown, &desk, &slots, stage.around(&rooms, door.is_some()), now_s);
    let Some(values) = made.values.clone() else { return Ok(()) };
    let desk = &mut *desk;
    let ppp = ctx.pixels_per_point();

    let map = Rect::new(place.map.min.x * ppp, place.map.min.y * ppp, place.map.max.x * ppp, place.map.max.y * ppp);
    let viewport = MapViewport((!place.bare()).then_some(map));
    if *stage.viewport != viewport {
        *stage.viewport = viewport;
    }

    let mut actions = Vec::new();
    let mut covered = Vec::new();
    if !place.bare() {
        let at = place.map.min + vec2(8.0, 8.0);
        let (rect, asked) = ui::areas::crumbs_ui(&ctx, &values.areas, desk, at, place.map.width() - 16.0, &look);
        actions.extend(asked);
        covered.push(rect);
        covered.extend(tiles_ui(&ctx, &mut stage.pictures, place.map, now_s, &look, &mut actions));
    }
    let on = Sheet { picture: &shown.picture, values: &values, place: &place, look: &look, ppp };
    let exercise = values.headline.exercise;
    let map_seen = compare::seen_part(&stage, place.map, screen);
    heads.follow(&stage, stage.eye(ppp), map_seen);
    covered.extend(compare::divider_ui(&ctx, &mut stage, (desk, exercise), (place.map, screen), &look, &mut actions));
    over_the_map(&ctx, &on, desk, &mut stage, &heads.rows, (covered, map_seen), &mut actions);
    if !place.bare() {
        panels(&ctx, &shown.picture, &values, desk, (&place, *stage.area_style), &look, &mut actions);
        told_at_the_pointer(&ctx, &on, desk, &stage, &rooms, (&mut hover, now_s));
    }
    let pointed = Pointed(hover.told.as_ref().map(|t| t.subject.clone()));
    stage.pointed.set_if_neq(pointed);
    actions.append(&mut asked.0);
    desk.toasts.retain(|t| t.until_s > now_s);
    actions.extend(ui::toasts::toasts_ui(&ctx, &desk.toasts, place.map, &look));
    mode::frame_of_mode(&ctx, &values, desk, screen, &place, &look);

    let captured = PointerCaptured(
        ctx.egui_wants_pointer_input() || ctx.is_pointer_over_egui() || desk.drag.is_some() || desk.over_crew,
    );
    if *stage.pointer != captured {
        *stage.pointer = captured;
    }
    let typing = KeyboardCaptured(ctx.egui_wants_keyboard_input());
    if *stage.keyboard != typing {
        *stage.keyboard = typing;
    }
    if actions.is_empty() {
        return Ok(());
    }
    let mut hands = Hands {
        desk,
        rooms: &mut rooms,
        rig: &stage.rig,
        ground: &stage.ground,
        lens: &stage.lens,
        layers: &mut stage.layers,
        areas: &stage.tree,
        area_style: &mut stage.area_style,
        compare: &mut stage.compare,
        cameras: &stage.cameras,
        pictures: &mut stage.pictures,
        roads: &stage.roads,
        picture: &shown.picture,
        now_s,
        flights: Vec::new(),
    };
    for action in actions {
        hands.apply(action);
    }
    for flight in hands.flights {
        stage.fly.write(flight);
    }
    Ok(())
}

/// Asks what open panels want to know of the past.
fn ask_the_past(
    past: &mut Past,
    shown: &crate::rooms::Shown,
    desk: &Desk,
    slots: &[Slot],
    door: Option<&guanlan_room::journal::history::HistoryDoor>,
    now_s: f64,
) {
    let (p, id) = (&shown.picture, &shown.timeline);
    let series = desk.trend.as_ref().filter(|_| slots.contains(&Slot::Trend));
    let series = series.map(|sensor| vm::trend::question(p, id, sensor, desk.trend_span));
    let (span, by) = desk.records;
    let records = slots.contains(&Slot::Records).then(|| vm::records::question(p, id, span, by));
    past.follow(series.as_ref(), records.as_ref(), door, p.now, now_s);
}

/// What is drawn over the map in one pass.
struct Sheet<'a> {
    picture: &'a guanlan_room::Picture,
    values: &'a Values,
    place: &'a Layout,
    look: &'a Look,
    ppp: f32,
}
