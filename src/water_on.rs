//! Where the water of a window is computed: on the processor, or on the device that draws, from where its depths go
//! into the picture without a round trip.

use guanlan_stage::WaterOnDevice;

use crate::house::{House, WaterDesk};

/// Starts the water as soon as the renderer has its device, and draws that of the timeline shown.
#[cfg(feature = "gpu")]
pub fn plugin(solver: &str, house: &House) -> WaterOnDevice {
    let (timelines, desk) = (house.timelines.clone(), house.water());
    let (choice, kept) = (desk.solver(solver).to_owned(), kept::Kept::default());
    let shown = kept.clone();
    WaterOnDevice::new(
        move |device| {
            if choice == "gpu" || (choice == "auto" && !device.is_software()) {
                let gpu = guanlan_surge::Gpu::shared(device.device, device.queue, &device.info);
                tracing::info!("the water is computed on {}", gpu.name());
                timelines.compute_water_on(Box::new(move |timeline| kept.maker(gpu.clone(), timeline.clone())));
            }
            begin(&desk);
        },
        move |world| {
            let showing = world.get_resource::<guanlan_panels::Showing>()?.0.as_ref()?;
            shown.of(&showing.timeline)
        },
    )
}

/// Without the solver for devices the water starts as it is.
#[cfg(not(feature = "gpu"))]
pub fn plugin(_: &str, house: &House) -> WaterOnDevice {
    let desk = house.water();
    WaterOnDevice::new(move |_| begin(&desk), |_| None)
}

fn begin(desk: &WaterDesk) {
    if let Err(error) = desk.start() {
        tracing::error!("the water beside the room: {}", error.message);
    }
}

#[cfg(feature = "gpu")]
mod kept {
    use std::{
        collections::BTreeMap,
        sync::{Arc, Mutex, PoisonError},
    };

    use guanlan_core::TimelineId;
    use guanlan_rainstorm::surface::{Domain, InertialSettings, SurfaceMaker, SurfaceSolver};
    use guanlan_stage::flood::{GpuDepths, Place};
    use guanlan_surge::{Gpu, Surge};

    /// The water on the device, by timeline: of each the model that was made last.
    #[derive(Clone, Default)]
    pub struct Kept(Arc<Mutex<BTreeMap<TimelineId, GpuDepths>>>);

    impl Kept {
        /// Makes the solvers of a timeline and keeps where their depths lie.
        pub fn maker(&self, gpu: Arc<Gpu>, timeline: TimelineId) -> SurfaceMaker {
            let kept = self.clone();
            Arc::new(move |domain: Arc<Domain>, settings: InertialSettings| {
                let depths = |solver: &Surge| depths_of(solver, &domain);
                let solver = Surge::new(gpu.clone(), domain.clone(), settings).map_err(|error| error.to_string())?;
                kept.0.lock().unwrap_or_else(PoisonError::into_inner).insert(timeline.clone(), depths(&solver));
                Ok(Box::new(solver) as Box<dyn SurfaceSolver>)
            })
        }

        /// The water of a timeline, if it is computed on the device.
        pub fn of(&self, timeline: &TimelineId) -> Option<GpuDepths> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get(timeline).cloned()
        }
    }

    fn depths_of(solver: &Surge, domain: &Domain) -> GpuDepths {
        let (view, grid) = (solver.depth_view(), domain.grid);
        let place =
            Place { west_m: grid.west_m, south_m: grid.south_m, cell_m: grid.cell_m, cols: grid.cols, rows: grid.rows };
        // Rivers and lakes are part of the map already.
        let hidden = GpuDepths::hide(&place, domain.held().iter().map(|held| (held.col, held.row)));
        GpuDepths { buffer: view.buffer, first: view.stride + 1, stride: view.stride, place, hidden }
    }
}
