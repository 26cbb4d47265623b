//! The pass: the heat map on the ground, then marks and rings over everything.

use bevy::ecs::query::QueryItem;
use bevy::prelude::*;
use bevy::render::camera::ExtractedCamera;
use bevy::render::diagnostic::RecordDiagnostics;
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, Buffer, BufferId, CachedRenderPipelineId, Extent3d, LoadOp, Operations, PipelineCache,
    RenderPassDepthStencilAttachment, RenderPassDescriptor, StoreOp, TextureDescriptor, TextureDimension,
    TextureFormat, TextureUsages, TextureView, TextureViewDescriptor,
};
use bevy::render::renderer::{RenderContext, RenderDevice, ViewQuery};
use bevy::render::view::{ViewDepthTexture, ViewTarget, ViewUniformOffset, ViewUniforms};
use guanlan_stage::bench::FrameMeter;

use super::MarkerView;
use super::pipelines::{Key, Kind};
use super::splat::{self, Splat};
use super::sync::{LayerGpu, MarkerGpu};

/// Which columns a draw reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Sensors,
    SensorsLoud,
    SensorsQuiet,
    Cases,
    CasesLoud,
    Units,
    UnitsLoud,
    Rings,
    Heat,
}

const SOURCES: usize = 9;

struct Call {
    pipeline: CachedRenderPipelineId,
    source: Source,
    vertices: u32,
    /// It shows what [`Splat`] has spread.
    splat: bool,
}

/// What the pass needs, made before it.
#[derive(Default)]
pub struct Prepared {
    shared: Option<(BindGroup, BufferId, BufferId)>,
    groups: [Option<BindGroup>; SOURCES],
    ground: Vec<Call>,
    marks: Vec<Call>,
    /// Discs as bits.
    splat: Splat,
    /// A depth buffer for each size of view.
    depths: Vec<(Extent3d, u32, TextureView)>,
}

/// Chooses pipelines, makes bind groups that are stale and the depth buffer of the marks.
pub fn prepare(
    mut gpu: ResMut<MarkerGpu>,
    device: Res<RenderDevice>,
    cache: Res<PipelineCache>,
    uniforms: Res<ViewUniforms>,
    views: Query<(&ViewTarget, &Msaa), With<MarkerView>>,
) {
    // Views that are drawn together are of one kind; only their sizes differ.
    let Some((target, msaa)) = views.iter().next() else { return };
    let gpu = &mut *gpu;
    gpu.prepared.ground.clear();
    gpu.prepared.marks.clear();
    let (Some(view), Some(wall)) = (uniforms.uniforms.buffer(), gpu.wall.buffer()) else { return };
    let ids = (view.id(), wall.id());
    if gpu.prepared.shared.as_ref().is_none_or(|s| (s.1, s.2) != ids)
        && let (Some(view), Some(wall)) = (uniforms.uniforms.binding(), gpu.wall.binding())
    {
        let layout = cache.get_bind_group_layout(&gpu.pipelines.shared);
        let group = device.create_bind_group("marks_shared", &layout, &BindGroupEntries::sequential((view, wall)));
        gpu.prepared.shared = Some((group, ids.0, ids.1));
    }
    bind(gpu, &device, &cache);
    let (samples, hdr) = (msaa.samples(), target.main_texture_format() == TextureFormat::Rgba16Float);
    // Where a CPU draws, what plain discs cost is their number and not their pixels.
    let rows = gpu.sensors.places.rows;
    let plain = gpu.crisp && gpu.discs[0] && !gpu.sensors.rings_on && samples == 1;
    let splats = plain && (1..=splat::MOST).contains(&rows) && {
        let largest = views
            .iter()
            .map(|v| v.0.main_texture().size())
            .fold(UVec2::ZERO, |m, s| m.max(UVec2::new(s.width, s.height)));
        gpu.prepared.splat.prepare(rows, largest, &gpu.pipelines, &device, &cache)
    };
    let mut call = |kind, listed, source, triangles: usize, ground: bool| {
        if triangles == 0 {
            return;
        }
        let crisp = kind == Kind::Splat || (gpu.crisp && kind == Kind::Dots { discs: true });
        let pipeline = gpu.pipelines.get(Key { kind, listed, crisp, samples, hdr }, &cache);
        let call = Call { pipeline, source, vertices: 3 * triangles as u32, splat: kind == Kind::Splat };
        if ground { gpu.prepared.ground.push(call) } else { gpu.prepared.marks.push(call) }
    };
    let show = gpu.strength;
    if show.heat > 0.0 && gpu.heat_cells > 0 {
        call(Kind::Heat, false, Source::Heat, 2 * gpu.heat_cells, true);
    }
    if show.sensors > 0.0 {
        let (layer, discs) = (&gpu.sensors, gpu.discs[0]);
        if layer.rings_on {
            call(Kind::Dots { discs }, true, Source::SensorsQuiet, layer.quiet.rows, false);
            call(Kind::Marks, true, Source::SensorsLoud, layer.loud.rows, false);
        } else if splats {
            call(Kind::Splat, false, Source::Sensors, 1, false);
        } else {
            call(Kind::Dots { discs }, false, Source::Sensors, layer.places.rows, false);
            if !discs {
                call(Kind::Marks, true, Source::SensorsLoud, layer.loud.rows, false);
            }
        }
    }
    let rings = show.sensors > 0.0 || show.cases > 0.0 || show.units > 0.0;
    if rings {
        call(Kind::Rings, false, Source::Rings, gpu.rings.rows, false);
    }
    if show.units > 0.0 {
        let layer = &gpu.units;
        let kind = if gpu.discs[1] { Kind::UnitDiscs } else { Kind::Units };
        let (source, rows) =
            if layer.rings_on { (Source::UnitsLoud, layer.loud.rows) } else { (Source::Units, layer.places.rows) };
        call(kind, layer.rings_on, source, rows, false);
    }
    if show.cases > 0.0 {
        let layer = &gpu.cases;
        let (source, rows) =
            if layer.rings_on { (Source::CasesLoud, layer.loud.rows) } else { (Source::Cases, layer.places.rows) };
        call(Kind::Stems, layer.rings_on, source, rows, false);
        call(Kind::Pins, layer.rings_on, source, rows, false);
    }
    depth(&mut gpu.prepared, &device, &views);
}

