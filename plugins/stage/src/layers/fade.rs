//! What is painted into the ground fades by its colour: a road without opacity has the colour of the land.

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
