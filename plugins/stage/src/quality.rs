//! How much the picture may cost.

use bevy::prelude::Resource;
use bevy::render::renderer::RenderAdapterInfo;

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// Low on a software adapter, high on a GPU.
    #[default]
    Auto,
    /// One light, no smoothing of edges; the 3D of a window has half the resolution.
    Low,
    /// 4× MSAA at full resolution.
    High,
}

/// What was chosen for the adapter at hand.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct ResolvedQuality {
    /// 4× multisampling.
    pub msaa: bool,
    /// Crowns of trees, puddles and flow lines on the ground.
    pub fine_ground: bool,
    /// Share of the window's resolution at which the 3D of a window is drawn.
    pub window_scale: f32,
    /// True when a CPU draws.
    pub software: bool,
    /// Frames per second of rain and running water while nothing else moves.
    pub ambient_hz: f32,
    /// Frames per second of breathing and gliding marks at most.
    pub marks_hz: f32,
}

impl Quality {
    /// The settings for an adapter; `software` when its type is CPU.
    #[must_use]
    pub fn resolve(self, software: bool) -> ResolvedQuality {
        let low = match self {
            Self::Auto => software,
            Self::Low => true,
            Self::High => false,
        };
        ResolvedQuality {
            msaa: !low,
            fine_ground: !low,
            window_scale: if low && software { 0.5 } else { 1.0 },
            software,
            // A CPU that draws leaves the machine to the room: its rain falls in still pictures, a calm one each.
            ambient_hz: match (low, software) {
                (_, true) => 0.5,
                (true, false) => 10.0,
                (false, false) => 24.0,
            },
            marks_hz: if software { 2.0 } else { 30.0 },
        }
    }
}

/// True when the adapter draws on the CPU.
#[must_use]
pub fn is_software(info: &RenderAdapterInfo) -> bool {
    format!("{:?}", info.device_type) == "Cpu"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_software_adapter_gets_the_cheap_preset_by_itself() {
        assert!(!Quality::Auto.resolve(true).msaa);
        assert!(Quality::Auto.resolve(true).window_scale < 1.0);
        assert!(Quality::Auto.resolve(false).msaa);
        assert!(Quality::High.resolve(true).msaa, "a person may insist");
        assert!(!Quality::Low.resolve(false).msaa);
        assert!(Quality::High.resolve(true).ambient_hz <= 1.0, "no preset makes an idle CPU work");
        assert!(Quality::Low.resolve(false).ambient_hz < Quality::High.resolve(false).ambient_hz);
    }
}
