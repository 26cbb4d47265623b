//! Which instruction set the kernels run on. All of them give the same bits: the kernels use exactly
//! rounded operations only.

/// Which compiled form of a step to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simd {
    /// Whatever the build's baseline is.
    Baseline,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
}

impl Simd {
    /// The widest this machine has.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let has = |wide: bool| {
                if wide {
                    is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512vl")
                        && is_x86_feature_detected!("avx512dq")
                        && is_x86_feature_detected!("avx512bw")
                } else {
                    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
                }
            };
            if has(false) {
                return if has(true) { Self::Avx512 } else { Self::Avx2 };
            }
        }
        Self::Baseline
    }
}

/// Defines `$name(simd, …)`, which runs the `#[inline(always)]` function `$generic` compiled for the
/// instruction set that [`Simd::detect`] has found.
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident = $generic:ident($($arg:ident: $ty:ty),*)) => {
        $(#[$doc])*
        pub fn $name(simd: $crate::surface::simd::Simd, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $ty),*) {
                $generic($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            unsafe fn avx512($($arg: $ty),*) {
                $generic($($arg),*);
            }
            match simd {
                // SAFETY: `Simd::detect` returned this variant only after finding the features on this machine.
                #[cfg(target_arch = "x86_64")]
                $crate::surface::simd::Simd::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::surface::simd::Simd::Avx2 => unsafe { avx2($($arg),*) },
                _ => $generic($($arg),*),
            }
        }
    };
}

pub(crate) use dispatch;
