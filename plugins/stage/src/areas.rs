//! Administrative areas on the map: outlines coloured by what is wrong, prisms as high as a figure.
//!
//! 市 → 区 → 街道 → 社区 → 万米单元网格: which area is drilled into and what its children count comes from
//! [`layers::AreaFigures`](crate::layers::AreaFigures), which the panels fill; names and figures are written by them.

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;
use guanlan_city::City;
use guanlan_city::model::{AdminArea, AdminLevel};
use guanlan_core::theme::{Theme, Token};

use crate::StageSettings;
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::layers::{AreaFigure, AreaFigures, LayerState};
use crate::lines::{LineMaterial, Polyline, line_mesh};
use crate::look::{Look, linear};
use crate::redraw::Redraw;
use crate::solid::{Solid, SolidMaterial};

/// A figure that prisms stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Open cases.
    Cases,
    /// Cases past their deadline.
    Overdue,
    /// Active alerts.
    Alerts,
    /// Crews on duty.
    Crews,
    /// Sensors that are silent.
    Offline,
    /// Deepest water.
    Depth,
    /// Residents.
    Residents,
}

impl Figure {
    /// Its value in an area.
    #[must_use]
    pub fn of(self, area: &AreaFigure) -> f32 {
        match self {
            Self::Cases => area.cases as f32,
            Self::Overdue => area.overdue as f32,
            Self::Alerts => area.alerts as f32,
            Self::Crews => area.crews as f32,
            Self::Offline => area.offline as f32,
            Self::Depth => f32::from(area.depth_mm),
            Self::Residents => area.residents as f32,
        }
    }
}

/// What is drawn of the areas shown. Set it from a panel.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AreaStyle {
    /// Outlines; of the area drilled into, its parts are coloured where something is wrong.
    #[default]
    Outline,
    /// Prisms as high as this figure.
    Prism(Figure),
}

/// More cells than these are not outlined at once.
const MOST_CELLS: usize = 30_000;

/// Colour that says what is wrong in an area, and how strong; calm ones have none.
#[must_use]
pub fn tint(figure: &AreaFigure, theme: Theme) -> Option<Vec4> {
    let token = match figure {
        f if f.reds > 0 => Token::LevelRed,
        f if f.overdue > 0 => Token::LevelYellow,
        _ => return None,
    };
    Some(linear(theme, token))
}

/// Height of the tallest prism, m: a large city stands taller.
fn tallest_m(city: &City) -> f32 {
    let [w, s, e, n] = city.extent;
    ((e - w).max(n - s) * 0.06).clamp(60.0, 900.0)
}

/// The highest ground under an outline, m.
fn foot_m(area: &AdminArea, ground: &Ground) -> f32 {
    area.ring.iter().map(|p| ground.height_m(p[0], p[1])).fold(f32::MIN, f32::max)
}

/// Areas shown with their figures: children of the one drilled into.
fn shown<'a>(figures: &'a AreaFigures, city: &'a City) -> impl Iterator<Item = (&'a AdminArea, AreaFigure)> {
    figures.children.iter().filter_map(move |&i| {
        let area = city.areas.get(i as usize).filter(|a| a.ring.len() >= 3)?;
        Some((area, figures.figures.get(i as usize).copied().unwrap_or_default()))
    })
}

/// Height of each prism as a share of the tallest.
fn share(style: AreaStyle, figure: &AreaFigure, most: f32) -> f32 {
    match style {
        AreaStyle::Outline => 0.0,
        AreaStyle::Prism(of) => (of.of(figure) / most).clamp(0.0, 1.0),
    }
}

fn most(style: AreaStyle, figures: &AreaFigures, city: &City) -> f32 {
    match style {
        AreaStyle::Outline => 1.0,
        AreaStyle::Prism(of) => shown(figures, city).map(|(_, f)| of.of(&f)).fold(1e-6, f32::max),
    }
}

