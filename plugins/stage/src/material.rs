//! What all our cheap materials have in common, written once.

/// Implements [`Material`](bevy::pbr::Material) for a type whose vertex and fragment stage are one shader: the mesh
/// attributes become the shader's locations in order, both sides of a face are drawn, and there is neither a depth
/// prepass nor a shadow map. Methods of `Material` may follow in braces; a closure
/// `|descriptor, key| …` changes the pipeline further.
#[macro_export]
macro_rules! plain_material {
    ($material:ty, $shader:expr, [$($attribute:expr),+ $(,)?] $(, { $($method:item)* })? $(,)?) => {
        $crate::plain_material!($material, $shader, [$($attribute),+], { $($($method)*)? }, |_descriptor, _key| ());
    };
    ($material:ty, $shader:expr, [$($attribute:expr),+ $(,)?], { $($method:item)* },
     |$descriptor:ident, $key:ident| $change:expr $(,)?) => {
        impl ::bevy::pbr::Material for $material {
            fn vertex_shader() -> ::bevy::shader::ShaderRef {
                $shader.into()
            }
            fn fragment_shader() -> ::bevy::shader::ShaderRef {
                $shader.into()
            }
            fn enable_prepass() -> bool {
                false
            }
            fn enable_shadows() -> bool {
                false
            }
            fn specialize(
                _: &::bevy::pbr::MaterialPipeline,
                descriptor: &mut ::bevy::render::render_resource::RenderPipelineDescriptor,
                layout: &::bevy::mesh::MeshVertexBufferLayoutRef,
                key: ::bevy::pbr::MaterialPipelineKey<Self>,
            ) -> Result<(), ::bevy::render::render_resource::SpecializedMeshPipelineError> {
                let mut location = 0;
                let attributes = [$($attribute),+].map(|a| {
                    location += 1;
                    a.at_shader_location(location - 1)
                });
                descriptor.vertex.buffers = vec![layout.0.get_layout(&attributes)?];
                descriptor.primitive.cull_mode = None;
                let ($descriptor, $key) = (descriptor, key);
                $change;
                Ok(())
            }
            $($method)*
        }
    };
}

/// Draws a layer over everything, whatever stands before it. For the closure of [`plain_material!`].
pub fn always_seen(descriptor: &mut bevy::render::render_resource::RenderPipelineDescriptor) {
    if let Some(depth) = &mut descriptor.depth_stencil {
        depth.depth_compare = Some(bevy::render::render_resource::CompareFunction::Always);
    }
}
