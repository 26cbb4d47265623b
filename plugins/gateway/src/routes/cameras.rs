//! Cameras of the city: where they stand, whose they are, and where their picture and they themselves come from. A
//! feeds file names them by these ids.

use axum::{
    Json,
    extract::{Path, State},
};
use guanlan_city::model::Layer;
use guanlan_core::{Bilingual, ObservedProperty, SensorId};
use guanlan_room::Picture;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Hall,
    alerts::Part,
    origins::{LineageOut, looking},
    query::Query,
};
use crate::{
    problem::Problem,
    wire::{self, Place, Words},
};

/// Class of cameras in the component tables of 2026.
const CLASS: &str = "01-050";

/// A camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraOut {
    /// Its id: what a feed of kind `camera` names.
    id: String,
    /// Where it stands; absent for one that only a feed knows.
    place: Option<Place>,
    /// Where it looks, degrees clockwise from north.
    heading_deg: Option<f32>,
    /// State of the component (完好 …); empty when unknown.
    state: String,
    /// Who maintains it.
    owner: Words,
    /// The feed that shows its picture; empty where none does.
    feed: String,
}

/// Cameras of the city, then those that only a feed knows.
#[utoipa::path(get, path = "/cameras", params(Part), responses((status = 200, body = [CameraOut])))]
pub(crate) async fn cameras(State(doors): Hall, Query(part): Query<Part>) -> Result<Json<Vec<CameraOut>>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let feed = |id: &str| picture.origins.of_camera(id).map_or_else(String::new, |o| o.feed.to_owned());
    let standing = picture.city.components.iter().filter(|c| c.class == CLASS).map(|c| CameraOut {
        id: c.code.clone(),
        place: Some(wire::place(&doors.frame, c.place_m.map(f64::from))),
        heading_deg: c.heading_deg,
        state: c.state.clone(),
        owner: (&owner(&picture, &c.org)).into(),
        feed: feed(&c.code),
    });
    let known = |id: &&String| picture.city.components.iter().any(|c| c.class == CLASS && c.code == **id);
    let only_fed = picture.origins.cameras().filter(|id| !known(id)).map(|id| CameraOut {
        id: id.clone(),
        place: None,
        heading_deg: None,
        state: String::new(),
        owner: (&Bilingual::default()).into(),
        feed: feed(id),
    });
    Ok(Json(part.cut(standing.chain(only_fed))))
}

/// Whose feed shows the picture of a camera; where none does, the file the camera itself comes from.
#[utoipa::path(get, path = "/cameras/{id}/lineage", params(("id" = String, Path), Part),
    responses((status = 200, body = LineageOut), (status = 404, body = Problem)))]
pub(crate) async fn lineage(
    State(doors): Hall,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<LineageOut>, Problem> {
    let picture = doors.room(part.timeline())?.picture();
    let fed = picture.origins.of_camera(&id).map(LineageOut::from);
    let origin = fed.or_else(|| standing(&picture, &id)).ok_or_else(|| Problem::not_found("camera", &id))?;
    let rules = looking(&picture.rules, ObservedProperty::CameraOnline, Some(&SensorId::from(id.as_str())));
    Ok(Json(origin.judged(rules)))
}

fn owner(picture: &Picture, org: &str) -> Bilingual {
    let known = picture.city.organisations.iter().find(|o| o.id.as_str() == org);
    known.map_or_else(|| Bilingual::same(org), |o| o.name.clone())
}

fn standing(picture: &Picture, id: &str) -> Option<LineageOut> {
    let mut components = picture.city.components.iter().enumerate();
    let (index, camera) = components.find(|(_, c)| c.class == CLASS && c.code == id)?;
    let origin = picture.city.origin_of(Layer::Components, index);
    let (file, format, key, converted) =
        origin.map_or((String::new(), String::new(), id.to_owned(), String::new()), |o| {
            let key = if o.key.is_empty() { id } else { o.key };
            (o.source.file.clone(), o.source.format.clone(), key.to_owned(), o.source.converted.clone())
        });
    let source = [file, key].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ");
    Some(LineageOut::of_file(format, source, converted, &owner(picture, &camera.org)))
}