/// Prisms of the areas shown.
#[must_use]
pub fn bodies(figures: &AreaFigures, style: AreaStyle, city: &City, ground: &Ground, theme: Theme) -> Solid {
    let mut solid = Solid::default();
    let (most, tallest) = (most(style, figures, city), tallest_m(city));
    let (calm, bright) = (linear(theme, Token::Wall), linear(theme, Token::Edge));
    for (area, figure) in shown(figures, city) {
        let wrong = tint(&figure, theme);
        let foot = foot_m(area, ground);
        let share = share(style, &figure, most);
        // Outlines tell what is wrong by their colour: a filled area would be louder than the marks in it.
        if share <= 0.0 {
            continue;
        }
        let color = wrong.unwrap_or_else(|| calm.lerp(bright, 0.15 + 0.70 * share));
        let top = foot + 10.0 + tallest * share;
        // Glass: the town is read through it, the rim tells the height.
        solid.cap(&area.ring, top, color.with_w(0.07 + 0.13 * share).to_array());
        let (low, high) = (color.with_w(0.02).to_array(), color.with_w(0.30).to_array());
        for i in 0..area.ring.len() {
            let (a, b) = (area.ring[i], area.ring[(i + 1) % area.ring.len()]);
            let at = |p: [f32; 2], z: f32| to_scene(p[0], p[1], z);
            let normal = (at(b, foot) - at(a, foot)).cross(Vec3::Y).normalize_or(Vec3::Y);
            let [a0, b0] = [a, b].map(|p| solid.corner(at(p, foot), normal, low));
            let [b1, a1] = [b, a].map(|p| solid.corner(at(p, top), normal, high));
            solid.triangle([a0, b0, b1]);
            solid.triangle([a0, b1, a1]);
        }
    }
    solid
}

/// Which outlines are drawn, and how strongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlines {
    /// Opacity of the areas' outlines, 0–1.
    pub areas: f32,
    /// Opacity of the unit grid, 0–1.
    pub grid: f32,
}

/// Outlines: districts and streets faintly, the areas shown clearly, the one drilled into in the accent.
#[must_use]
pub fn outlines(
    figures: &AreaFigures,
    style: AreaStyle,
    which: Outlines,
    city: &City,
    ground: &Ground,
    look: &Look,
    theme: Theme,
) -> Vec<Polyline> {
    let ring = |area: &AdminArea| {
        let mut ring = area.ring.clone();
        ring.push(ring[0]);
        ring
    };
    let line = |points: Vec<[f32; 3]>, color: Vec4, width_px: f32| Polyline {
        points,
        colors: [color, color],
        width_px,
        dash_m: 0.0,
    };
    let edge = |alpha: f32| look.edge.with_w(alpha);
    let mut lines = Vec::new();
    if which.grid > 0.0 {
        let cells = city.areas.iter().filter(|a| a.level == AdminLevel::Grid && a.ring.len() >= 3);
        lines.extend(
            cells.take(MOST_CELLS).map(|a| line(ground.drape(&ring(a), 60.0, 2.5), edge(0.16 * which.grid), 1.0)),
        );
    }
    if which.areas <= 0.0 {
        return lines;
    }
    let drilled = figures.current.is_some();
    for area in city.areas.iter().filter(|a| a.ring.len() >= 3) {
        let (alpha, width) = match area.level {
            AdminLevel::District => (0.14, 1.6),
            AdminLevel::Street => (0.13, 1.2),
            _ => continue,
        };
        lines.push(line(ground.drape(&ring(area), 60.0, 3.0), edge(alpha * which.areas), width));
    }
    if drilled {
        for (area, figure) in shown(figures, city) {
            let (color, width) = match tint(&figure, theme) {
                Some(color) => (color.with_w(0.70 * which.areas), 2.0),
                None => (edge(0.50 * which.areas), 1.4),
            };
            lines.push(line(ground.drape(&ring(area), 40.0, 3.2), color, width));
        }
    }
    if let Some(area) = figures.current.and_then(|i| city.areas.get(i as usize)).filter(|a| a.ring.len() >= 3) {
        lines.push(line(ground.drape(&ring(area), 40.0, 3.4), look.accent.with_w(0.85 * which.areas), 2.4));
    }
    let (most, tallest) = (most(style, figures, city), tallest_m(city));
    for (area, figure) in shown(figures, city) {
        let share = share(style, &figure, most);
        if share > 0.0 {
            let top = foot_m(area, ground) + 10.5 + tallest * share;
            let points = ring(area).into_iter().map(|p| [p[0], p[1], top]).collect();
            lines.push(line(points, edge(0.80 * which.areas), 1.5));
        }
    }
    lines
}

