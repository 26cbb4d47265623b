//! Cameras: where they stand, where they look, and where their picture is fetched.
//!
//! They come from the component survey (class `01-050`) and from the file of a catalogue's `cameras` layer. Whoever draws
//! view cones reads [`Cameras`]; the panels fetch the pictures.

use std::{collections::BTreeMap, sync::Arc};

use bevy::prelude::Resource;
use guanlan_city::City;
use guanlan_core::Bilingual;

use super::catalogue::{Catalogue, Source};
use super::user::{Geometry, UserLayer, UserLayers};

/// Class of cameras in the component tables of 2026.
pub const COMPONENT_CLASS: &str = "01-050";

/// A camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Id in its source.
    pub id: String,
    /// Name on the screen.
    pub name: Bilingual,
    /// Local m.
    pub place_m: [f32; 2],
    /// Height above the ground, m.
    pub height_m: f32,
    /// Where it looks, degrees clockwise from north; `None` when nobody said.
    pub heading_deg: Option<f32>,
    /// Angle of view, degrees.
    pub fov_deg: f32,
    /// How far it sees, m.
    pub range_m: f32,
    /// Address of its picture; empty when nobody said.
    pub picture: String,
    /// State of the component (完好 …); empty when unknown.
    pub state: String,
    /// Who maintains it.
    pub owner: String,
}

/// All cameras, in a stable order.
#[derive(Resource, Clone, Debug, Default)]
pub struct Cameras {
    /// Grows with every change.
    pub version: u64,
    /// The cameras.
    pub rows: Arc<Vec<Camera>>,
}

/// Asked for addresses of pictures by camera id.
type Asked = dyn Fn() -> BTreeMap<String, String> + Send + Sync;

/// Addresses of pictures from elsewhere (the feeds file): they go before those of the catalogue.
#[derive(Resource, Clone)]
pub struct CameraAddresses(Arc<Asked>);

impl CameraAddresses {
    /// Asked once a second.
    pub fn new(ask: impl Fn() -> BTreeMap<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Addresses now.
    #[must_use]
    pub fn now(&self) -> BTreeMap<String, String> {
        (self.0)()
    }
}

/// Puts addresses from elsewhere in.
pub fn readdress(rows: &mut [Camera], addresses: &BTreeMap<String, String>) {
    for camera in rows {
        if let Some(address) = addresses.get(&camera.id) {
            camera.picture.clone_from(address);
        }
    }
}

/// The cameras of a city under a catalogue.
#[must_use]
pub fn cameras(city: &City, catalogue: &Catalogue, user: &UserLayers) -> Vec<Camera> {
    let layers = catalogue.layers.iter().filter_map(|l| match &l.source {
        Source::Cameras { picture, file } => Some((l, picture, file.is_some())),
        _ => None,
    });
    let mut all = Vec::new();
    for (layer, picture, from_file) in layers {
        if from_file {
            all.extend(user.0.get(&layer.id).into_iter().flat_map(|u| from_features(u, picture)));
        } else {
            all.extend(from_components(city, picture));
        }
    }
    all
}

fn address(template: &str, id: &str) -> String {
    template.replace("{id}", id)
}

fn from_components(city: &City, picture: &str) -> Vec<Camera> {
    let of_class = city.components.iter().filter(|c| c.class == COMPONENT_CLASS);
    let camera = |c: &guanlan_city::model::Component| {
        let number = c.code.get(c.code.len().saturating_sub(6)..).unwrap_or(&c.code);
        // Ids of OSM are no codes of districts: all of their digits count.
        let number = c.code.strip_prefix("node/").unwrap_or(number).trim_start_matches('0');
        Camera {
            id: c.code.clone(),
            name: Bilingual::new(format!("监控 {number}"), format!("Camera {number}")),
            place_m: c.place_m,
            height_m: 6.0,
            heading_deg: c.heading_deg,
            fov_deg: 70.0,
            range_m: 60.0,
            picture: address(picture, &c.code),
            state: c.state.clone(),
            owner: c.org.clone(),
        }
    };
    of_class.map(camera).collect()
}

fn from_features(layer: &UserLayer, picture: &str) -> Vec<Camera> {
    let points = layer.features.iter().enumerate().filter_map(|(i, f)| match f.geometry {
        Geometry::Point(p) => Some((i, f, p)),
        _ => None,
    });
    let camera = |(i, f, place_m): (usize, &super::user::Feature, [f32; 2])| {
        let text = |key| f.get(key).filter(|t| !t.is_empty());
        let number = |key, least: f32, most: f32| {
            text(key).and_then(|t| t.parse::<f32>().ok()).filter(|v| (least..=most).contains(v))
        };
        let id = text("id").map_or_else(|| format!("camera-{}", i + 1), str::to_owned);
        let name = text("name").unwrap_or(&id).to_owned();
        Camera {
            name: Bilingual::new(name, text("name_en").unwrap_or_default()),
            place_m,
            height_m: number("height_m", 0.0, 500.0).unwrap_or(6.0),
            heading_deg: number("heading_deg", -360.0, 720.0).map(|h| h.rem_euclid(360.0)),
            fov_deg: number("fov_deg", 1.0, 360.0).unwrap_or(70.0),
            range_m: number("range_m", 1.0, 5000.0).unwrap_or(60.0),
            picture: text("picture").map_or_else(|| address(picture, &id), str::to_owned),
            state: text("state").unwrap_or_default().to_owned(),
            owner: text("owner").unwrap_or_default().to_owned(),
            id,
        }
    };
    points.map(camera).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::user::Feature;
    use guanlan_city::model::Component;

    fn component(code: &str, class: &str) -> Component {
        Component {
            code: code.into(),
            class: class.into(),
            class_2013: String::new(),
            place_m: [5.0, 6.0],
            heading_deg: Some(90.0),
            state: "完好".into(),
            org: "U-1".into(),
        }
    }

    #[test]
    fn the_survey_gives_places_and_the_catalogue_addresses() {
        let city = City {
            components: vec![component("33019901050000012", "01-050"), component("33019901001000001", "01-001")],
            ..City::default()
        };
        let mut catalogue = Catalogue::shipped();
        let all = cameras(&city, &catalogue, &UserLayers::default());
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].name.zh.as_str(), all[0].picture.as_str()), ("监控 12", ""));
        assert_eq!(all[0].heading_deg, Some(90.0));
        for layer in &mut catalogue.layers {
            if let Source::Cameras { picture, .. } = &mut layer.source {
                *picture = "http://nvr/{id}.jpg".into();
            }
        }
        let all = cameras(&city, &catalogue, &UserLayers::default());
        assert_eq!(all[0].picture, "http://nvr/33019901050000012.jpg");
    }

    #[test]
    fn a_file_gives_heading_and_address() {
        let attributes = [("id", "c7"), ("picture", "http://a/b"), ("heading_deg", "-90"), ("fov_deg", "wide")];
        let attributes = attributes.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
        let layer = UserLayer {
            features: vec![Feature { geometry: Geometry::Point([1.0, 2.0]), attributes }],
            ..UserLayer::default()
        };
        let all = from_features(&layer, "");
        assert_eq!((all[0].heading_deg, all[0].fov_deg, all[0].picture.as_str()), (Some(270.0), 70.0, "http://a/b"));
    }
}