fn bind(gpu: &mut MarkerGpu, device: &RenderDevice, cache: &PipelineCache) {
    let columns = cache.get_bind_group_layout(&gpu.pipelines.columns);
    let groups = &mut gpu.prepared.groups;
    let mut layer = |layer: &mut LayerGpu, all: Source, loud: Source, quiet: Option<Source>| {
        if !std::mem::take(&mut layer.moved) {
            return;
        }
        let group = |ids: &Buffer| {
            let entries = BindGroupEntries::sequential((
                layer.places.buffer.as_entire_binding(),
                layer.states.buffer.as_entire_binding(),
                layer.extra.buffer.as_entire_binding(),
                ids.as_entire_binding(),
            ));
            Some(device.create_bind_group("marks_columns", &columns, &entries))
        };
        groups[all as usize] = group(&layer.loud.buffer);
        groups[loud as usize] = group(&layer.loud.buffer);
        if let Some(quiet) = quiet {
            groups[quiet as usize] = group(&layer.quiet.buffer);
        }
    };
    layer(&mut gpu.sensors, Source::Sensors, Source::SensorsLoud, Some(Source::SensorsQuiet));
    layer(&mut gpu.cases, Source::Cases, Source::CasesLoud, None);
    layer(&mut gpu.units, Source::Units, Source::UnitsLoud, None);
    if std::mem::take(&mut gpu.moved) {
        let layout = cache.get_bind_group_layout(&gpu.pipelines.rings);
        let entries = BindGroupEntries::with_indices((
            (0, gpu.rings.buffer.as_entire_binding()),
            (4, &gpu.signs),
            (5, &gpu.smooth),
        ));
        groups[Source::Rings as usize] = Some(device.create_bind_group("marks_rings", &layout, &entries));
        let heat = gpu.heat.buffer.as_entire_binding();
        let free = || gpu.rings.buffer.as_entire_binding();
        let entries = BindGroupEntries::sequential((heat, free(), free(), free()));
        groups[Source::Heat as usize] = Some(device.create_bind_group("marks_heat", &columns, &entries));
    }
}

fn depth(prepared: &mut Prepared, device: &RenderDevice, views: &Query<(&ViewTarget, &Msaa), With<MarkerView>>) {
    let wanted = || views.iter().map(|(target, msaa)| (target.main_texture().size(), msaa.samples()));
    prepared.depths.retain(|d| wanted().any(|w| w == (d.0, d.1)));
    for (size, samples) in wanted() {
        if !prepared.depths.iter().any(|d| (d.0, d.1) == (size, samples)) {
            prepared.depths.push((size, samples, depth_of(device, size, samples)));
        }
    }
}

