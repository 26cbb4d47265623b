//! Where one is on the map, and the table of what is below.

use egui::{Align2, CornerRadius, Pos2, Rect, Sense, Ui, pos2, vec2};
use guanlan_core::{AlertLevel, theme::Token};
use guanlan_stage::layers::AreaFigure;
use guanlan_stage::{AreaStyle, Figure};

use super::kit;
use crate::{
    action::UiAction,
    layout::Side,
    look::Look,
    state::Desk,
    vm::areas::{AreaRow, AreasVm, level},
    words::tr,
};

/// Height of a line of the table.
const ROW_H: f32 = 30.0;
/// Height of a line where names are long and stand above their figures: no name is cut.
const TALL_H: f32 = 46.0;

/// 全域 › 街道 › 社区 at the map's top left. Returns what it covers.
pub fn crumbs_ui(
    ctx: &egui::Context,
    vm: &AreasVm,
    desk: &Desk,
    at: Pos2,
    most: f32,
    look: &Look,
) -> (Rect, Vec<UiAction>) {
    let mut actions = Vec::new();
    let s = look.sizes;
    let area = egui::Area::new(egui::Id::new("crumbs")).order(egui::Order::Middle).fixed_pos(at).constrain(false);
    let response = area.fade_in(false).show(ctx, |ui| {
        let frame = egui::Frame::new().fill(look.panel()).stroke(look.hairline()).corner_radius(CornerRadius::same(6));
        frame.inner_margin(egui::Margin::symmetric(8, 4)).show(ui, |ui| {
            ui.set_max_width(most);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
                let last = vm.crumbs.len().saturating_sub(1);
                for (i, (area, name)) in vm.crumbs.iter().enumerate() {
                    if i > 0 {
                        ui.label(egui::RichText::new("›").font(look.regular(s.small)).color(look.second()));
                    }
                    let color = if i == last { look.text() } else { look.accent() };
                    let words = egui::RichText::new(name).font(look.medium(s.small)).color(color);
                    if ui.add(egui::Label::new(words).sense(Sense::click())).clicked() {
                        actions.push(UiAction::Drill(*area));
                    }
                }
                let words = if desk.side == Side::Areas {
                    tr(look.lang, "k-areas-hide")
                } else {
                    tr(look.lang, "k-areas-show")
                };
                if !vm.crumbs.is_empty() && kit::button(ui, look, words, false).clicked() {
                    actions.push(UiAction::Toggle(Side::Areas));
                }
                for (side, key, letter) in [
                    (Side::Layers, "k-layers", 'L'),
                    (Side::Water, "k-water", 'Y'),
                    (Side::Risk, "k-risk", 'R'),
                    (Side::Records, "k-records-short", 'G'),
                    (Side::Catalogue, "k-catalogue-short", 'K'),
                ] {
                    let words = format!("{} {letter}", tr(look.lang, key));
                    if kit::button(ui, look, &words, desk.side == side).clicked() {
                        actions.push(UiAction::Toggle(side));
                    }
                }
            });
        });
    });
    (response.response.rect, actions)
}

/// Figures of one area, number first, label under.
fn figures(ui: &mut Ui, f: &AreaFigure, look: &Look) {
    let width = ui.available_width() / 4.0;
    let lang = look.lang;
    let red = |on: bool| if on { look.color(Token::LevelRed) } else { look.text() };
    let depth = f32::from(f.depth_mm) / 1000.0;
    let offline = format!("{}/{}", f.offline, f.sensors);
    let people = if f.residents >= 10_000 {
        format!("{:.1} {}", f64::from(f.residents) / 10_000.0, tr(lang, "k-ten-thousand"))
    } else {
        f.residents.to_string()
    };
    let all: [(&str, String, &str, egui::Color32); 8] = [
        ("k-area-red", f.reds.to_string(), "", red(f.reds > 0)),
        ("k-kpi-overdue", f.overdue.to_string(), "", red(f.overdue > 0)),
        ("k-kpi-open", f.cases.to_string(), "", look.text()),
        ("k-area-depth", format!("{depth:.2}"), "m", red(f.depth_mm >= 270)),
        ("k-crews", f.crews.to_string(), "", look.text()),
        ("k-area-offline", offline, "", look.text()),
        ("k-area-stale", f.stale.to_string(), "", look.text()),
        ("k-area-residents", people, "", look.text()),
    ];
    for row in all.chunks(4) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for (label, value, unit, color) in row {
                ui.allocate_ui(vec2(width, look.sizes.title * 1.3 + look.sizes.small * 1.4), |ui| {
                    ui.set_width(width);
                    kit::figure(ui, look, value, unit, tr(lang, label), look.sizes.title, *color);
                });
            }
        });
    }
}

