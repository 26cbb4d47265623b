//! The map tells what the pointer rests on.

use egui::Pos2;

use super::{Sheet, Stage};
use crate::{rooms::Rooms, state::Desk, subject::Subject, ui, vm::tell::Told};

/// What the pointer rests on.
#[derive(Default)]
pub(crate) struct Hover {
    at: Option<Pos2>,
    since_s: f64,
    /// Instant of the picture it was told from.
    of: Option<(u64, u64)>,
    pub(super) told: Option<Told>,
}

/// The pointer rests this long before the map tells what is there, s.
const REST_S: f64 = 0.12;

/// Tells what the pointer rests on. It looks again only when the pointer moved or the picture changed.
pub(super) fn told_at_the_pointer(
    ctx: &egui::Context,
    on: &Sheet<'_>,
    desk: &Desk,
    stage: &Stage,
    rooms: &Rooms,
    (hover, now_s): (&mut Hover, f64),
) {
    let pointer = ctx.input(|i| i.pointer.hover_pos().filter(|_| !i.pointer.any_down()));
    let free = !ctx.is_pointer_over_egui() && desk.drag.is_none() && desk.drop.is_none();
    let Some(at) = pointer.filter(|p| on.place.map.contains(*p) && free) else {
        *hover = Hover::default();
        return;
    };
    if hover.at != Some(at) {
        *hover = Hover { at: Some(at), since_s: now_s, ..Hover::default() };
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(REST_S));
        return;
    }
    if now_s - hover.since_s < REST_S {
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(REST_S));
        return;
    }
    let of = (on.picture.tick, desk.revision);
    if hover.of != Some(of) {
        hover.of = Some(of);
        let named = stage.book.area_at(&stage.names, at).map(Subject::Area);
        let sight = stage.sight(on.picture, stage.eye(on.ppp), on.ppp);
        let subject = named.or_else(|| sight.at(at)).filter(|s| !desk.pins.contains(s));
        hover.told = subject.and_then(|s| stage.around(rooms, false).sources(on.picture, on.look.lang).tell(&s));
    }
    if let Some(told) = &hover.told {
        ui::tell::tooltip_ui(ctx, told, at, on.place.map, on.look);
    }
}
