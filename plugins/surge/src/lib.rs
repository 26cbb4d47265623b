//! Surface flow on a graphics device: `rainstorm`'s kernel A (local inertial with the donor limiter) as wgpu
//! compute, behind the same [`SurfaceSolver`](guanlan_rainstorm::surface::SurfaceSolver) trait.
//!
//! The device and queue may be those of the renderer ([`Gpu::shared`]): then depths never leave the device on
//! their way to the picture, see [`Surge::depth_view`]. Only single cells (inlets, pump trucks), the books and
//! what somebody asks for come back to the processor.
//!
//! A view binds it like this: in its plugin's `finish`, `Gpu::shared(render_device.wgpu_device().clone(),
//! (**render_queue.0).clone(), &adapter_info)` makes the solver's kernels on the renderer's device; the water thread owns
//! the [`Surge`] and hands its [`DepthView`] over once, through the render world's resources. The material then binds
//! [`DepthView::buffer`] as a read-only storage buffer in the vertex stage of the water's grid (or samples the texture
//! that [`Surge::copy_depths`] has filled); nothing is uploaded when the water moves.
//!
//! **Invariant:** depths are 64-bit fixed-point numbers on the device; what crosses a face is one integer that one
//! cell loses and the other gains. The ledger closes to the rounding of f64, whatever a driver does to
//! floating-point arithmetic.
//! **Invariant:** dry country costs nothing: tiles of 32 × 8 cells are dispatched only where water is near.
//! **Not here:** kernel B, drains themselves (they run on the processor and exchange with single cells), and any
//! ECS: this crate has wgpu, but it is no view, and no room plugin may depend on it.

mod edges;
mod exchange;
mod fields;
mod fixed;
mod gpu;
mod read;
mod solver;
mod surface;

use std::sync::Arc;

use guanlan_rainstorm::surface::{Domain, InertialSettings, SurfaceMaker, SurfaceSolver};

pub use gpu::{Gpu, GpuError, Wanted};
pub use read::DepthView;
pub use solver::Surge;

/// Makes solvers on a device, for `rainstorm`'s runs.
#[must_use]
pub fn maker(gpu: Arc<Gpu>) -> SurfaceMaker {
    Arc::new(move |domain: Arc<Domain>, settings: InertialSettings| {
        let solver = Surge::new(gpu.clone(), domain, settings).map_err(|error| error.to_string())?;
        Ok(Box::new(solver) as Box<dyn SurfaceSolver>)
    })
}