/// What a picture of the areas depends on: figures that change no line and no prism draw nothing anew.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawn {
    which: Outlines,
    style: AreaStyle,
    current: Option<u32>,
    /// Of each area shown: its number, the colour that says what is wrong, the height of its prism.
    areas: Vec<(u32, Option<Vec4>, f32)>,
}

impl Drawn {
    fn of(figures: &AreaFigures, which: Outlines, style: AreaStyle, city: &City, theme: Theme) -> Self {
        let most = most(style, figures, city);
        let seen = |figure: AreaFigure| (tint(&figure, theme), share(style, &figure, most));
        // Without a prism and undrilled an area looks the same whatever its figures say.
        let told = figures.current.is_some() || style != AreaStyle::Outline;
        let areas = figures.children.iter().filter(|_| told).map(|&i| {
            let (wrong, share) = seen(figures.figures.get(i as usize).copied().unwrap_or_default());
            (i, wrong, share)
        });
        Self { which, style, current: figures.current, areas: areas.collect() }
    }
}

/// What was spawned of the areas.
#[derive(Component)]
pub(crate) struct AreaLayer;

/// Rebuilds the areas when their figures, the choice of layers or the theme change.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show(
    mut commands: Commands,
    figures: Option<Res<AreaFigures>>,
    layers: Option<Res<LayerState>>,
    style: Res<AreaStyle>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    old: Query<Entity, With<AreaLayer>>,
    mut drawn: Local<Option<(u64, Drawn)>>,
    mut lines: ResMut<Assets<LineMaterial>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let opacity = |id: &str, alone: f32| layers.as_ref().map_or(alone, |l| l.opacity(id));
    let which = Outlines { areas: opacity("areas", 1.0), grid: opacity("grid", 0.0) };
    let version = figures.as_ref().map_or(0, |f| f.version);
    let again = settings.is_changed();
    if !again && drawn.as_ref().is_some_and(|(v, d)| (*v, d.which, d.style) == (version, which, *style)) {
        return;
    }
    let none = AreaFigures::default();
    let figures = figures.as_deref().unwrap_or(&none);
    let (city, theme) = (&settings.city, settings.theme);
    let now = Drawn::of(figures, which, *style, city, theme);
    let same = !again && drawn.as_ref().is_some_and(|(_, before)| *before == now);
    *drawn = Some((version, now));
    if same {
        return;
    }
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let solid = bodies(figures, *style, city, &ground, theme);
    if which.areas > 0.0 && !solid.is_empty() {
        let material = solids.add(SolidMaterial { look: *look, ghost: true, layer: crate::solid::layer::NONE });
        commands.spawn((AreaLayer, Mesh3d(meshes.add(solid.into_mesh())), MeshMaterial3d(material), NoFrustumCulling));
    }
    let outlines = outlines(figures, *style, which, city, &ground, &look, theme);
    if !outlines.is_empty() {
        let material = lines.add(LineMaterial { look: *look, order: 60.0, on_top: false });
        let mesh = Mesh3d(meshes.add(line_mesh(&outlines)));
        commands.spawn((AreaLayer, mesh, MeshMaterial3d(material), NoFrustumCulling));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn city() -> City {
        let area = |code: &str, level, west: f32| AdminArea {
            code: code.into(),
            level,
            ring: vec![[west, 0.0], [west + 100.0, 0.0], [west + 100.0, 100.0], [west, 100.0]],
            ..Default::default()
        };
        City {
            extent: [0.0, 0.0, 1000.0, 1000.0],
            areas: vec![
                area("420100001", AdminLevel::Street, 0.0),
                area("420100002", AdminLevel::Street, 100.0),
                area("420100001001", AdminLevel::Community, 0.0),
                area("420100002001", AdminLevel::Community, 100.0),
                area("420100001001001", AdminLevel::Grid, 0.0),
            ],
            ..Default::default()
        }
    }

    fn figures(current: Option<u32>, children: &[u32], cases: &[u32]) -> AreaFigures {
        AreaFigures {
            figures: Arc::new(cases.iter().map(|&cases| AreaFigure { cases, ..Default::default() }).collect()),
            current,
            children: Arc::new(children.to_vec()),
            ..Default::default()
        }
    }

    const ALL: Outlines = Outlines { areas: 1.0, grid: 0.0 };

    #[test]
    fn drilling_down_outlines_the_children_and_marks_the_parent() {
        let city = city();
        let ground = Ground::new(&Arc::new(city.clone()));
        let look = Look::new(Theme::CommandDark, city.extent);
        let count = |f: &AreaFigures, which| {
            outlines(f, AreaStyle::Outline, which, &city, &ground, &look, Theme::CommandDark).len()
        };
        assert_eq!(count(&AreaFigures::default(), ALL), 2, "the two streets, faintly");
        let drilled = figures(Some(0), &[2], &[0, 0, 3, 9]);
        assert_eq!(count(&drilled, ALL), 4, "streets, one child, the parent");
        assert_eq!(count(&drilled, Outlines { areas: 0.0, grid: 1.0 }), 1, "only the grid");
        assert_eq!(count(&drilled, Outlines { areas: 0.0, grid: 0.0 }), 0);
    }

    #[test]
    fn figures_that_change_no_line_draw_nothing_anew() {
        let city = city();
        let of = |f: &AreaFigures, style| Drawn::of(f, ALL, style, &city, Theme::CommandDark);
        let (few, more) = (figures(None, &[0, 1], &[1, 2]), figures(None, &[0, 1], &[1, 3]));
        assert_eq!(of(&few, AreaStyle::Outline), of(&more, AreaStyle::Outline));
        let prism = AreaStyle::Prism(Figure::Cases);
        assert_ne!(of(&few, prism), of(&more, prism));
        let (calm, mut red) = (figures(Some(0), &[2], &[0, 0, 3]), figures(Some(0), &[2], &[0, 0, 4]));
        assert_eq!(of(&calm, AreaStyle::Outline), of(&red, AreaStyle::Outline));
        Arc::make_mut(&mut red.figures)[2].reds = 1;
        assert_ne!(of(&calm, AreaStyle::Outline), of(&red, AreaStyle::Outline), "its outline is red now");
    }

    #[test]
    fn prisms_stand_as_high_as_their_figures() {
        let city = city();
        let ground = Ground::new(&Arc::new(city.clone()));
        let figures = figures(None, &[0, 1], &[50, 100]);
        let mesh = bodies(&figures, AreaStyle::Prism(Figure::Cases), &city, &ground, Theme::CommandDark).into_mesh();
        let positions =
            mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3().map(<[_]>::to_vec)).unwrap();
        let top = |low: f32, high: f32| {
            positions.iter().filter(|p| p[0] > low && p[0] < high).map(|p| p[1]).fold(f32::MIN, f32::max) - 10.0
        };
        assert!((top(101.0, 250.0) - 60.0).abs() < 0.1 && (top(-1.0, 99.0) - 30.0).abs() < 0.1);
    }

    #[test]
    fn only_what_is_wrong_is_tinted() {
        let theme = Theme::CommandDark;
        assert_eq!(tint(&AreaFigure { cases: 9, ..Default::default() }, theme), None);
        let red = AreaFigure { reds: 1, overdue: 2, ..Default::default() };
        assert_eq!(tint(&red, theme), Some(linear(theme, Token::LevelRed)));
    }
}
