//! The layer tree: search, groups, switches, opacity, one alone, legends, lamps.

use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use guanlan_core::{AlertLevel, theme::Token};
use guanlan_stage::layers::catalogue::Swatch;

use super::kit;
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    vm::layers::{Fresh, GroupRows, LayerRow, LayersVm, LegendRow},
    words::tr,
};

/// What the person opened and wrote in the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeState {
    /// Words searched for.
    pub search: String,
    /// Groups that were opened or folded by hand.
    pub turned: Vec<String>,
    /// The layer whose legend and facts are open.
    pub open: Option<String>,
}

/// Height of a layer's line.
const ROW_H: f32 = 28.0;

/// The panel.
pub fn layers_ui(ui: &mut Ui, vm: &LayersVm, tree: &mut TreeState, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-layers"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::Layers));
        }
        ui.label(egui::RichText::new(vm.total.to_string()).font(look.medium(s.title)).color(look.second()));
    });
    let hint = egui::RichText::new(tr(lang, "k-layer-search")).color(look.second());
    ui.add(egui::TextEdit::singleline(&mut tree.search).hint_text(hint).desired_width(f32::INFINITY));
    if !vm.trouble.is_empty() {
        kit::wrapped(ui, &vm.trouble, look.regular(s.small), look.color(Token::LevelOrange));
    }
    egui::ScrollArea::vertical()
        .id_salt("layers")
        .auto_shrink([false, false])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for group in &vm.groups {
                group_ui(ui, group, tree, look, &mut actions);
            }
            if vm.groups.is_empty() {
                kit::text(ui, tr(lang, "k-layer-none"), look.regular(s.small), look.second());
            }
        });
    actions
}

fn group_ui(ui: &mut Ui, group: &GroupRows, tree: &mut TreeState, look: &Look, actions: &mut Vec<UiAction>) {
    let s = look.sizes;
    let turned = tree.turned.contains(&group.id);
    let open = tree.search.trim().is_empty().then_some(group.folded == turned).unwrap_or(true);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::click());
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
    }
    let c = rect.left_center() + vec2(7.0, 0.0);
    let arrow = if open {
        vec![c + vec2(-4.0, -2.0), c + vec2(4.0, -2.0), c + vec2(0.0, 4.0)]
    } else {
        vec![c + vec2(-2.0, -4.0), c + vec2(4.0, 0.0), c + vec2(-2.0, 4.0)]
    };
    painter.add(Shape::convex_polygon(arrow, look.second(), Stroke::NONE));
    let at = rect.left_center() + vec2(18.0, 0.0);
    kit::words_at(painter, at, Align2::LEFT_CENTER, &group.name, look.medium(s.body), look.text());
    let on = group.layers.iter().filter(|l| l.on).count();
    let words = format!("{on}/{}", group.layers.len());
    let at = rect.right_center() - vec2(44.0, 0.0);
    kit::words_at(painter, at, Align2::RIGHT_CENTER, &words, look.regular(s.small), look.second());
    let switch = Rect::from_center_size(rect.right_center() - vec2(20.0, 0.0), vec2(30.0, 16.0));
    let all = switch_ui(ui, switch, on > 0, &format!("group-{}", group.id), look);
    if all.clicked() {
        actions.push(UiAction::SetGroup(group.id.clone(), on == 0));
    } else if response.clicked() {
        match tree.turned.iter().position(|g| *g == group.id) {
            Some(i) => drop(tree.turned.remove(i)),
            None => tree.turned.push(group.id.clone()),
        }
    }
    if open {
        for layer in &group.layers {
            layer_ui(ui, layer, tree, look, actions);
        }
        ui.add_space(4.0);
    }
}

/// A switch: a knob at the right is on.
fn switch_ui(ui: &Ui, rect: Rect, on: bool, id: &str, look: &Look) -> egui::Response {
    let response = ui.interact(rect.expand(3.0), ui.id().with(id), Sense::click());
    let fill = if on { look.faint(Token::Accent, 0.75) } else { look.faint(Token::Text, 0.16) };
    ui.painter().rect_filled(rect, CornerRadius::same(8), fill);
    let x = if on { rect.right() - 8.0 } else { rect.left() + 8.0 };
    ui.painter().circle_filled(
        pos2(x, rect.center().y),
        6.0,
        if on { look.color(Token::Space) } else { look.second() },
    );
    response
}

