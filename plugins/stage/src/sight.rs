//! How large text and panels are: by the picture's size, or by what eyes can read from where they are.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::window::PrimaryWindow;

/// Smallest text of the panels at scale 1, px.
const SMALLEST_PX: f32 = 13.0;
/// Dense Chinese characters need this many pixels to be told apart, px.
const LEAST_PX: f32 = 16.0;
/// Smallest angle at which people read at a glance, arc minutes.
const ARCMIN: f32 = 20.0;
/// A screen without a scale of its own that has this many lines is a wall or a very fine screen.
const WALL_LINES: u32 = 2_000;

/// A wall and where people stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wall {
    /// Height of the picture, m.
    pub height_m: f32,
    /// From the eyes to it, m.
    pub distance_m: f32,
}

/// Scale of text and panels on a picture of this size, px. Nobody said anything about a wall: what is designed for
/// 1920 × 1080 keeps its share of the picture.
#[must_use]
pub fn scale((width, height): (u32, u32), wall: Option<Wall>) -> f32 {
    let wanted = match wall {
        Some(Wall { height_m, distance_m }) => {
            let pitch_m = height_m / height.max(1) as f32;
            let text_m = 2.0 * distance_m * (ARCMIN / 60.0 * 0.5).to_radians().tan();
            (text_m / pitch_m).ceil().max(LEAST_PX) / SMALLEST_PX
        }
        None => (height as f32 / 1080.0).min(width as f32 / 1920.0).max(1.0),
    };
    // Eighths: glyphs are rasterised once for each scale.
    ((wanted * 8.0).round() / 8.0).clamp(0.75, 8.0)
}

/// Who is told the scale.
type Tell = Arc<dyn Fn(&mut World, f32) + Send + Sync>;

/// Text follows the size of the window, unless the system has a scale of its own. The stage has no text: whoever has
/// is told the scale when it changes.
pub struct FollowWindow {
    wall: Option<Wall>,
    tell: Tell,
}

impl FollowWindow {
    /// `tell` sets the scale of text and panels.
    #[must_use]
    pub fn new(wall: Option<Wall>, tell: impl Fn(&mut World, f32) + Send + Sync + 'static) -> Self {
        Self { wall, tell: Arc::new(tell) }
    }
}

impl Plugin for FollowWindow {
    fn build(&self, app: &mut App) {
        let (wall, tell, mut told) = (self.wall, self.tell.clone(), 1.0);
        app.add_systems(Update, move |world: &mut World| {
            let mut windows = world.query_filtered::<&Window, With<PrimaryWindow>>();
            let Ok(window) = windows.single(world) else { return };
            let wanted = of_window((window.physical_width(), window.physical_height()), window.scale_factor(), wall);
            if (told - wanted).abs() > 1e-3 {
                told = wanted;
                tell(world, wanted);
            }
        });
    }
}

/// Scale on top of the system's own.
fn of_window((width, height): (u32, u32), own: f32, wall: Option<Wall>) -> f32 {
    match wall {
        Some(_) => scale((width, height), wall) / own.max(0.1),
        None if own <= 1.01 && height >= WALL_LINES => scale((width, height), None),
        None => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_without_words_keeps_the_design() {
        assert_eq!(scale((1920, 1080), None), 1.0);
        assert_eq!(scale((1280, 720), None), 1.0, "small pictures do not shrink what people read");
        assert_eq!(scale((3840, 2160), None), 2.0);
        assert_eq!(scale((7680, 2160), None), 2.0, "a wide wall has more room, not larger letters");
        assert_eq!(scale((2560, 720), None), 1.0);
    }

    #[test]
    fn a_screen_with_a_scale_of_its_own_keeps_it() {
        assert_eq!(of_window((3840, 2160), 2.0, None), 1.0);
        assert_eq!(of_window((3840, 2160), 1.0, None), 2.0);
        assert_eq!(of_window((2560, 1440), 1.0, None), 1.0, "a desk");
        let wall = Wall { height_m: 2.592, distance_m: 10.0 };
        assert_eq!(of_window((7680, 2160), 2.0, Some(wall)) * 2.0, scale((7680, 2160), Some(wall)));
    }

    #[test]
    fn twenty_arcmin_from_where_people_stand() {
        // Pitch 1.2 mm at 10 m: 20′ are 58.2 mm, 49 px (DOMAIN 6.1).
        let wall = Wall { height_m: 2.592, distance_m: 10.0 };
        let got = scale((7680, 2160), Some(wall));
        assert!((got * SMALLEST_PX - 49.0).abs() <= 0.9, "{got}");
        let near = Wall { height_m: 2.592, distance_m: 1.0 };
        assert!(scale((7680, 2160), Some(near)) * SMALLEST_PX >= LEAST_PX - 0.9, "dense characters need pixels");
    }
}
