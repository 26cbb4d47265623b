//! Painted surfaces on their way: collected by picture, then cut from the pages of an atlas.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
};

use super::{
    body::Face,
    geometry::Geometry,
    paint::{Look, Texture},
};
use crate::{
    import::{
        Report, Severity,
        picture::{self, atlas::Atlas},
        triangulate::Triangulator,
    },
    model::{Picture, Skin, skin::NO_OWNER},
};

/// Largest picture file that is opened, bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Pixels of all pictures of a file that are decoded; what comes after keeps its material.
const MAX_PIXELS: u64 = 1 << 30;

/// Painted triangles by picture; colours alone under `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Skins {
    by_picture: BTreeMap<Option<Texture>, Skin>,
}

impl Skins {
    /// Adds what is painted of a geometry. `owner` is the building's index among those of the same lot.
    pub fn add(
        &mut self,
        geometry: &Geometry,
        faces: &[Face],
        look: &Look<'_>,
        owner: Option<usize>,
        triangulator: &mut Triangulator,
    ) {
        for face in faces {
            let Some(surface) = geometry.surfaces.get(face.surface) else { continue };
            let color = look.color(surface.place);
            let picture = look.picture(surface.place).and_then(|(texture, uvs)| {
                // One coordinate for each corner that was kept, ring after ring.
                let at = |(ring, kept): (usize, &Vec<u32>)| -> Option<Vec<[f32; 2]>> {
                    kept.iter().map(|&k| uvs.get(ring)?.get(k as usize).copied()).collect()
                };
                let all: Option<Vec<Vec<[f32; 2]>>> = face.rings_of.iter().copied().zip(&face.kept).map(at).collect();
                let all: Vec<[f32; 2]> = all?.concat();
                all.iter().flatten().all(|v| v.is_finite() && v.abs() < 1e4).then_some((texture, all))
            });
            if color.is_none() && picture.is_none() {
                continue;
            }
            let corners: Vec<[f32; 3]> = face.rings.iter().flatten().map(|p| p.map(|v| v as f32)).collect();
            let repeats = |uv: &[f32; 2]| uv.iter().any(|v| !(-0.01..=1.01).contains(v));
            let key = picture.as_ref().map(|(texture, uvs)| Texture {
                image: texture.image.clone(),
                repeat: texture.repeat && uvs.iter().any(repeats),
            });
            let skin = self.by_picture.entry(key).or_default();
            for t in triangulator.numbers(&face.rings) {
                skin.corners.extend(t.map(|i| corners[i as usize]));
                if let Some((_, uvs)) = &picture {
                    // Pictures begin at their upper left, texture coordinates of CityJSON at the lower left.
                    skin.uvs.extend(t.map(|i| uvs[i as usize]).map(|[u, v]| [u, 1.0 - v]));
                }
                skin.colors.push(color.unwrap_or([255, 255, 255, 255]));
                skin.owners.push(owner.map_or(NO_OWNER, |n| n as u32));
            }
        }
    }

    /// Adds those of another lot, whose buildings begin at `first`.
    pub fn append(&mut self, more: Self, first: usize) {
        for (key, skin) in more.by_picture {
            let into = self.by_picture.entry(key).or_default();
            into.corners.extend(skin.corners);
            into.uvs.extend(skin.uvs);
            into.colors.extend(skin.colors);
            into.owners.extend(skin.owners.iter().map(|&o| if o == NO_OWNER { o } else { o + first as u32 }));
        }
    }