fn layer_ui(ui: &mut Ui, layer: &LayerRow, tree: &mut TreeState, look: &Look, actions: &mut Vec<UiAction>) {
    let (s, lang) = (look.sizes, look.lang);
    let open = tree.open.as_deref() == Some(layer.id.as_str());
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_H), Sense::click());
    if open || response.hovered() {
        ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
    }
    let c = rect.left_center() + vec2(12.0, 0.0);
    lamp(ui.painter(), c, layer.fresh.lamp, look);
    if let Some(first) = layer.legend.first() {
        swatch(ui.painter(), rect.left_center() + vec2(34.0, 0.0), first, look);
    }
    let color = if layer.drawn { look.text() } else { look.second() };
    let names = Rect::from_min_max(rect.min + vec2(50.0, 0.0), rect.max - vec2(134.0, 0.0));
    let painter = ui.painter().with_clip_rect(names.expand2(vec2(0.0, 2.0)));
    kit::words_at(&painter, names.left_center(), Align2::LEFT_CENTER, &layer.name, look.regular(s.body), color);
    // Opacity, alone, switch.
    let slide = Rect::from_center_size(rect.right_center() - vec2(94.0, 0.0), vec2(64.0, 16.0));
    if layer.fades
        && let Some(opacity) = opacity_ui(ui, slide, layer, look)
    {
        actions.push(UiAction::SetOpacity(layer.id.clone(), opacity));
    }
    let alone = Rect::from_center_size(rect.right_center() - vec2(50.0, 0.0), vec2(18.0, 18.0));
    let solo = ui.interact(alone, ui.id().with(("solo", &layer.id)), Sense::click());
    let ink = if layer.solo { look.accent() } else { look.second() };
    ui.painter().circle_stroke(alone.center(), 6.0, Stroke::new(1.5, ink));
    if layer.solo {
        ui.painter().circle_filled(alone.center(), 3.0, ink);
    }
    if solo.on_hover_text(tr(lang, "k-layer-solo")).clicked() {
        actions.push(UiAction::SetSolo((!layer.solo).then(|| layer.id.clone())));
    }
    let switch = Rect::from_center_size(rect.right_center() - vec2(20.0, 0.0), vec2(30.0, 16.0));
    if switch_ui(ui, switch, layer.on, &format!("on-{}", layer.id), look).clicked() {
        actions.push(UiAction::SetLayer(layer.id.clone(), !layer.on));
    } else if response.on_hover_ui(|ui| told(ui, layer, look)).clicked() {
        tree.open = (!open).then(|| layer.id.clone());
    }
    if open {
        egui::Frame::new().inner_margin(egui::Margin { left: 24, right: 8, top: 2, bottom: 8 }).show(ui, |ui| {
            told(ui, layer, look);
        });
    }
}

/// Legend, freshness, owner and provenance.
fn told(ui: &mut Ui, layer: &LayerRow, look: &Look) {
    let (s, lang) = (look.sizes, look.lang);
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.set_max_width(320.0);
    for row in &layer.legend {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), s.small * 1.5), Sense::hover());
        swatch(ui.painter(), rect.left_center() + vec2(10.0, 0.0), row, look);
        let at = rect.left_center() + vec2(28.0, 0.0);
        kit::words_at(ui.painter(), at, Align2::LEFT_CENTER, &row.words, look.regular(s.small), look.text());
    }
    let key = match layer.fresh.lamp {
        Fresh::Still => "k-fresh-still",
        Fresh::Well => "k-fresh-well",
        Fresh::Late => "k-fresh-late",
        Fresh::Gone => "k-fresh-gone",
    };
    let mut fresh = tr(lang, key).to_owned();
    if !layer.fresh.age.is_empty() {
        fresh = format!("{fresh} · {}", layer.fresh.age);
    }
    fact(ui, tr(lang, "k-layer-fresh"), &fresh, look);
    for note in &layer.fresh.notes {
        fact(ui, "", note, look);
    }
    for (label, value) in &layer.facts {
        fact(ui, tr(lang, label), value, look);
    }
}

fn fact(ui: &mut Ui, label: &str, value: &str, look: &Look) {
    let font = look.regular(look.sizes.small);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(64.0, look.sizes.small * 1.35), Sense::hover());
        kit::words_at(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, label, font.clone(), look.second());
        kit::wrapped(ui, value, font, look.text());
    });
}

/// A slider as a thin bar; the value while it is dragged or clicked.
fn opacity_ui(ui: &Ui, rect: Rect, layer: &LayerRow, look: &Look) -> Option<f32> {
    let response =
        ui.interact(rect.expand2(vec2(2.0, 4.0)), ui.id().with(("opacity", &layer.id)), Sense::click_and_drag());
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), 4.0));
    let painter = ui.painter();
    painter.rect_filled(bar, CornerRadius::same(2), look.faint(Token::Text, 0.14));
    let x = bar.left() + bar.width() * layer.opacity;
    let ink = if layer.drawn { look.faint(Token::Accent, 0.8) } else { look.faint(Token::TextSecond, 0.6) };
    painter.rect_filled(Rect::from_min_max(bar.min, pos2(x, bar.max.y)), CornerRadius::same(2), ink);
    painter.circle_filled(pos2(x, bar.center().y), 5.0, if response.hovered() { look.text() } else { look.second() });
    let at = response.interact_pointer_pos()?;
    let opacity = ((at.x - bar.left()) / bar.width()).clamp(0.0, 1.0);
    // In twentieths: a hand that trembles does not rebuild the layer.
    let opacity = (opacity * 20.0).round() / 20.0;
    (opacity != layer.opacity).then_some(opacity)
}