fn depth_of(device: &RenderDevice, size: Extent3d, samples: u32) -> TextureView {
    let texture = device.create_texture(&TextureDescriptor {
        label: Some("marks_depth"),
        size,
        mip_level_count: 1,
        sample_count: samples,
        dimension: TextureDimension::D2,
        format: TextureFormat::Depth32Float,
        usage: TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    texture.create_view(&TextureViewDescriptor::default())
}

type View = (
    &'static ExtractedCamera,
    &'static ViewTarget,
    &'static ViewDepthTexture,
    &'static ViewUniformOffset,
    &'static MarkerView,
    &'static Msaa,
);

/// Draws the layers of a view.
pub fn draw(
    view: ViewQuery<View, With<MarkerView>>,
    gpu: Res<MarkerGpu>,
    cache: Res<PipelineCache>,
    meter: Option<Res<FrameMeter>>,
    mut ctx: RenderContext,
) {
    let view = view.into_inner();
    let Some((shared, ..)) = &gpu.prepared.shared else { return };
    let (size, samples) = (view.1.main_texture().size(), view.5.samples());
    let own = gpu.prepared.depths.iter().find(|d| (d.0, d.1) == (size, samples));
    let Some((_, _, depth)) = own else { return };
    let mut drawn = 0;
    if !gpu.prepared.ground.is_empty() {
        let scene = view.2.get_attachment(StoreOp::Store);
        drawn += calls("heat", &gpu, &gpu.prepared.ground, shared, scene, &view, &cache, &mut ctx);
    }
    if gpu.prepared.marks.iter().any(|c| c.splat)
        && let Some(columns) = &gpu.prepared.groups[Source::Sensors as usize]
    {
        let seen = view.0.physical_viewport_size.unwrap_or(UVec2::new(size.width, size.height));
        gpu.prepared.splat.draw(ctx.command_encoder(), (shared, view.3.offset), columns, seen, &cache);
    }
    if !gpu.prepared.marks.is_empty() {
        let own = RenderPassDepthStencilAttachment {
            view: depth,
            depth_ops: Some(Operations { load: LoadOp::Clear(0.0), store: StoreOp::Discard }),
            stencil_ops: None,
        };
        drawn += calls("marks", &gpu, &gpu.prepared.marks, shared, own, &view, &cache, &mut ctx);
    }
    if let Some(meter) = meter {
        meter.drew(drawn);
    }
}

#[expect(clippy::too_many_arguments, reason = "everything a pass is made of")]
fn calls(
    label: &'static str,
    gpu: &MarkerGpu,
    calls: &[Call],
    shared: &BindGroup,
    depth: RenderPassDepthStencilAttachment<'_>,
    view: &QueryItem<'_, '_, View>,
    cache: &PipelineCache,
    ctx: &mut RenderContext,
) -> u64 {
    let diagnostics = ctx.diagnostic_recorder();
    let diagnostics = diagnostics.as_deref();
    let mut pass = ctx.begin_tracked_render_pass(RenderPassDescriptor {
        label: Some(label),
        color_attachments: &[Some(view.1.get_color_attachment())],
        depth_stencil_attachment: Some(depth),
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    });
    let span = diagnostics.pass_span(&mut pass, label);
    if let Some(viewport) = &view.0.viewport {
        pass.set_camera_viewport(viewport);
    }
    if let Some(until) = view.4.until {
        let size = view.1.main_texture().size();
        let wide = ((size.width as f32 * until) as u32).clamp(1, size.width);
        pass.set_scissor_rect(0, 0, wide, size.height);
    }
    let mut drawn = 0;
    for call in calls {
        let (Some(pipeline), Some(group)) =
            (cache.get_render_pipeline(call.pipeline), &gpu.prepared.groups[call.source as usize])
        else {
            continue;
        };
        pass.set_render_pipeline(pipeline);
        pass.set_bind_group(0, shared, &[view.3.offset]);
        pass.set_bind_group(1, group, &[]);
        if call.splat {
            let Some(shown) = gpu.prepared.splat.shown() else { continue };
            pass.set_bind_group(2, shown, &[]);
        }
        pass.draw(0..call.vertices, 0..1);
        drawn += 1;
    }
    span.end(&mut pass);
    drawn
}
