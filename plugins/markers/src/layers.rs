//! The layer tree decides what is drawn, and how strongly.

use bevy::prelude::*;
use guanlan_core::ObservedProperty;
use guanlan_stage::layers::LayerState;

use crate::scene::{MarkerScene, Strengths};

/// What the tree says of the live layers.
#[must_use]
pub fn strengths(layers: &LayerState) -> Strengths {
    let property = ObservedProperty::ALL.map(|p| layers.sensor_opacity(p));
    Strengths {
        sensors: property.into_iter().fold(0.0, f32::max),
        cases: layers.opacity("cases"),
        units: layers.opacity("crews"),
        // A layer that no file names is not there.
        heat: if layers.catalogue().layers.iter().any(|l| l.id == "heat") { layers.opacity("heat") } else { 0.0 },
        closed_roads: layers.opacity("closed-roads"),
        routes: layers.opacity("routes"),
        trails: layers.opacity("trails"),
    }
}

/// Sensors whose property is switched off, a bit each.
#[must_use]
pub fn hidden(layers: &LayerState) -> u64 {
    let off = ObservedProperty::ALL.map(|p| layers.sensor_opacity(p) <= 0.004);
    off.iter().enumerate().fold(0, |bits, (k, off)| bits | u64::from(*off) << k)
}

/// Follows the tree when it changed.
pub(crate) fn follow(layers: Option<Res<LayerState>>, mut scene: ResMut<MarkerScene>, mut seen: Local<u64>) {
    let Some(layers) = layers else { return };
    if *seen != layers.revision {
        *seen = layers.revision;
        scene.show = strengths(&layers);
        scene.sensors.hide_kinds(hidden(&layers));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_tree_shows_the_live_layers() {
        let layers = LayerState::default();
        let show = strengths(&layers);
        assert!(show.cases > 0.0 && show.units > 0.0 && show.sensors > 0.0);
        assert!(ObservedProperty::ALL.len() <= 64, "a bit for each");
        assert_eq!(hidden(&layers) & !((1 << ObservedProperty::ALL.len()) - 1), 0);
    }
}
