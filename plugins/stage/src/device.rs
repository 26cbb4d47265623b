//! What is asked of a graphics device.

use bevy::render::mesh::allocator::MeshAllocatorSettings;
use bevy::render::settings::{MemoryHints, WgpuLimits, WgpuSettings};

/// Renderer settings: any adapter, a fast one first.
#[must_use]
pub fn wgpu_settings() -> WgpuSettings {
    // Small blocks of device memory: where a CPU draws they are the program's own memory. wgpu's usual blocks of 64 and
    // 128 MB stay half empty, and those of `MemoryUsage` grow to 64 MB: what once carried a large texture to the
    // device is then kept for the few bytes that came to lie beside it.
    const MB: u64 = 1024 * 1024;
    let memory_hints = MemoryHints::Manual { suballocated_device_memory_block_size: 8 * MB..16 * MB };
    WgpuSettings { memory_hints, constrained_limits: Some(limits()), ..WgpuSettings::default() }
}

/// Gives each mesh a buffer of its own. Bevy packs many into shared ones and keeps books for 131 072 pieces of each, 4 MB
/// for every layout of vertices; here are few meshes, and large ones.
pub(crate) fn lean_meshes(app: &mut bevy::app::App) {
    if let Some(render) = app.get_sub_app_mut(bevy::render::RenderApp) {
        let mut settings = MeshAllocatorSettings::default();
        settings.slab_allocator_settings.large_threshold = 1;
        render.insert_resource(settings);
    }
}

/// As much as a device gives, but one storage texture a shader: no more is written here, and with more Bevy prepares
/// ambient occlusion and light probes that nothing uses (compute shaders that a software driver keeps in memory).
const fn limits() -> WgpuLimits {
    WgpuLimits {
        max_texture_dimension_1d: u32::MAX,
        max_texture_dimension_2d: u32::MAX,
        max_texture_dimension_3d: u32::MAX,
        max_texture_array_layers: u32::MAX,
        max_bind_groups: u32::MAX,
        max_bindings_per_bind_group: u32::MAX,
        max_dynamic_uniform_buffers_per_pipeline_layout: u32::MAX,
        max_dynamic_storage_buffers_per_pipeline_layout: u32::MAX,
        max_sampled_textures_per_shader_stage: u32::MAX,
        max_samplers_per_shader_stage: u32::MAX,
        max_storage_buffers_per_shader_stage: u32::MAX,
        max_storage_textures_per_shader_stage: 1,
        max_uniform_buffers_per_shader_stage: u32::MAX,
        max_binding_array_elements_per_shader_stage: u32::MAX,
        max_binding_array_acceleration_structure_elements_per_shader_stage: u32::MAX,
        max_binding_array_sampler_elements_per_shader_stage: u32::MAX,
        max_uniform_buffer_binding_size: u64::MAX,
        max_storage_buffer_binding_size: u64::MAX,
        max_vertex_buffers: u32::MAX,
        max_buffer_size: u64::MAX,
        max_vertex_attributes: u32::MAX,
        max_vertex_buffer_array_stride: u32::MAX,
        max_inter_stage_shader_variables: u32::MAX,
        min_uniform_buffer_offset_alignment: 0,
        min_storage_buffer_offset_alignment: 0,
        max_color_attachments: u32::MAX,
        max_color_attachment_bytes_per_sample: u32::MAX,
        max_compute_workgroup_storage_size: u32::MAX,
        max_compute_invocations_per_workgroup: u32::MAX,
        max_compute_workgroup_size_x: u32::MAX,
        max_compute_workgroup_size_y: u32::MAX,
        max_compute_workgroup_size_z: u32::MAX,
        max_compute_workgroups_per_dimension: u32::MAX,
        max_immediate_size: u32::MAX,
        max_non_sampler_bindings: u32::MAX,
        max_task_mesh_workgroup_total_count: u32::MAX,
        max_task_mesh_workgroups_per_dimension: u32::MAX,
        max_task_invocations_per_workgroup: u32::MAX,
        max_task_invocations_per_dimension: u32::MAX,
        max_mesh_invocations_per_workgroup: u32::MAX,
        max_mesh_invocations_per_dimension: u32::MAX,
        max_task_payload_size: u32::MAX,
        max_mesh_output_vertices: u32::MAX,
        max_mesh_output_primitives: u32::MAX,
        max_mesh_output_layers: u32::MAX,
        max_mesh_multiview_view_count: u32::MAX,
        max_blas_primitive_count: u32::MAX,
        max_blas_geometry_count: u32::MAX,
        max_tlas_instance_count: u32::MAX,
        max_acceleration_structures_per_shader_stage: u32::MAX,
        max_multiview_view_count: u32::MAX,
    }
}