/// Freshness as shape and colour: filled well, ring late, square gone, small dot where nothing is promised.
fn lamp(painter: &Painter, c: Pos2, fresh: Fresh, look: &Look) {
    match fresh {
        Fresh::Still => {
            painter.circle_filled(c, 2.0, look.second());
        }
        Fresh::Well => {
            painter.circle_filled(c, 4.0, look.faint(Token::Accent, 0.8));
        }
        Fresh::Late => {
            painter.circle_stroke(c, 4.0, Stroke::new(2.5, look.color(Token::LevelYellow)));
        }
        Fresh::Gone => {
            let square = Rect::from_center_size(c, vec2(8.0, 8.0));
            painter.rect_filled(square, CornerRadius::ZERO, look.color(Token::LevelRed));
        }
    }
}

/// A mark of a legend.
pub fn swatch(painter: &Painter, c: Pos2, row: &LegendRow, look: &Look) {
    let color = Color32::from_rgb(row.color.r, row.color.g, row.color.b);
    let level = |l: AlertLevel| kit::level_mark(painter, look, l, c, 6.0);
    match row.swatch {
        Swatch::Fill => {
            painter.rect_filled(Rect::from_center_size(c, vec2(14.0, 10.0)), CornerRadius::same(2), color);
        }
        Swatch::Line => {
            painter.hline(c.x - 8.0..=c.x + 8.0, c.y, Stroke::new(2.5, color));
        }
        Swatch::Dash => {
            for x in [-8.0, 2.0] {
                painter.hline(c.x + x..=c.x + x + 6.0, c.y, Stroke::new(2.5, color));
            }
        }
        Swatch::Dot => {
            painter.circle_filled(c, 4.0, color);
        }
        Swatch::Hatched => {
            painter.circle_stroke(c, 5.0, Stroke::new(1.0, color));
            for k in [-2.5_f32, 0.5, 3.5] {
                painter.line_segment([c + vec2(k - 2.5, 2.5), c + vec2(k + 1.5, -2.5)], Stroke::new(1.2, color));
            }
        }
        Swatch::Hollow => {
            painter.circle_stroke(c, 5.0, Stroke::new(1.5, color));
        }
        Swatch::Circle => level(AlertLevel::Blue),
        Swatch::Triangle => level(AlertLevel::Yellow),
        Swatch::Diamond => level(AlertLevel::Orange),
        Swatch::Octagon => level(AlertLevel::Red),
        Swatch::Wedge => {
            let points = vec![c + vec2(0.0, -7.0), c + vec2(5.0, 6.0), c + vec2(0.0, 3.0), c + vec2(-5.0, 6.0)];
            painter.add(Shape::closed_line(points, Stroke::new(1.5, color)));
        }
        Swatch::Ring => {
            painter.circle_stroke(c, 5.5, Stroke::new(2.0, color));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        counting::Counted,
        fixture::{click_around, machine, picture},
        vm::layers::layers,
    };
    use guanlan_city::City;
    use guanlan_core::Lang;
    use guanlan_stage::layers::{Cameras, LayerState};
    use std::sync::Arc;

    #[test]
    fn a_layer_can_be_hidden_faded_and_shown_alone_by_hand() {
        let machine = machine(&Arc::new(City::default()));
        let p = picture(&machine);
        let look = Look { lang: Lang::En, ..Look::default() };
        let state = LayerState::default();
        let vm = layers(&state, &p, &Counted::default(), &Cameras::default(), "cameras", look.theme, look.lang);
        let mut tree = TreeState { search: "cameras".into(), ..TreeState::default() };
        let mut opened = 0;
        let actions = click_around(vec2(400.0, 220.0), &look, |ctx, rect| {
            let actions = kit::panel(ctx, "layers", rect, &look, |ui| layers_ui(ui, &vm, &mut tree, &look));
            opened += usize::from(tree.open.take().is_some());
            tree.turned.clear();
            actions
        });
        let has = |f: &dyn Fn(&UiAction) -> bool| actions.iter().any(f);
        assert!(has(&|a| *a == UiAction::SetLayer("cameras".into(), false)), "{actions:?}");
        assert!(has(&|a| *a == UiAction::SetSolo(Some("cameras".into()))));
        assert!(has(&|a| matches!(a, UiAction::SetOpacity(id, o) if id == "cameras" && (0.2..0.8).contains(o))));
        assert!(has(&|a| *a == UiAction::SetGroup("areas".into(), false)));
        assert!(has(&|a| *a == UiAction::Toggle(Side::Layers)));
        assert!(opened > 0, "its legend opens");
    }
}
