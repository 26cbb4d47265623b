//! What every picture says of itself: mode, age, whether it is the living city.

use egui::{Align2, LayerId, Painter, Pos2, Rect, Stroke, pos2, vec2};
use guanlan_core::{Mode, WaterAspect, theme::Token};

use crate::{
    layout::Layout,
    look::Look,
    state::Desk,
    ui::kit,
    values::Values,
    vm::water::Choice,
    words::{tr, tr_with},
};

/// What the words of the mode cover.
pub(super) fn marks_of_mode(values: &Values, desk: &Desk, place: &Layout, look: &Look) -> Vec<egui::Rect> {
    let mut marks = Vec::new();
    let mode = values.headline.mode;
    if desk.demo || mode == Mode::Demo {
        let size = vec2(12.0 * look.sizes.title, look.sizes.title * 1.6);
        marks.push(egui::Rect::from_min_max(place.map.max - size, place.map.max));
    }
    if let Some(shown) = &values.water_legend {
        let size = vec2(13.0, 1.5 * (shown.legend.len() + 3) as f32) * look.sizes.small;
        let corner = place.map.left_bottom();
        marks.push(egui::Rect::from_min_max(corner - vec2(0.0, size.y), corner + vec2(size.x, 0.0)));
    }
    if values.headline.exercise {
        let top = place.map.center_top() + vec2(0.0, below_the_crumbs(place));
        marks.push(egui::Rect::from_center_size(
            top + vec2(0.0, 44.0),
            vec2(260.0 + 60.0 * values.headline.mode_words.chars().count().saturating_sub(2) as f32, 88.0),
        ));
    }
    marks
}

/// On a narrow map the word of the mode stands below the line of areas and panels.
fn below_the_crumbs(place: &Layout) -> f32 {
    if !place.bare() && place.map.width() < 1080.0 { 36.0 } else { 0.0 }
}

/// Exercise: frame and mark over everything. Demo: a quiet word. Every picture says how old it is.
pub(super) fn frame_of_mode(
    ctx: &egui::Context,
    values: &Values,
    desk: &Desk,
    screen: egui::Vec2,
    place: &Layout,
    look: &Look,
) {
    let painter = ctx.layer_painter(LayerId::new(egui::Order::Foreground, egui::Id::new("mode")));
    let mode = values.headline.mode;
    let whole = egui::Rect::from_min_size(pos2(0.0, 0.0), screen);
    let word = values.headline.mode_words.as_str();
    let size = (screen.y * 0.07).max(40.0);
    match mode {
        _ if values.headline.exercise => {
            let color = look.color(Token::Exercise);
            painter.rect_stroke(whole, 0.0, Stroke::new(4.0, color), egui::StrokeKind::Inside);
            let at = place.map.center_top() + vec2(0.0, 8.0 + below_the_crumbs(place));
            kit::words_at(&painter, at, Align2::CENTER_TOP, word, look.bold(size), color.gamma_multiply(0.55));
        }
        Mode::Replay | Mode::Forecast => {
            let color = look.mode(mode);
            painter.rect_stroke(whole, 0.0, Stroke::new(2.0, color), egui::StrokeKind::Inside);
        }
        Mode::Live | Mode::Demo | Mode::Exercise => {}
    }
    if desk.demo || mode == Mode::Demo {
        let at = place.map.right_bottom() - vec2(10.0, 6.0);
        let words = if mode == Mode::Demo {
            tr(look.lang, "k-demo-data").to_owned()
        } else {
            format!("{word} · {}", tr(look.lang, "k-demo-data"))
        };
        let font = look.medium(look.sizes.title);
        kit::words_at(&painter, at, Align2::RIGHT_BOTTOM, &words, font, look.faint(Token::TextSecond, 0.65));
    }
    let dim = [look.second(), look.faint(Token::Panel, 0.62)];
    let at = place.map.left_bottom() + vec2(10.0, -6.0 - if place.bare() { 2.0 * look.sizes.small } else { 0.0 });
    if !values.water_note.is_empty() {
        let font = look.regular(look.sizes.small);
        kit::plated(&painter, at, Align2::LEFT_BOTTOM, &values.water_note, font, dim);
    }
    // Waters of files that are compared have colours, too, and no note of a model.
    if let Some(shown) = &values.water_legend {
        let above = if values.water_note.is_empty() { 0.0 } else { 1.9 * look.sizes.small };
        legend(&painter, at - vec2(0.0, above), shown, look);
    }
    if place.bare() {
        let words = tr_with(look.lang, "k-as-of", &[("at", &values.headline.clock)]);
        let words = format!("{} · {word} · {words}", values.headline.city);
        let font = look.regular(look.sizes.small);
        kit::plated(&painter, pos2(12.0, screen.y - 8.0), Align2::LEFT_BOTTOM, &words, font, dim);
    }
}

/// What the colours of the water mean, upwards from a place.
fn legend(painter: &Painter, at: Pos2, shown: &Choice, look: &Look) {
    let (line, font) = (look.sizes.small * 1.5, look.regular(look.sizes.small));
    let ink = look.text();
    let wide = |words: &str, font: &egui::FontId| painter.layout_no_wrap(words.to_owned(), font.clone(), ink).size().x;
    let title = look.medium(look.sizes.small);
    let widest =
        shown.legend.iter().map(|row| 30.0 + wide(&row.words, &font)).fold(wide(&shown.name, &title), f32::max);
    let size = vec2(widest + 20.0, line * (shown.legend.len() + 1) as f32 + 12.0);
    let plate = Rect::from_min_size(pos2(at.x, at.y - size.y), size);
    painter.rect_filled(plate, 4.0, look.faint(Token::Panel, 0.9));
    let mut place = plate.min + vec2(10.0, 6.0 + 0.5 * line);
    kit::words_at(painter, place, Align2::LEFT_CENTER, &shown.name, title, ink);
    // The worst stands above: deepest, fastest, first to come.
    let mut rows: Vec<_> = shown.legend.iter().collect();
    if shown.shows != WaterAspect::Arrival {
        rows.reverse();
    }
    for row in rows {
        place.y += line;
        crate::ui::layers::swatch(painter, place + vec2(8.0, 0.0), row, look);
        kit::words_at(painter, place + vec2(26.0, 0.0), Align2::LEFT_CENTER, &row.words, font.clone(), ink);
    }
}