    /// Opens the pictures beside the file and puts them on pages.
    pub fn finish(self, path: &Path, report: &mut Report) -> (Vec<Skin>, Vec<Picture>) {
        let mut atlas = Atlas::default();
        let mut plain = Skin::default();
        let mut by_page: BTreeMap<usize, Skin> = BTreeMap::new();
        let mut pixels = 0;
        for (key, mut skin) in self.by_picture {
            let Some(texture) = key else {
                join(&mut plain, skin);
                continue;
            };
            let place = format!("appearance texture {:?}", texture.image);
            let image = if pixels > MAX_PIXELS {
                Err(format!("the pictures have more than {} megapixels together", MAX_PIXELS >> 20))
            } else {
                open(path, &texture.image).and_then(|bytes| picture::decode(&bytes))
            };
            let image = match image {
                Ok(image) => image,
                Err(why) => {
                    report.note(Severity::Skipped, format!("{place}: {why}"), NO_PICTURE);
                    // What the material says stays.
                    skin.uvs.clear();
                    colored(&mut skin);
                    join(&mut plain, skin);
                    continue;
                }
            };
            pixels += u64::from(image.width()) * u64::from(image.height());
            let mean = picture::mean(&image);
            match atlas.put(image, texture.repeat) {
                Some(spot) => {
                    // A picture that ends at its edge is not seen beyond it.
                    let inside = |v: f32| if texture.repeat { v } else { v.clamp(0.0, 1.0) };
                    for uv in &mut skin.uvs {
                        *uv = std::array::from_fn(|k| spot.offset[k] + spot.scale[k] * inside(uv[k]));
                    }
                    report.count("pictures", 1);
                    join(by_page.entry(spot.page).or_default(), skin);
                }
                None => {
                    let what =
                        "the pictures do not fit on the pages that a city may have; their mean colours are shown";
                    report.note(Severity::Guessed, place, what);
                    if let Some([r, g, b]) = mean {
                        skin.uvs.clear();
                        skin.colors.fill([r, g, b, 255]);
                        join(&mut plain, skin);
                    }
                }
            }
        }
        let (mut skins, mut pictures) = (Vec::new(), Vec::new());
        for (n, (page, repeat, factor)) in atlas.finish().into_iter().enumerate() {
            let Some(mut skin) = by_page.remove(&n) else { continue };
            if let Some(bytes) = picture::pack(&page) {
                skin.uvs.iter_mut().for_each(|uv| *uv = uv.map(|v| v * factor));
                skin.picture = Some(pictures.len() as u32);
                pictures.push(Picture { width: page.width(), height: page.height(), repeat, bytes });
                skins.push(skin);
            }
        }
        if !plain.is_empty() {
            skins.push(plain);
        }
        let painted: usize = skins.iter().map(Skin::len).sum();
        if painted > 0 {
            report.count("painted_triangles", painted);
        }
        (skins, pictures)
    }
}

/// What is said of a picture that is not there.
const NO_PICTURE: &str = "the picture of a texture cannot be used; its surfaces have the colour of their material";

fn join(into: &mut Skin, more: Skin) {
    into.corners.extend(more.corners);
    into.uvs.extend(more.uvs);
    into.colors.extend(more.colors);
    into.owners.extend(more.owners);
}

/// Only triangles with a colour of their own.
fn colored(skin: &mut Skin) {
    let keep: Vec<usize> = (0..skin.len()).filter(|&n| skin.colors[n] != [255, 255, 255, 255]).collect();
    *skin = Skin {
        picture: None,
        corners: keep.iter().flat_map(|&n| skin.corners[3 * n..3 * n + 3].to_vec()).collect(),
        uvs: Vec::new(),
        colors: keep.iter().map(|&n| skin.colors[n]).collect(),
        owners: keep.iter().map(|&n| skin.owners[n]).collect(),
    };
}

/// Reads a picture below the file's folder; nothing else is opened.
fn open(file: &Path, image: &str) -> Result<Vec<u8>, String> {
    let name = image.replace('\\', "/");
    let below = Path::new(&name).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if !below || name.contains(':') {
        return Err("it does not lie below the file's folder; nothing else is opened".into());
    }
    let path = file.parent().unwrap_or(Path::new("")).join(name);
    let size = std::fs::metadata(&path).map_err(|e| e.to_string())?.len();
    if size > MAX_BYTES {
        return Err(format!("it has more than {} MB", MAX_BYTES >> 20));
    }
    std::fs::read(&path).map_err(|e| e.to_string())
}
