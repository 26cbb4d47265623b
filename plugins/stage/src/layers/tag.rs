//! Entities of the stage that belong to a layer follow its switch.

use bevy::prelude::*;

use super::state::LayerState;
use crate::Redraw;

/// Says which layer of the catalogue an entity belongs to: it is hidden with it. What can be faded reads
/// [`LayerState::opacity`] itself.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerTag(pub &'static str);

impl LayerTag {
    /// The water over the ground, whatever is shown of it.
    pub const WATER: Self = Self("flood");
}

/// Shows and hides tagged entities when the choice changed or new ones came.
pub(crate) fn follow_tags(
    layers: Res<LayerState>,
    mut all: Query<(Ref<LayerTag>, &mut Visibility)>,
    mut seen: Local<u64>,
    mut redraw: ResMut<Redraw>,
) {
    let changed = *seen != layers.revision;
    *seen = layers.revision;
    for (tag, mut visibility) in &mut all {
        if !changed && !tag.is_added() {
            continue;
        }
        // The water is one thing in many layers.
        let seen = if *tag == LayerTag::WATER { layers.water().is_some() } else { layers.visible(tag.0) };
        let wanted = if seen { Visibility::Inherited } else { Visibility::Hidden };
        if *visibility != wanted {
            *visibility = wanted;
            redraw.scene();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagged_entities_go_and_come_with_their_layer() {
        let mut app = App::new();
        app.init_resource::<LayerState>().init_resource::<Redraw>().add_systems(Update, follow_tags);
        let crews = app.world_mut().spawn((LayerTag("crews"), Visibility::Inherited)).id();
        let roads = app.world_mut().spawn((LayerTag("roads"), Visibility::Inherited)).id();
        let seen = |app: &App, e| *app.world().get::<Visibility>(e).unwrap();
        app.update();
        app.world_mut().resource_mut::<LayerState>().set_on("crews", false);
        app.update();
        assert_eq!((seen(&app, crews), seen(&app, roads)), (Visibility::Hidden, Visibility::Inherited));
        let late = app.world_mut().spawn((LayerTag("crews"), Visibility::Inherited)).id();
        app.update();
        assert_eq!(seen(&app, late), Visibility::Hidden, "one that comes later is hidden, too");
        app.world_mut().resource_mut::<LayerState>().set_on("crews", true);
        app.update();
        assert_eq!(seen(&app, crews), Visibility::Inherited);
    }
}
