//! Pipelines of the live layers, made when a layer is first drawn.

use std::collections::BTreeMap;

use bevy::asset::{Handle, uuid_handle};
use bevy::prelude::*;
use bevy::render::render_resource::binding_types::{
    sampler, storage_buffer_read_only_sized, texture_2d, uniform_buffer,
};
use bevy::render::render_resource::{
    BindGroupLayoutDescriptor, BindGroupLayoutEntries, BlendState, CachedRenderPipelineId, ColorTargetState,
    ColorWrites, CompareFunction, DepthStencilState, FragmentState, MultisampleState, PipelineCache, PrimitiveState,
    RenderPipelineDescriptor, SamplerBindingType, ShaderStages, TextureFormat, TextureSampleType, VertexState,
};
use bevy::render::view::ViewUniform;
use bevy::shader::Shader;

use super::wall::Wall;

const COMMON: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0020");
const SENSORS: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0021");
const UNITS: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0022");
const CASES: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0023");
const RINGS: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0024");
const HEAT: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0025");
/// Discs as bits.
pub(super) const SPLAT: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0026");

/// Rows of a list into their places.
pub(super) const SCATTER: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c0027");

/// The shaders.
pub struct Shaders;

impl Shaders {
    /// Handle, source and name of each.
    #[must_use]
    pub fn sources() -> [(Handle<Shader>, &'static str, &'static str); 8] {
        [
            (COMMON, include_str!("../shaders/common.wgsl"), "guanlan/marks.wgsl"),
            (SENSORS, include_str!("../shaders/sensors.wgsl"), "guanlan/sensors.wgsl"),
            (UNITS, include_str!("../shaders/units.wgsl"), "guanlan/units.wgsl"),
            (CASES, include_str!("../shaders/cases.wgsl"), "guanlan/cases.wgsl"),
            (RINGS, include_str!("../shaders/rings.wgsl"), "guanlan/rings.wgsl"),
            (HEAT, include_str!("../shaders/heat.wgsl"), "guanlan/heat.wgsl"),
            (SCATTER, include_str!("../shaders/scatter.wgsl"), "guanlan/scatter.wgsl"),
            (SPLAT, include_str!("../shaders/splat.wgsl"), "guanlan/splat.wgsl"),
        ]
    }
}

/// What is drawn by a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Quiet sensors, or all of them as discs.
    Dots {
        /// All as discs.
        discs: bool,
    },
    /// All sensors as discs that were set and spread as bits, see [`super::splat`].
    Splat,
    /// Warning sensors.
    Marks,
    /// Crews as wedges.
    Units,
    /// Crews as discs.
    UnitDiscs,
    /// Stems of pins.
    Stems,
    /// Heads of pins.
    Pins,
    /// Share rings.
    Rings,
    /// The heat map.
    Heat,
}

/// A pipeline's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it draws.
    pub kind: Kind,
    /// Rows come from a list.
    pub listed: bool,
    /// Whole pixels without blending: discs where a CPU draws.
    pub crisp: bool,
    /// Samples of a pixel.
    pub samples: u32,
    /// The picture is linear floating point instead of bytes.
    pub hdr: bool,
}

/// Layouts and pipelines made so far.
pub struct Pipelines {
    /// View and wall.
    pub shared: BindGroupLayoutDescriptor,
    /// Columns of a layer.
    pub columns: BindGroupLayoutDescriptor,
    /// Rings with the picture of signs.
    pub rings: BindGroupLayoutDescriptor,
    made: BTreeMap<Key, CachedRenderPipelineId>,
}

impl Default for Pipelines {
    fn default() -> Self {
        let both = ShaderStages::VERTEX_FRAGMENT;
        let column = || storage_buffer_read_only_sized(false, None);
        Self {
            shared: BindGroupLayoutDescriptor::new(
                "marks_shared",
                &BindGroupLayoutEntries::sequential(
                    both | ShaderStages::COMPUTE,
                    (uniform_buffer::<ViewUniform>(true), uniform_buffer::<Wall>(false)),
                ),
            ),
            columns: BindGroupLayoutDescriptor::new(
                "marks_columns",
                &BindGroupLayoutEntries::sequential(
                    ShaderStages::VERTEX | ShaderStages::COMPUTE,
                    (column(), column(), column(), column()),
                ),
            ),
            rings: BindGroupLayoutDescriptor::new(
                "marks_rings",
                &BindGroupLayoutEntries::with_indices(
                    both,
                    (
                        (0, column()),
                        (4, texture_2d(TextureSampleType::Float { filterable: true })),
                        (5, sampler(SamplerBindingType::Filtering)),
                    ),
                ),
            ),
            made: BTreeMap::new(),
        }
    }
}

impl Pipelines {
    /// The pipeline of a key.
    pub fn get(&mut self, key: Key, cache: &PipelineCache) -> CachedRenderPipelineId {
        if let Some(id) = self.made.get(&key) {
            return *id;
        }
        let id = cache.queue_render_pipeline(self.describe(key));
        self.made.insert(key, id);
        id
    }

    fn describe(&self, key: Key) -> RenderPipelineDescriptor {
        let (shader, vertex, fragment) = match key.kind {
            Kind::Dots { .. } => (SENSORS, "dot_vertex", "dot_fragment"),
            Kind::Splat => (SPLAT, "everywhere", "shown"),
            Kind::Marks => (SENSORS, "mark_vertex", "mark_fragment"),
            Kind::Units => (UNITS, "unit_vertex", "unit_fragment"),
            Kind::UnitDiscs => (UNITS, "disc_vertex", "disc_fragment"),
            Kind::Stems => (CASES, "stem_vertex", "stem_fragment"),
            Kind::Pins => (CASES, "pin_vertex", "pin_fragment"),
            Kind::Rings => (RINGS, "vertex", "fragment"),
            Kind::Heat => (HEAT, "vertex", "fragment"),
        };
        let mut defs = Vec::new();
        if key.listed {
            defs.push("LISTED".into());
        }
        if key.kind == (Kind::Dots { discs: true }) {
            defs.push("DISCS".into());
        }
        if key.crisp {
            defs.push("CRISP".into());
        }
        let heat = key.kind == Kind::Heat;
        let columns = if key.kind == Kind::Rings { self.rings.clone() } else { self.columns.clone() };
        let mut layout = vec![self.shared.clone(), columns];
        if key.kind == Kind::Splat {
            layout.push(super::splat::shown_layout());
        }
        RenderPipelineDescriptor {
            label: Some("marks".into()),
            layout,
            vertex: VertexState {
                shader: shader.clone(),
                shader_defs: defs.clone(),
                entry_point: Some(vertex.into()),
                buffers: Vec::new(),
            },
            primitive: PrimitiveState { cull_mode: None, ..default() },
            depth_stencil: Some(DepthStencilState {
                format: TextureFormat::Depth32Float,
                depth_write_enabled: Some(!heat),
                // The heat map is seen through the town.
                depth_compare: Some(if heat { CompareFunction::Always } else { CompareFunction::GreaterEqual }),
                stencil: default(),
                bias: default(),
            }),
            multisample: MultisampleState { count: key.samples, ..default() },
            fragment: Some(FragmentState {
                shader,
                shader_defs: defs,
                entry_point: Some(fragment.into()),
                targets: vec![Some(ColorTargetState {
                    format: if key.hdr { TextureFormat::Rgba16Float } else { TextureFormat::Rgba8UnormSrgb },
                    blend: (!key.crisp).then_some(BlendState::ALPHA_BLENDING),
                    write_mask: ColorWrites::ALL,
                })],
            }),
            ..default()
        }
    }
}
