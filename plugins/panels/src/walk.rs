//! The way through areas: in by a name or a double click, out again, and what of it the stage draws.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_stage::layers::{AreaFigures, AreaTree};
use guanlan_stage::{CameraRig, FlyTo, Ground, MapLens};

use crate::{Desk, apply, layout, poses::pose_over};

/// Areas as systems walk through them.
#[derive(bevy::ecs::system::SystemParam)]
pub(crate) struct Walk<'w> {
    pub tree: Res<'w, AreaTree>,
    pub ground: Res<'w, Ground>,
    pub lens: Res<'w, MapLens>,
    pub rig: Res<'w, CameraRig>,
}

impl Walk<'_> {
    /// Goes into an area, or home, and flies there.
    pub(crate) fn go(&self, area: Option<u32>, desk: &mut Desk, fly: &mut MessageWriter<FlyTo>) {
        desk.area = apply::below_whole(&self.tree, area);
        if desk.area.is_some() {
            desk.side = layout::Side::Areas;
        }
        desk.revision += 1;
        let bounds = desk.area.and_then(|a| self.tree.bounds(a));
        let pose = bounds.map_or(self.rig.home, |b| pose_over(b, &self.rig.pose, &self.ground, &self.lens));
        fly.write(FlyTo::pose(pose));
    }

    /// The area that a double click on a place goes into: not where one is already closer than it would lead.
    pub(crate) fn deeper(&self, desk: &Desk, place_m: [f64; 2]) -> Option<u32> {
        let child = self.tree.child_at(desk.area, place_m[0] as f32, place_m[1] as f32)?;
        let pose = pose_over(self.tree.bounds(child)?, &self.rig.pose, &self.ground, &self.lens);
        (self.rig.pose.distance_m > pose.distance_m * 0.9).then_some(child)
    }
}

/// The stage draws the areas that the table lists while it is open: a map that nobody asked about areas is not tinted.
pub(crate) fn areas_shown(desk: Res<Desk>, tree: Res<AreaTree>, mut figures: ResMut<AreaFigures>) {
    let asked = desk.side == layout::Side::Areas || desk.area.is_some();
    let children = if asked { tree.children(desk.area) } else { &[] };
    if figures.current == desk.area && *figures.children == children {
        return;
    }
    figures.current = desk.area;
    figures.children = Arc::new(children.to_vec());
    figures.version += 1;
}
