//! Every layer of the stage fades: what is painted into the ground by its colour (a road without opacity has the colour
//! of the land), bodies through a fine screen, water and rain by their alpha.

use bevy::math::Vec4;
use bevy::prelude::*;
use guanlan_core::theme::{Theme, Token};

use super::catalogue::Source;
use super::state::LayerState;
use crate::StageSettings;
use crate::look::{Look, linear};

/// The colours of what is painted, at these opacities of roads and surfaces.
fn painted(theme: Theme, roads: f32, surfaces: f32) -> [Vec4; 6] {
    let land = linear(theme, Token::Land);
    let fade = |token, opacity: f32| land.lerp(linear(theme, token), opacity.clamp(0.0, 1.0));
    [
        fade(Token::RoadArterial, roads),
        fade(Token::RoadLocal, roads),
        fade(Token::RoadBridge, roads),
        fade(Token::Green, surfaces),
        fade(Token::River, surfaces),
        fade(Token::RiverDeep, surfaces),
    ]
}

/// Hands the opacity of roads and surfaces to the look.
pub(crate) fn follow_paint(layers: Res<LayerState>, settings: Res<StageSettings>, mut look: ResMut<Look>) {
    if !layers.is_changed() && !settings.is_changed() && !look.is_changed() {
        return;
    }
    let roads = layers.opacity_of(|s| matches!(s, Source::Roads {}));
    let surfaces = layers.opacity_of(|s| matches!(s, Source::Surfaces {}));
    let wanted = painted(settings.theme, roads, surfaces);
    let now = [look.arterial, look.local, look.bridge, look.green, look.river, look.river_deep];
    if wanted != now {
        [look.arterial, look.local, look.bridge, look.green, look.river, look.river_deep] = wanted;
    }
    let (fade, fade_more) = faded(&layers);
    if (fade, fade_more) != (look.fade, look.fade_more) {
        (look.fade, look.fade_more) = (fade, fade_more);
    }
}

/// The opacities that shaders read, see [`Look::fade`]. A layer that is hidden keeps its pixels: it is not drawn at all.
fn faded(layers: &LayerState) -> (Vec4, Vec4) {
    let of = |id: &str| if layers.visible(id) { layers.opacity(id) } else { 1.0 };
    let water = layers.water_opacity();
    (
        Vec4::new(of("buildings"), if water > 0.0 { water } else { 1.0 }, of("rain"), of("landmarks")),
        Vec4::new(of("terrain"), of("components"), of("drainage"), of("cameras")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_has_its_own_opacity() {
        let mut layers = LayerState::default();
        let before = faded(&layers);
        layers.set_opacity("buildings", 0.4);
        layers.set_opacity("cameras", 0.7);
        let (fade, more) = faded(&layers);
        assert_eq!((fade.x, more.w), (0.4, 0.7));
        assert_eq!((fade.y, fade.w, more.x), (before.0.y, before.0.w, before.1.x));
        layers.set_on("buildings", false);
        assert_eq!(faded(&layers).0.x, 1.0, "hidden is hidden, not faded");
    }

    #[test]
    fn hidden_roads_have_the_colour_of_the_land() {
        let land = linear(Theme::CommandDark, Token::Land);
        let hidden = painted(Theme::CommandDark, 0.0, 1.0);
        assert_eq!(hidden[..3], [land; 3]);
        assert_eq!(hidden[4], linear(Theme::CommandDark, Token::River));
        let full = painted(Theme::CommandDark, 1.0, 1.0);
        let look = Look::new(Theme::CommandDark, [0.0; 4]);
        assert_eq!(full, [look.arterial, look.local, look.bridge, look.green, look.river, look.river_deep]);
    }
}
