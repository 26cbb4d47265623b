//! 趋势 on the screen: a chart with real axes, thresholds, doubted readings and the hours ahead.

use egui::{Ui, vec2};
use egui_plot::{
    FilledArea, HLine, HoverPosition, Line, LineStyle, Plot, PlotPoints, Points, VLine, uniform_grid_spacer,
};
use guanlan_core::{AlertLevel, Lang, Stamp, theme::Token};

use super::kit;
use crate::{
    action::UiAction,
    look::Look,
    past::Span,
    vm::{
        number,
        trend::{SPANS, TrendVm},
    },
    words::tr,
};

/// Minutes of local time: grid lines fall on whole local hours and days.
const LOCAL_MIN: f64 = 8.0 * 60.0;

fn clock_of(span: Span, minute: f64) -> String {
    let at = Stamp((minute * 60_000.0) as i64);
    at.format_local(match span {
        Span::Hours2 | Span::Day => "%H:%M",
        Span::Week | Span::Month => "%-m-%-d",
        Span::Year => "%Y-%m",
    })
}

/// Steps of the time axis, minutes.
const fn steps(span: Span) -> [f64; 3] {
    const DAY: f64 = 1440.0;
    match span {
        Span::Hours2 => [30.0, 60.0, DAY],
        Span::Day => [360.0, DAY, 7.0 * DAY],
        Span::Week => [2.0 * DAY, 4.0 * DAY, 28.0 * DAY],
        Span::Month => [7.0 * DAY, 28.0 * DAY, 364.0 * DAY],
        Span::Year => [91.0 * DAY, 364.0 * DAY, 3640.0 * DAY],
    }
}

/// The panel.
pub fn trend_ui(ui: &mut Ui, vm: &TrendVm, look: &Look) -> Vec<UiAction> {
    let mut actions = Vec::new();
    let (s, lang) = (look.sizes, look.lang);
    kit::heading(ui, look, tr(lang, "k-trend"), |ui| {
        if kit::button(ui, look, tr(lang, "k-close-panel"), false).clicked() {
            actions.push(UiAction::Trend(None));
        }
        if let Some(place) = vm.place_m
            && kit::button(ui, look, tr(lang, "k-fly"), false).clicked()
        {
            actions.push(UiAction::Fly(place));
        }
    });
    ui.horizontal(|ui| {
        if vm.level > AlertLevel::Normal {
            kit::level_dot(ui, look, vm.level, 7.0);
        }
        kit::text(ui, &vm.name, look.medium(s.title), look.text());
    });
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(&vm.value).font(look.medium(s.big)).color(look.text()));
        kit::text(ui, &format!("{} · {}", vm.property, vm.state), look.regular(s.small), look.second());
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        for span in SPANS {
            if kit::button(ui, look, tr(lang, span.key()), span == vm.span).clicked() && span != vm.span {
                actions.push(UiAction::TrendSpan(span));
            }
        }
    });
    ui.add_space(4.0);
    chart(ui, vm, look, (ui.available_height() * 0.62).clamp(120.0, 420.0));
    kit::wrapped(ui, &vm.made_of, look.regular(s.small), look.second());
    if !vm.figures.is_empty() {
        kit::rule(ui, look);
        let width = ui.available_width() / vm.figures.len() as f32;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            for (label, value) in &vm.figures {
                ui.allocate_ui(vec2(width, 44.0), |ui| {
                    ui.set_width(width);
                    kit::figure(ui, look, value, "", tr(lang, label), s.title, look.text());
                });
            }
        });
    }
    if !vm.thresholds.is_empty() {
        kit::rule(ui, look);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            for (level, value) in &vm.thresholds {
                kit::level_dot(ui, look, *level, 5.0);
                let words = format!("{} {} {}", level.name().get(lang), number(*value), vm.unit);
                ui.label(egui::RichText::new(words).font(look.regular(s.small)).color(look.text()));
                ui.add_space(6.0);
            }
        });
    }
    if !vm.doubted.is_empty() {
        kit::text(ui, tr(lang, "k-trend-doubted"), look.regular(s.small), look.second());
    }
    actions
}

