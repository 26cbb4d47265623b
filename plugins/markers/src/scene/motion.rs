//! A crew between two fixes.

use bytemuck::{Pod, Zeroable};

/// Two fixes of a crew and when it is shown at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Motion {
    /// East, north, height it comes from, m.
    pub from: [f32; 3],
    /// When it is shown there, ms of the scene's clock.
    pub from_ms: u32,
    /// Where it goes, m.
    pub to: [f32; 3],
    /// When it is shown there, ms of the scene's clock.
    pub to_ms: u32,
}

impl Motion {
    /// A crew that stands.
    #[must_use]
    pub fn still(at: [f32; 3]) -> Self {
        Self { from: at, from_ms: 0, to: at, to_ms: 0 }
    }

    /// Where it is shown, as the shader computes it.
    #[must_use]
    pub fn at(&self, now_ms: u32) -> [f32; 3] {
        let span = self.to_ms.wrapping_sub(self.from_ms);
        if span == 0 {
            return self.to;
        }
        let t = (now_ms.wrapping_sub(self.from_ms) as f32 / span as f32).clamp(0.0, 1.0);
        std::array::from_fn(|k| self.from[k] + (self.to[k] - self.from[k]) * t)
    }

    /// True while it has not arrived.
    #[must_use]
    pub fn moving(&self, now_ms: u32) -> bool {
        self.from != self.to && now_ms.wrapping_sub(self.from_ms) < self.to_ms.wrapping_sub(self.from_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_may_wrap() {
        let motion = Motion { from: [0.0; 3], from_ms: u32::MAX - 500, to: [10.0, 0.0, 0.0], to_ms: 499 };
        assert!((motion.at(0)[0] - 5.0).abs() < 0.1);
        assert!(motion.moving(0) && !motion.moving(600));
    }
}
