//! Puts the user's layers on the stage and follows their opacity.

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::PrimitiveTopology;
use bevy::prelude::*;

use super::mesh::{Drawn, Fill, draw};
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::layers::catalogue::Source;
use crate::layers::state::LayerState;
use crate::lines::{LineMaterial, line_mesh};
use crate::look::Look;
use crate::{Redraw, StageSettings};

/// An entity of a user's layer.
#[derive(Component)]
pub(crate) struct UserEntity(String);

/// What is on the stage: the files it was drawn from and the opacity of each layer.
#[derive(Resource, Default)]
pub(crate) struct OnStage {
    user: Option<std::sync::Arc<super::UserLayers>>,
    theme: Option<guanlan_core::theme::Theme>,
    drawn: Vec<(String, Drawn, f32)>,
    revision: u64,
}

fn fill_mesh(fill: &Fill, opacity: f32) -> Mesh {
    let positions: Vec<[f32; 3]> = fill.corners.iter().map(|c| to_scene(c[0], c[1], c[2]).to_array()).collect();
    let colors: Vec<[f32; 4]> = fill.colors.iter().map(|c| [c[0], c[1], c[2], c[3] * opacity]).collect();
    let normals = vec![[0.0, 1.0, 0.0]; positions.len()];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colors)
}

/// Builds layers whose file, theme or opacity changed.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show_user_layers(
    mut commands: Commands,
    layers: Res<LayerState>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    mut on_stage: ResMut<OnStage>,
    old: Query<(Entity, &UserEntity)>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut lines: ResMut<Assets<LineMaterial>>,
    mut fills: ResMut<Assets<StandardMaterial>>,
    mut redraw: ResMut<Redraw>,
) {
    let same_files = on_stage.user.as_ref().is_some_and(|u| std::sync::Arc::ptr_eq(u, &layers.user));
    if same_files && on_stage.revision == layers.revision && on_stage.theme == Some(settings.theme) {
        return;
    }
    if !same_files || on_stage.theme != Some(settings.theme) {
        let style = |id: &str| layers.catalogue().layers.iter().find(|l| l.id == id);
        on_stage.drawn = layers
            .user
            .0
            .iter()
            .filter_map(|(id, user)| {
                let layer = style(id).filter(|l| matches!(l.source, Source::File { .. }))?;
                // An opacity nobody has: the layer is built below.
                Some((id.clone(), draw(user, &layer.style, settings.theme, &ground), -1.0))
            })
            .collect();
        on_stage.user = Some(layers.user.clone());
        on_stage.theme = Some(settings.theme);
        for (entity, _) in &old {
            commands.entity(entity).despawn();
        }
        redraw.scene();
    }
    on_stage.revision = layers.revision;
    for (order, (id, drawn, shown)) in on_stage.drawn.iter_mut().enumerate() {
        let opacity = layers.opacity(id);
        if (opacity - *shown).abs() < 1e-3 {
            continue;
        }
        *shown = opacity;
        redraw.scene();
        for (entity, of) in &old {
            if of.0 == *id {
                commands.entity(entity).try_despawn();
            }
        }
        if opacity <= 0.0 {
            continue;
        }
        let order = 100.0 + order as f32;
        if !drawn.fill.corners.is_empty() {
            let material = StandardMaterial {
                base_color: Color::WHITE,
                unlit: true,
                alpha_mode: AlphaMode::Blend,
                cull_mode: None,
                fog_enabled: false,
                depth_bias: order,
                ..default()
            };
            commands.spawn((
                UserEntity(id.clone()),
                Mesh3d(meshes.add(fill_mesh(&drawn.fill, opacity))),
                MeshMaterial3d(fills.add(material)),
                NoFrustumCulling,
            ));
        }
        if !drawn.lines.is_empty() {
            let mut faded = drawn.lines.clone();
            for line in &mut faded {
                line.colors.iter_mut().for_each(|c| c.w *= opacity);
            }
            commands.spawn((
                UserEntity(id.clone()),
                Mesh3d(meshes.add(line_mesh(&faded))),
                MeshMaterial3d(lines.add(LineMaterial { look: *look, order: order + 50.0, on_top: false })),
                NoFrustumCulling,
            ));
        }
    }
}
