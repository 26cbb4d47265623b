//! What a tile's triangles are covered with: pictures with their smaller versions, how they are repeated, and from
//! where on they are clear.

use std::sync::Arc;

use image::RgbaImage;

use crate::import::picture;

/// Longest side of a picture on the graphics card, px.
pub(super) const MAX_SIDE: u32 = 2048;

/// A picture, the full size first, then halves down to a pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct TilePicture {
    /// Width, px.
    pub width: u32,
    /// Height, px.
    pub height: u32,
    /// sRGB and opacity, row after row from the upper left, of each size.
    pub levels: Vec<Vec<u8>>,
}

impl TilePicture {
    /// A picture and its halves; one that is very large begins with a half.
    #[must_use]
    pub fn new(whole: RgbaImage) -> Self {
        let whole = picture::fit(whole, MAX_SIDE);
        let (width, height) = whole.dimensions();
        let mut levels = Vec::new();
        let mut next = Some(whole);
        while let Some(image) = next {
            next = (image.width().max(image.height()) > 1).then(|| picture::halved(&image));
            levels.push(image.into_raw());
        }
        Self { width, height, levels }
    }

    /// Decodes PNG, JPEG, WebP, KTX2 or `.basis`.
    ///
    /// # Errors
    /// Why the picture cannot be used.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        picture::decode(bytes).map(Self::new)
    }

    /// A picture of which only the size is known: for counting.
    #[must_use]
    pub(super) fn bare(width: u32, height: u32) -> Self {
        Self { width, height, levels: Vec::new() }
    }

    /// Memory, bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }
}

/// Beyond its edge a picture …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wrap {
    /// … begins again.
    #[default]
    Repeat,
    /// … is mirrored.
    Mirror,
    /// … goes on with its edge.
    Clamp,
}

/// A look that triangles share.
#[derive(Clone, Debug, PartialEq)]
pub struct TileLook {
    /// Picture; it multiplies the vertices' colours.
    pub picture: Arc<TilePicture>,
    /// Beyond its edges: to the right, downwards.
    pub wrap: [Wrap; 2],
    /// Pixels are not blended into each other.
    pub blocky: bool,
    /// What is clearer than this is not drawn; 0 draws all of it.
    pub cutoff: f32,
}

/// A run of a content's triangles with one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileRun {
    /// Index in the content's looks; `None` for colours alone.
    pub look: Option<usize>,
    /// Range of the content's indices.
    pub indices: std::ops::Range<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_down_to_a_pixel() {
        let picture = TilePicture::new(RgbaImage::from_pixel(40, 7, image::Rgba([9, 9, 9, 255])));
        let sizes: Vec<usize> = picture.levels.iter().map(|l| l.len() / 4).collect();
        assert_eq!(sizes, [280, 60, 10, 5, 2, 1]);
        assert_eq!(TilePicture::new(RgbaImage::new(5000, 10)).width, 1250);
        assert!(TilePicture::decode(b"nothing").is_err());
    }
}
