//! Many small pictures on few large pages, so that a quarter of textured houses is a handful of draws.

use image::{RgbaImage, imageops};

/// Side of a page, px.
pub(crate) const PAGE: u32 = 2048;
/// Most pages of one file: with what is larger, the mean colour of a picture stands for it.
pub(crate) const MAX_PAGES: usize = 12;
/// Around each picture its edge is repeated, so that smaller versions of the page do not bleed, px.
const EDGE: u32 = 4;
/// Largest side of a picture that shares a page, px.
const MAX_SHARED: u32 = 1016;
/// Largest side of a picture with a page of its own, px.
const MAX_OWN: u32 = 2048;
/// Heights of shelves, px: pictures of about the same height stand on one.
const SHELVES: [u32; 13] = [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];

/// Where a picture went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    /// The page.
    pub page: usize,
    /// Texture coordinates become `offset + scale · uv`.
    pub offset: [f32; 2],
    pub scale: [f32; 2],
}

#[derive(Default)]
struct Page {
    image: RgbaImage,
    repeat: bool,
    /// Of one picture.
    own: bool,
    /// Shelves: top, height, used width.
    shelves: Vec<(u32, u32, u32)>,
}

/// Pages on their way.
#[derive(Default)]
pub(crate) struct Atlas {
    pages: Vec<Page>,
}

impl Atlas {
    /// Puts a picture on a page; `None` when there is no room any more. One that is repeated has a page of its own.
    pub fn put(&mut self, picture: RgbaImage, repeat: bool) -> Option<Spot> {
        let (w, h) = picture.dimensions();
        // Large ones have pages of their own as long as there are plenty.
        if repeat || (w.max(h) > MAX_SHARED && self.pages.len() < MAX_PAGES / 2) {
            let page = Page { image: super::fit(picture, MAX_OWN), repeat, own: true, shelves: Vec::new() };
            return self.add(page).map(|page| Spot { page, offset: [0.0; 2], scale: [1.0; 2] });
        }
        let picture = super::fit(picture, MAX_SHARED);
        let (w, h) = picture.dimensions();
        let (bw, bh) = (w + 2 * EDGE, h + 2 * EDGE);
        let (page, x, y) = match self.place(bw, bh) {
            Some(spot) => spot,
            None => {
                self.add(Page { image: RgbaImage::new(PAGE, PAGE), repeat, own: false, shelves: Vec::new() })?;
                self.place(bw, bh)?
            }
        };
        let image = &mut self.pages[page].image;
        for j in 0..bh {
            for i in 0..bw {
                let from = |v: u32, n: u32| v.saturating_sub(EDGE).min(n - 1);
                image.put_pixel(x + i, y + j, *picture.get_pixel(from(i, w), from(j, h)));
            }
        }
        let share = |v: u32| v as f32 / PAGE as f32;
        Some(Spot { page, offset: [share(x + EDGE), share(y + EDGE)], scale: [share(w), share(h)] })
    }

    fn add(&mut self, page: Page) -> Option<usize> {
        (self.pages.len() < MAX_PAGES).then(|| {
            self.pages.push(page);
            self.pages.len() - 1
        })
    }

    /// A free place on the last pages: on the shelf that fits best, or on a new one.
    fn place(&mut self, w: u32, h: u32) -> Option<(usize, u32, u32)> {
        let h = SHELVES.iter().copied().find(|shelf| *shelf >= h)?;
        for (n, page) in self.pages.iter_mut().enumerate().filter(|(_, p)| !p.own) {
            if let Some(shelf) = page.shelves.iter_mut().find(|s| s.1 == h && s.2 + w <= PAGE) {
                let at = (n, shelf.2, shelf.0);
                shelf.2 += w;
                return Some(at);
            }
            let top = page.shelves.last().map_or(0, |s| s.0 + s.1);
            if top + h <= PAGE && w <= PAGE {
                page.shelves.push((top, h, w));
                return Some((n, 0, top));
            }
        }
        None
    }

    /// The pages, cut to what is used of them (a power of two), and whether they are repeated; spots change with the
    /// cut by the factor that comes with each page.
    pub fn finish(self) -> Vec<(RgbaImage, bool, f32)> {
        let cut = |page: Page| {
            if page.own {
                return (page.image, page.repeat, 1.0);
            }
            let tall = page.shelves.last().map_or(1, |s| s.0 + s.1);
            let wide = page.shelves.iter().map(|s| s.2).max().unwrap_or(1);
            let side = tall.max(wide).next_power_of_two().min(PAGE);
            (imageops::crop_imm(&page.image, 0, 0, side, side).to_image(), false, PAGE as f32 / side as f32)
        };
        self.pages.into_iter().map(cut).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_do_not_overlap_and_are_found_again() {
        let mut atlas = Atlas::default();
        let color = |n: u32| image::Rgba([n as u8, (n >> 3) as u8, 77, 255]);
        let spots: Vec<Spot> = (0..90)
            .map(|n| atlas.put(RgbaImage::from_pixel(20 + n * 3, 15 + n * 2, color(n)), false).unwrap())
            .collect();
        let tile = atlas.put(RgbaImage::from_pixel(64, 64, color(200)), true).unwrap();
        assert_eq!((tile.offset, tile.scale), ([0.0; 2], [1.0; 2]));
        let pages = atlas.finish();
        assert!(pages.len() < 4 && pages[tile.page].1, "{} pages", pages.len());
        for (n, spot) in spots.iter().enumerate() {
            let (page, _, factor) = &pages[spot.page];
            for uv in [[0.01, 0.01], [0.5, 0.5], [0.99, 0.99]] {
                let at = |k: usize| (spot.offset[k] + spot.scale[k] * uv[k]) * factor * page.width() as f32;
                assert_eq!(*page.get_pixel(at(0) as u32, at(1) as u32), color(n as u32), "{n}");
            }
        }
        let mut full = Atlas::default();
        let taken = (0..100).filter(|_| full.put(RgbaImage::new(1000, 1000), false).is_some()).count();
        assert!((12..=48).contains(&taken), "{taken}");
    }
}