fn chart(ui: &mut Ui, vm: &TrendVm, look: &Look, height: f32) {
    let (span, unit, lang) = (vm.span, vm.unit, look.lang);
    let shift = |p: &[f64; 2]| [p[0] + LOCAL_MIN, p[1]];
    let (low, high) = bounds(vm);
    let ink = look.level(vm.level);
    let color = if vm.level == AlertLevel::Normal { look.accent() } else { ink };
    let plot = Plot::new(("trend", &vm.sensor, span.key()))
        .height(height)
        .show_background(false)
        .show_grid([false, true])
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .include_x(vm.range_min[0] + LOCAL_MIN)
        .include_x(vm.range_min[1] + LOCAL_MIN)
        .include_y(low)
        .include_y(high)
        .set_margin_fraction(vec2(0.01, 0.06))
        .x_grid_spacer(uniform_grid_spacer(move |_| steps(span)))
        .x_axis_formatter(move |mark, _| clock_of(span, mark.value - LOCAL_MIN))
        .y_axis_formatter(move |mark, _| number(mark.value))
        .y_axis_min_width(34.0)
        .grid_color(look.faint(Token::Text, 0.35))
        .cursor_color(look.faint(Token::Text, 0.35))
        .label_formatter(move |at| told(at, span, unit, lang));
    plot.show(ui, |plot| {
        for (level, value) in vm.thresholds.iter().filter(|t| (low..=high).contains(&t.1)) {
            let style = LineStyle::Dashed { length: 6.0 };
            let line = HLine::new("", *value).color(look.level(*level).gamma_multiply(0.75)).width(1.0).style(style);
            plot.hline(line.allow_hover(false));
        }
        if vm.band.len() > 1 {
            let xs: Vec<f64> = vm.band.iter().map(|b| b[0] + LOCAL_MIN).collect();
            let lows: Vec<f64> = vm.band.iter().map(|b| b[1]).collect();
            let highs: Vec<f64> = vm.band.iter().map(|b| b[2]).collect();
            plot.add(FilledArea::new("", &xs, &lows, &highs).fill_color(color.gamma_multiply(0.18)).allow_hover(false));
        }
        let points: PlotPoints<'_> = vm.line.iter().map(shift).collect();
        plot.line(Line::new("", points).color(color).width(1.8));
        if !vm.ahead.is_empty() {
            let points: PlotPoints<'_> = vm.ahead.iter().map(shift).collect();
            let style = LineStyle::Dashed { length: 5.0 };
            plot.line(Line::new("", points).color(look.color(Token::Flood1)).width(1.6).style(style));
            plot.vline(VLine::new("", vm.now_min + LOCAL_MIN).color(look.faint(Token::Text, 0.4)).width(1.0));
        }
        if !vm.doubted.is_empty() {
            let points: PlotPoints<'_> = vm.doubted.iter().map(shift).collect();
            let ring = look.color(Token::LevelYellow);
            plot.points(Points::new("", points).color(ring).filled(false).radius(3.0).allow_hover(false));
        }
    });
}

/// What the pointer's place on the chart says.
fn told(at: &HoverPosition<'_>, span: Span, unit: &str, lang: Lang) -> Option<String> {
    let HoverPosition::NearDataPoint { position, .. } = at else { return None };
    let when = Stamp(((position.x - LOCAL_MIN) * 60_000.0) as i64);
    let format = match (span, lang) {
        (Span::Hours2, _) => "%H:%M:%S",
        (_, Lang::Zh) => "%-m月%-d日 %H:%M",
        _ => "%-d %b %H:%M",
    };
    Some(format!("{} {unit}\n{}", number(position.y), when.format_local(format)))
}

/// Lowest and highest value of the axis: everything drawn, and the next threshold above it.
fn bounds(vm: &TrendVm) -> (f64, f64) {
    let values = vm.line.iter().chain(&vm.ahead).map(|p| p[1]).chain(vm.band.iter().flat_map(|b| [b[1], b[2]]));
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for v in values.filter(|v| v.is_finite()) {
        low = low.min(v);
        high = high.max(v);
    }
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    // Depths and rains stand on nought; a level of the river at 21 m would be a straight line there.
    if low >= 0.0 && low < 0.5 * high {
        low = 0.0;
    }
    let next = vm.thresholds.iter().map(|t| t.1).filter(|t| *t > high).fold(f64::INFINITY, f64::min);
    if next.is_finite() && next - high < 2.0 * (high - low).max(1e-9) {
        high = next;
    }
    if high - low < 1e-6 * high.abs().max(1.0) {
        let pad = (high.abs() * 0.05).max(0.5);
        return (low - pad, high + pad);
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::click_around;

    fn vm() -> TrendVm {
        TrendVm {
            sensor: "s".into(),
            name: "下穿水尺".into(),
            property: "积水深度".into(),
            unit: "cm",
            value: "12 cm".into(),
            state: "1 分前 · 正常".into(),
            level: AlertLevel::Yellow,
            span: Span::Day,
            range_min: [0.0, 1440.0],
            now_min: 1440.0,
            line: (0..100).map(|i| [f64::from(i) * 14.0, f64::from(i % 20)]).collect(),
            band: Vec::new(),
            doubted: vec![[28.0, 2.0]],
            ahead: Vec::new(),
            thresholds: vec![(AlertLevel::Yellow, 15.0), (AlertLevel::Red, 27.0)],
            figures: vec![("k-trend-low", "0 cm".into()), ("k-trend-high", "19 cm".into())],
            made_of: "原始读数".into(),
            place_m: Some([1.0, 2.0]),
        }
    }

    #[test]
    fn the_axis_holds_what_is_drawn_and_the_next_threshold() {
        assert_eq!(bounds(&vm()), (0.0, 27.0));
        let river = TrendVm { line: vec![[0.0, 21.2], [1.0, 21.4]], thresholds: vec![(AlertLevel::Red, 24.0)], ..vm() };
        let (low, high) = bounds(&river);
        assert!(low > 21.0 && high < 21.5, "{low} {high}");
        let flat = TrendVm { line: vec![[0.0, 3.0], [1.0, 3.0]], thresholds: Vec::new(), ..vm() };
        assert!(bounds(&flat).0 < 3.0 && bounds(&flat).1 > 3.0);
    }

    #[test]
    fn spans_are_one_click_away() {
        let look = Look::default();
        let vm = vm();
        let asked = click_around(vec2(384.0, 560.0), &look, |ctx, screen| {
            kit::panel(ctx, "trend", screen, &look, |ui| trend_ui(ui, &vm, &look))
        });
        for span in [Span::Hours2, Span::Week, Span::Month, Span::Year] {
            assert!(asked.contains(&UiAction::TrendSpan(span)), "{span:?} cannot be reached");
        }
        assert!(asked.contains(&UiAction::Trend(None)) && asked.contains(&UiAction::Fly([1.0, 2.0])));
    }
}
