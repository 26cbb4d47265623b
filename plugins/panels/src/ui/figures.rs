//! Key figures of the day and charts.

use egui::{Ui, vec2};
use egui_plot::{Bar, BarChart, Line, Plot, PlotPoints};
use guanlan_core::theme::Token;

use super::{crews::status_bar, kit};
use crate::{
    look::Look,
    vm::{
        figures::{Curve, Figure, FiguresVm},
        number,
    },
    words::tr,
};

/// Figures in a grid of equal columns.
pub fn grid(ui: &mut Ui, figures: &[Figure], columns: usize, size: f32, look: &Look) {
    let width = ui.available_width() / columns as f32;
    for row in figures.chunks(columns) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for f in row {
                ui.allocate_ui(vec2(width, size * 1.3 + look.sizes.small * 1.4), |ui| {
                    ui.set_width(width);
                    let color = if f.alarming { look.color(Token::LevelRed) } else { look.text() };
                    let mut small =
                        f.change.filter(|c| *c != 0).map_or_else(|| f.unit.to_owned(), |c| format!("{c:+}"));
                    // A change that would touch the next figure is left out: the figure is what counts.
                    let wide = |words: &str, font| ui.painter().layout_no_wrap(words.to_owned(), font, color).size().x;
                    let needs = wide(&f.value, look.medium(size)) + wide(&small, look.regular(look.sizes.small));
                    if f.unit.is_empty() && needs + 12.0 > width {
                        small.clear();
                    }
                    kit::figure(ui, look, &f.value, &small, tr(look.lang, f.label), size, color);
                });
            }
        });
    }
}

/// Rates in time with thin bars.
fn rates(ui: &mut Ui, vm: &FiguresVm, look: &Look) {
    // A narrow column shows the two that decide, whole, not four cut ones.
    let shown = if ui.available_width() < 320.0 { vm.rates.get(2..).unwrap_or_default() } else { &vm.rates[..] };
    let width = ui.available_width() / shown.len().max(1) as f32;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for &(label, rate) in shown {
            ui.allocate_ui(vec2(width, 40.0), |ui| {
                ui.set_width(width);
                let value = rate.map_or_else(|| "–".to_owned(), |r| format!("{r:.0}"));
                let unit = if rate.is_some() { "%" } else { "" };
                kit::figure(ui, look, &value, unit, tr(look.lang, label), look.sizes.title, look.text());
            });
        }
    });
}

fn caption(ui: &mut Ui, look: &Look, words: &str, right: &str) {
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 16.0),
        egui::Layout::right_to_left(egui::Align::Center),
        |ui| {
            ui.label(egui::RichText::new(right).font(look.medium(look.sizes.small)).color(look.text()));
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                kit::text(ui, words, look.regular(look.sizes.small), look.second());
            });
        },
    );
}

fn base<'a>(id: &'a str, height: f32) -> Plot<'a> {
    Plot::new(id)
        .height(height)
        .show_axes([false, false])
        .show_grid([false, false])
        .show_background(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .set_margin_fraction(vec2(0.0, 0.08))
}

/// Rain and the worst gauges over two hours.
fn curves(ui: &mut Ui, vm: &FiguresVm, look: &Look, height: f32) {
    let rain_now = vm.rain.last().map_or(0.0, |p| p[1]);
    caption(ui, look, tr(look.lang, "k-chart-rain"), &format!("{} mm/h", number((rain_now * 10.0).round() / 10.0)));
    let bars: Vec<Bar> = vm
        .rain
        .iter()
        .map(|p| Bar::new(p[0], p[1]).width(1.0).fill(look.faint(Token::LevelBlue, 0.75)).stroke(egui::Stroke::NONE))
        .collect();
    base("rain", height).include_x(-120.0).include_x(0.0).include_y(0.0).include_y(5.0).show(ui, |plot| {
        plot.bar_chart(BarChart::new("rain", bars).allow_hover(false));
    });
    for curve in &vm.gauges {
        gauge(ui, curve, look, height * 0.62);
    }
}

fn gauge(ui: &mut Ui, curve: &Curve, look: &Look, height: f32) {
    let now = curve.points.last().map_or(0.0, |p| p[1]);
    caption(ui, look, &curve.name, &format!("{} cm", number(now)));
    let color = look.level(curve.level);
    base(&curve.name, height).include_x(-120.0).include_x(0.0).include_y(0.0).include_y(10.0).show(ui, |plot| {
        let points: PlotPoints<'_> = curve.points.iter().copied().collect();
        plot.line(Line::new("depth", points).color(color).width(1.6).fill(0.0).fill_alpha(0.12).allow_hover(false));
    });
}

/// Cases by hour, with the hours written under the bars.
fn hours(ui: &mut Ui, vm: &FiguresVm, look: &Look, height: f32) {
    let most = vm.hours.iter().map(|h| h.1).max().unwrap_or(0);
    caption(ui, look, tr(look.lang, "k-chart-hours"), "");
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
    let painter = ui.painter();
    let step = rect.width() / vm.hours.len().max(1) as f32;
    let floor = rect.bottom() - 16.0;
    painter.hline(rect.x_range(), floor, look.hairline());
    for (i, (hour, n)) in vm.hours.iter().enumerate() {
        let x = rect.left() + step * (i as f32 + 0.5);
        let top = floor - (floor - rect.top() - 14.0) * *n as f32 / most.max(4) as f32;
        if *n > 0 {
            let bar = egui::Rect::from_min_max(egui::pos2(x - step * 0.3, top), egui::pos2(x + step * 0.3, floor));
            let last = i + 1 == vm.hours.len();
            painter.rect_filled(bar, 1.0, look.faint(Token::TextSecond, if last { 0.9 } else { 0.55 }));
            let font = look.regular(look.sizes.small - 1.0);
            kit::words_at(
                painter,
                egui::pos2(x, top),
                egui::Align2::CENTER_BOTTOM,
                &n.to_string(),
                font,
                look.second(),
            );
        }
        if i % 3 == 2 {
            let at = egui::pos2(x, rect.bottom() + 2.0);
            let font = look.regular(look.sizes.small - 1.0);
            kit::words_at(painter, at, egui::Align2::CENTER_BOTTOM, &format!("{hour}"), font, look.second());
        }
    }
}

/// Figures, rates and as many charts as there is room for.
pub fn figures_ui(ui: &mut Ui, vm: &FiguresVm, look: &Look) {
    kit::heading(ui, look, tr(look.lang, "k-today"), |_| {});
    let s = look.sizes;
    grid(ui, &vm.figures, 4, s.big, look);
    ui.add_space(4.0);
    if ui.available_height() > 44.0 {
        rates(ui, vm, look);
    }
    if ui.available_height() > 110.0 {
        kit::rule(ui, look);
        let room = ui.available_height();
        let tall = room > 500.0;
        if tall {
            curves(ui, vm, look, 120.0);
        } else {
            let one = FiguresVm { gauges: Vec::new(), ..vm.clone() };
            curves(ui, if room > 260.0 { vm } else { &one }, look, 48.0);
        }
    }
    if ui.available_height() > 90.0 {
        ui.add_space(4.0);
        hours(ui, vm, look, ui.available_height().min(if ui.available_height() > 300.0 { 140.0 } else { 72.0 }));
    }
    if ui.available_height() > 60.0 && vm.crews.iter().any(|n| *n > 0) {
        ui.add_space(8.0);
        caption(ui, look, tr(look.lang, "k-crews"), "");
        status_bar(ui, &vm.crews, look);
    }
}
