//! Which adapter a bench draws with.

use std::str::FromStr;
use std::sync::Arc;

use bevy::render::renderer::{
    RenderAdapter, RenderAdapterInfo, RenderDevice, RenderInstance, RenderQueue, WgpuWrapper,
};
use bevy::render::settings::{RenderCreation, RenderResources, WgpuSettings};

use crate::device::wgpu_settings;

/// What draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adapter {
    /// Nothing: wgpu's noop backend. What is left is the program's own work.
    Noop,
    /// The CPU (llvmpipe, WARP).
    Software,
    /// The best there is.
    #[default]
    Auto,
}

impl FromStr for Adapter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "noop" => Ok(Self::Noop),
            "software" => Ok(Self::Software),
            "auto" => Ok(Self::Auto),
            other => Err(format!("'{other}' is no adapter: expected noop, software or auto")),
        }
    }
}

impl Adapter {
    /// How Bevy gets its renderer.
    #[must_use]
    pub fn creation(self) -> RenderCreation {
        match self {
            Self::Noop => noop().map_or_else(|| wgpu_settings().into(), RenderCreation::Manual),
            Self::Software => WgpuSettings { force_fallback_adapter: true, ..wgpu_settings() }.into(),
            Self::Auto => wgpu_settings().into(),
        }
    }
}

/// A device that accepts everything and draws nothing.
///
/// wgpu always compiles its noop backend but only lists it under a Cargo feature; handing it over as
/// a ready instance needs none.
fn noop() -> Option<RenderResources> {
    // SAFETY: the noop instance has no state and no handle to any system resource.
    let instance = unsafe { wgpu::Instance::from_hal::<wgpu::hal::api::Noop>(wgpu::hal::noop::Context) };
    let adapter = bevy::tasks::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).ok()?;
    // What a desktop GPU offers and Bevy uses.
    let wanted = wgpu::Features::INDIRECT_FIRST_INSTANCE
        | wgpu::Features::IMMEDIATES
        | wgpu::Features::MULTI_DRAW_INDIRECT_COUNT
        | wgpu::Features::DEPTH_CLIP_CONTROL;
    let limits = wgpu::Limits { max_immediate_size: 128, ..wgpu::Limits::default() };
    let (device, queue) = bevy::tasks::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        label: Some("noop"),
        required_features: adapter.features() & wanted,
        required_limits: limits,
        ..Default::default()
    }))
    .ok()?;
    let info = adapter.get_info();
    Some(RenderResources(
        RenderDevice::from(device),
        RenderQueue(Arc::new(WgpuWrapper::new(queue))),
        RenderAdapterInfo(WgpuWrapper::new(info)),
        RenderAdapter(Arc::new(WgpuWrapper::new(adapter))),
        RenderInstance(Arc::new(WgpuWrapper::new(instance))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noop_device_needs_no_driver() {
        assert!(noop().is_some());
        assert_eq!("noop".parse(), Ok(Adapter::Noop));
        assert!("gpu".parse::<Adapter>().is_err());
    }
}
