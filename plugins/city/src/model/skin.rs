//! Skins: the colours and pictures that a source has for the surfaces of its objects.
//!
//! The bodies themselves stay as they are; a skin repeats those triangles that the source paints, so that whoever
//! draws can lay it over them, fade it, or leave it out.

use serde::{Deserialize, Serialize};

/// No object: the triangle belongs to none that is listed.
pub const NO_OWNER: u32 = u32::MAX;

/// A picture: a page of an atlas, or one that is repeated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// Texture coordinates beyond 0 … 1 repeat it.
    pub repeat: bool,
    /// PNG (with transparency) or JPEG.
    #[serde(with = "crate::flat")]
    pub bytes: Vec<u8>,
}

/// Painted triangles.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Skin {
    /// Index in [`City::pictures`](super::City::pictures); `None` for colours alone.
    pub picture: Option<u32>,
    /// Corners, three by three: local m and height above datum, counter-clockwise as in the source.
    #[serde(with = "crate::flat")]
    pub corners: Vec<[f32; 3]>,
    /// Place of each corner in the picture: 0, 0 is its upper left. Empty without a picture.
    #[serde(with = "crate::flat")]
    pub uvs: Vec<[f32; 2]>,
    /// sRGB and opacity of each triangle; it multiplies the picture.
    #[serde(with = "crate::flat")]
    pub colors: Vec<[u8; 4]>,
    /// Building of each triangle, an index in [`City::buildings`](super::City::buildings), or [`NO_OWNER`].
    #[serde(with = "crate::flat")]
    pub owners: Vec<u32>,
}

impl Skin {
    /// Triangles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.corners.len() / 3
    }

    /// True without triangles.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.corners.is_empty()
    }
}
