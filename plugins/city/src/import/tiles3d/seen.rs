//! Pictures that a survey has seen: the same one in many tiles is decoded once.
//!
//! Exporters cover hundreds of tiles with one atlas, as a file beside them or copied into each of them. A survey only
//! wants to know whether a picture can be read and how large it is: that is kept, its pixels are not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use sha2::{Digest, Sha256};

use super::{
    look::{MAX_SIDE, TilePicture},
    source::TileSource,
};
use crate::import::picture;

/// What is known of a picture: its size, or why it cannot be used.
type Known = Result<Arc<TilePicture>, String>;

/// A source that remembers the pictures it has decoded, by their bytes.
pub(super) struct Seen<'a> {
    source: &'a dyn TileSource,
    known: Mutex<BTreeMap<[u8; 32], Known>>,
    /// Memory that all different pictures would take with their smaller versions, bytes.
    pub picture_bytes: AtomicUsize,
}

impl<'a> Seen<'a> {
    pub fn new(source: &'a dyn TileSource) -> Self {
        Self { source, known: Mutex::default(), picture_bytes: AtomicUsize::new(0) }
    }

    /// Decodes a picture that is new; its pixels are dropped.
    fn look(&self, bytes: &[u8]) -> Known {
        let (mut width, mut height) = picture::decode(bytes)?.dimensions();
        while width.max(height) > MAX_SIDE {
            (width, height) = ((width / 2).max(1), (height / 2).max(1));
        }
        // Each smaller version is a quarter of the one before: a third more in all.
        let pixels = width as usize * height as usize;
        self.picture_bytes.fetch_add(pixels * 4 / 3 * 4, Ordering::Relaxed);
        Ok(Arc::new(TilePicture::bare(width, height)))
    }
}

impl TileSource for Seen<'_> {
    fn get(&self, uri: &str, limit: u64) -> Result<Vec<u8>, String> {
        self.source.get(uri, limit)
    }

    fn picture(&self, bytes: &[u8]) -> Known {
        let key: [u8; 32] = Sha256::digest(bytes).into();
        // Whoever died while it held the book left it whole: every entry is made at once.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(key).or_insert_with(|| self.look(bytes)).clone()
    }

    fn retry_s(&self) -> Option<f32> {
        self.source.retry_s()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl TileSource for Nowhere {
        fn get(&self, _: &str, _: u64) -> Result<Vec<u8>, String> {
            Err("is not there".into())
        }
    }

    fn png(side: u32) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let image = image::RgbaImage::from_pixel(side, 2 * side, image::Rgba([1, 2, 3, 255]));
        image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_decoded_once_and_as_large_as_a_tile_would_have_it() {
        let seen = Seen::new(&Nowhere);
        let (small, large) = (png(30), png(1500));
        let first = seen.picture(&small).unwrap();
        assert!(Arc::ptr_eq(&first, &seen.picture(&small).unwrap()), "known by its bytes");
        for bytes in [&small, &large] {
            let (told, whole) = (seen.picture(bytes).unwrap(), Nowhere.picture(bytes).unwrap());
            assert_eq!((told.width, told.height), (whole.width, whole.height));
            assert!(told.levels.is_empty(), "no pixels are kept");
        }
        let all: usize = [&small, &large].iter().map(|b| Nowhere.picture(b).unwrap().bytes()).sum();
        let counted = seen.picture_bytes.load(Ordering::Relaxed);
        assert!(counted.abs_diff(all) * 100 < all, "{counted} of {all}");
        let why = seen.picture(b"nothing").unwrap_err();
        assert_eq!(Some(why), Nowhere.picture(b"nothing").err(), "the same words");
        assert!(seen.get("a", 1).is_err() && seen.retry_s().is_none());
    }
}