/// Outlines, or prisms as high as a figure.
fn styles(ui: &mut Ui, now: AreaStyle, look: &Look, actions: &mut Vec<UiAction>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        let all = [
            ("k-area-flat", AreaStyle::Outline),
            ("k-kpi-open", AreaStyle::Prism(Figure::Cases)),
            ("k-kpi-overdue", AreaStyle::Prism(Figure::Overdue)),
            ("k-area-depth", AreaStyle::Prism(Figure::Depth)),
            ("k-area-offline", AreaStyle::Prism(Figure::Offline)),
            ("k-area-residents", AreaStyle::Prism(Figure::Residents)),
        ];
        for (label, style) in all {
            if kit::button(ui, look, tr(look.lang, label), style == now).clicked() && style != now {
                actions.push(UiAction::SetAreaStyle(style));
            }
        }
    });
}

/// Columns right of the name.
const COLUMNS: [&str; 6] = ["k-col-red", "k-col-late", "k-col-open", "k-col-depth", "k-col-crews", "k-col-offline"];

fn cells(f: &AreaFigure) -> [(String, bool); 6] {
    let n = |v: u32| if v == 0 { "–".to_owned() } else { v.to_string() };
    let depth = if f.depth_mm < 50 { "–".to_owned() } else { format!("{:.2}", f32::from(f.depth_mm) / 1000.0) };
    [
        (n(f.reds), f.reds > 0),
        (n(f.overdue), f.overdue > 0),
        (n(f.cases), false),
        (depth, f.depth_mm >= 270),
        (n(f.crews), false),
        (n(f.offline), false),
    ]
}

/// Free space between two columns, and left of the names for a mark, points.
const BETWEEN: f32 = 10.0;
const MARK_W: f32 = 20.0;

/// Where the columns of the table end, from its left edge, and whether names stand above their figures.
struct Columns {
    ends: [f32; COLUMNS.len()],
    tall: bool,
}

impl Columns {
    /// As wide as heads and figures are, so that no two touch; names stand above where they would be cut otherwise.
    fn of(ui: &Ui, rows: &[AreaRow], width: f32, look: &Look) -> Self {
        let s = look.sizes;
        let wide = |words: &str, size: f32| {
            ui.painter().layout_no_wrap(words.to_owned(), look.regular(size), look.text()).size().x
        };
        let mut widths = COLUMNS.map(|label| wide(tr(look.lang, label), s.small - 1.0) + BETWEEN);
        let mut longest = [const { String::new() }; COLUMNS.len()];
        for row in rows {
            for (most, (words, _)) in longest.iter_mut().zip(cells(&row.figure)) {
                if words.len() > most.len() {
                    *most = words;
                }
            }
        }
        for (column, words) in widths.iter_mut().zip(&longest) {
            *column = column.max(wide(words, s.small) + BETWEEN);
        }
        let name = rows.iter().map(|r| r.name.as_str()).max_by_key(|n| n.chars().count()).unwrap_or_default();
        let total: f32 = widths.iter().sum();
        let tall = MARK_W + wide(name, s.small) + total > width;
        // Below their names the figures share the width.
        let room = (width - MARK_W - total).max(0.0) / COLUMNS.len() as f32;
        let mut end = if tall { MARK_W } else { width - total };
        let ends = widths.map(|column| {
            end += column + if tall { room } else { 0.0 };
            (end - 4.0).min(width - 4.0)
        });
        Self { ends, tall }
    }
}

