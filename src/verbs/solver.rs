//! Where the water is computed: on the processor or on a graphics device.

use guanlan_city::City;
use guanlan_rainstorm::{Scenario, surface::SurfaceMaker};

use crate::exit::{Failure, failed};

/// What makes the solver: nothing for the processor. `gpu` insists on a device, software ones included; `auto` takes a
/// graphics card where there is one.
#[cfg(feature = "gpu")]
pub fn surface(choice: &str) -> Result<Option<SurfaceMaker>, Failure> {
    use guanlan_surge::{Gpu, Wanted, maker};
    match choice {
        "gpu" => Gpu::open(Wanted::Any).map(|gpu| Some(maker(gpu))).map_err(failed),
        "auto" => Ok(Gpu::open(Wanted::Hardware).ok().map(maker)),
        _ => Ok(None),
    }
}

#[cfg(not(feature = "gpu"))]
pub fn surface(choice: &str) -> Result<Option<SurfaceMaker>, Failure> {
    if choice == "gpu" {
        return Err(failed("this program was built without the GPU solver: build it with the feature 'gpu'"));
    }
    Ok(None)
}

/// The same for scenarios over a city: focus areas need the processor, so `auto` takes it where there are some.
pub fn surface_for<'a>(
    choice: &str,
    city: &City,
    scenarios: impl IntoIterator<Item = &'a Scenario>,
) -> Result<Option<SurfaceMaker>, Failure> {
    let refines = choice == "auto" && scenarios.into_iter().any(|s| s.refines_in(city));
    surface(if refines { "cpu" } else { choice })
}
