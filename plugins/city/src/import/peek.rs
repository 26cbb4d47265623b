//! What a file says about where it lies, read before its content is placed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Layer;

/// Ids, features or records in a file of objects that keep none themselves, by layer.
pub(crate) type Keys = BTreeMap<Layer, Vec<String>>;

/// CRS and extent of a file in its own CRS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Peek {
    /// EPSG code the file declares; `None` when it does not say.
    pub epsg: Option<u32>,
    /// `[minx, miny, minz, maxx, maxy, maxz]` in that CRS (geographic: x longitude, y latitude).
    pub extent: Option<[f64; 6]>,
}

/// Grows an extent by a point; ignores points that are not finite.
pub(crate) fn grow(extent: &mut Option<[f64; 6]>, p: [f64; 3]) {
    if !p.iter().all(|v| v.is_finite()) {
        return;
    }
    let e = extent.get_or_insert([p[0], p[1], p[2], p[0], p[1], p[2]]);
    for i in 0..3 {
        e[i] = e[i].min(p[i]);
        e[i + 3] = e[i + 3].max(p[i]);
    }
}