/// The area shown and those below it; `opened` by hand it can be closed.
pub fn areas_ui(ui: &mut Ui, vm: &AreasVm, opened: bool, style: AreaStyle, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    let name = vm.crumbs.last().map_or("", |c| c.1.as_str());
    kit::heading(ui, look, name, |ui| {
        if opened && kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Toggle(Side::Areas));
        }
        if vm.drilled && kit::button(ui, look, tr(lang, "k-area-up"), false).clicked() {
            actions.push(UiAction::DrillOut);
        }
    });
    figures(ui, &vm.figure, look);
    styles(ui, style, look, &mut actions);
    kit::rule(ui, look);
    if vm.rows.is_empty() {
        kit::text(ui, tr(lang, "k-area-deepest"), look.regular(s.small), look.second());
        return actions;
    }
    let width = ui.available_width();
    let Columns { ends, tall } = Columns::of(ui, &vm.rows, width, look);
    let row_h = if tall { TALL_H } else { ROW_H };
    let (rect, _) = ui.allocate_exact_size(vec2(width, s.small * 1.5), Sense::hover());
    for (k, label) in COLUMNS.iter().enumerate() {
        let at = pos2(rect.left() + ends[k], rect.center().y);
        kit::words_at(
            ui.painter(),
            at,
            Align2::RIGHT_CENTER,
            tr(lang, label),
            look.regular(s.small - 1.0),
            look.second(),
        );
    }
    egui::ScrollArea::vertical()
        .id_salt("areas")
        .max_height(kit::whole_rows(ui, row_h))
        .auto_shrink([false, false])
        .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .show_rows(ui, row_h, vm.rows.len(), |ui, range| {
            for row in vm.rows.get(range).unwrap_or_default() {
                let (rect, response) = ui.allocate_exact_size(vec2(width, row_h), Sense::click());
                if response.hovered() {
                    ui.painter().rect_filled(rect, CornerRadius::same(4), look.faint(Token::Text, 0.07));
                }
                ui.painter().hline(rect.x_range(), rect.bottom() + 1.5, look.hairline());
                let worst = level(&row.figure);
                // Names beside their figures, or above them where they are long.
                let (name_y, figures_y) = if tall {
                    (rect.top() + s.small, rect.bottom() - s.small)
                } else {
                    (rect.center().y, rect.center().y)
                };
                if worst > AlertLevel::Normal {
                    kit::level_mark(ui.painter(), look, worst, pos2(rect.left() + 8.0, name_y), 6.0);
                }
                let at = pos2(rect.left() + MARK_W, name_y);
                kit::words_at(ui.painter(), at, Align2::LEFT_CENTER, &row.name, look.medium(s.small), look.text());
                for (k, (words, bad)) in cells(&row.figure).iter().enumerate() {
                    let color = if *bad { look.color(Token::LevelRed) } else { look.text() };
                    let at = pos2(rect.left() + ends[k], figures_y);
                    kit::words_at(ui.painter(), at, Align2::RIGHT_CENTER, words, look.regular(s.small), color);
                }
                if response.on_hover_text(&row.name).clicked() {
                    actions.push(UiAction::Drill(Some(row.area)));
                }
            }
        });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture::click_around, layout::Preset};
    use guanlan_core::Lang;

    #[test]
    fn one_goes_in_by_a_line_and_out_by_the_crumbs() {
        let look = Look::default();
        let row = |area, cases| AreaRow {
            area,
            name: format!("社区 {area}"),
            figure: AreaFigure { cases, depth_mm: 320, ..AreaFigure::default() },
            deeper: true,
        };
        let vm = AreasVm {
            crumbs: vec![(None, "观澜区".into()), (Some(2), "古城街道".into())],
            rows: vec![row(7, 3), row(9, 1)],
            drilled: true,
            ..AreasVm::default()
        };
        let actions = click_around(vec2(400.0, 380.0), &look, |ctx, rect| {
            kit::panel(ctx, "areas", rect, &look, |ui| areas_ui(ui, &vm, true, AreaStyle::Outline, &look))
        });
        let prisms = UiAction::SetAreaStyle(AreaStyle::Prism(Figure::Depth));
        for wanted in [
            UiAction::Drill(Some(7)),
            UiAction::Drill(Some(9)),
            UiAction::DrillOut,
            UiAction::Toggle(Side::Areas),
            prisms,
        ] {
            assert!(actions.contains(&wanted), "{wanted:?} is not among {actions:?}");
        }
        let desk = Desk::new(Lang::Zh, 1.0, false, Preset::Desk);
        let actions = click_around(vec2(420.0, 60.0), &look, |ctx, rect| {
            crumbs_ui(ctx, &vm, &desk, rect.min + vec2(4.0, 4.0), 400.0, &look).1
        });
        assert!(actions.contains(&UiAction::Drill(None)) && actions.contains(&UiAction::Toggle(Side::Layers)));
    }

    #[test]
    fn heads_and_figures_of_the_table_never_touch() {
        let row = |name: &str| AreaRow {
            area: 1,
            name: name.into(),
            figure: AreaFigure { cases: 1200, crews: 118, offline: 31, depth_mm: 1320, ..AreaFigure::default() },
            deeper: true,
        };
        for (lang, name, width, above) in [
            (Lang::Zh, "凤山街道", 312.0, false),
            (Lang::Zh, "江湾北岸滨水新城开发区街道", 312.0, true),
            (Lang::En, "Phoenix Hill Sub-district", 376.0, true),
        ] {
            let look = Look { lang, ..Look::default() };
            click_around(vec2(width, 200.0), &look, |ctx, rect| {
                kit::panel(ctx, "table", rect, &look, |ui| {
                    let columns = Columns::of(ui, &[row(name)], width, &look);
                    assert_eq!(columns.tall, above, "{name}");
                    let mut before = if above { 0.0 } else { MARK_W };
                    for (end, label) in columns.ends.into_iter().zip(COLUMNS) {
                        let words = tr(lang, label).to_owned();
                        let font = look.regular(look.sizes.small - 1.0);
                        let wide = ui.painter().layout_no_wrap(words, font, look.text()).size().x;
                        assert!(end - wide >= before && end <= width, "{lang:?} {label}: {before} {wide} {end}");
                        before = end + 2.0;
                    }
                    Vec::new()
                })
            });
        }
    }
}
