//! Closed roads, routes and trails as lines.

use bevy::math::Vec4;
use guanlan_core::theme::{Theme, Token};
use guanlan_stage::lines::Polyline;
use guanlan_stage::look::linear;

use crate::scene::MarkerScene;

/// Closed roads, routes and trails as lines, in drawing order.
#[must_use]
pub fn polylines(scene: &MarkerScene, theme: Theme) -> Vec<Polyline> {
    let alpha = |token: Token, a: f32| -> Vec4 { linear(theme, token).truncate().extend(a) };
    let show = scene.show;
    let shown = |strength: f32, line: &&Vec<[f32; 3]>| strength > 0.0 && line.len() >= 2;
    let mut out = Vec::new();
    for line in scene.closed_roads.rows.iter().filter(|l| shown(show.closed_roads, l)) {
        let dark = alpha(Token::Space, 0.85 * show.closed_roads);
        out.push(Polyline { points: line.clone(), colors: [dark, dark], width_px: 7.0, dash_m: 0.0 });
        let red = alpha(Token::LevelRed, 0.95 * show.closed_roads);
        out.push(Polyline { points: line.clone(), colors: [red, red], width_px: 4.0, dash_m: 12.0 });
    }
    for line in scene.routes.rows.iter().filter(|l| shown(show.routes, l)) {
        let dark = alpha(Token::Space, 0.6 * show.routes);
        out.push(Polyline { points: line.clone(), colors: [dark, dark], width_px: 6.0, dash_m: 0.0 });
        let accent = alpha(Token::Accent, 0.9 * show.routes);
        out.push(Polyline { points: line.clone(), colors: [accent, accent], width_px: 3.0, dash_m: 0.0 });
    }
    for trail in scene.units.trails.rows.iter().filter(|l| shown(show.trails, l)) {
        let colors = [alpha(Token::Text, 0.0), alpha(Token::Text, 0.55 * show.trails)];
        out.push(Polyline { points: trail.clone(), colors, width_px: 2.0, dash_m: 0.0 });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_only_while_their_layer_is_on() {
        let mut scene = MarkerScene::default();
        assert!(polylines(&scene, Theme::CommandDark).is_empty());
        scene.routes.set(vec![vec![[0.0; 3], [10.0, 0.0, 0.0]], vec![[0.0; 3]]]);
        assert_eq!(polylines(&scene, Theme::CommandDark).len(), 2, "a route is a line on a dark one");
        scene.show.routes = 0.0;
        assert!(polylines(&scene, Theme::CommandDark).is_empty());
    }
}
