//! A few landmarks, built from rings and written as glTF binaries (y up, metres, −z is north at heading 0).

mod glb;
mod mesh;
mod shapes;

pub use glb::glb;
pub use shapes::model;

use super::{
    geom::{self, P},
    plan::Plan,
};

/// A model that stands in the city.
pub struct Mark {
    pub name: (String, String),
    pub file: String,
    pub shape: String,
    pub at: P,
    /// Degrees clockwise from north.
    pub heading_deg: f64,
    /// Height of its foot, m above datum; on the ground where there is none.
    pub base_m: Option<f64>,
}

/// The plan's landmarks, and pylons in the middle of two bridges.
pub fn of_plan(plan: &Plan) -> Vec<Mark> {
    let mut marks: Vec<Mark> = plan
        .file
        .landmark
        .iter()
        .map(|l| Mark {
            name: (l.name.0.clone(), l.name.1.clone()),
            file: l.file.clone(),
            shape: l.shape.clone(),
            at: l.at,
            heading_deg: l.heading_deg,
            base_m: None,
        })
        .collect();
    for (road, zh, en) in [("江东大道", "江东大桥", "Jiangdong Bridge"), ("中山路", "中山桥", "Zhongshan Bridge")]
    {
        let Some(a) = plan.file.arterial.iter().position(|x| x.name.0 == road) else { continue };
        let mid = plan.arterials[a]
            .windows(2)
            .flat_map(|w| {
                plan.river.windows(2).filter_map(move |v| {
                    geom::crossing(w[0], w[1], v[0], v[1])
                        .map(|(t, _)| (geom::lerp(w[0], w[1], t), geom::sub(w[1], w[0])))
                })
            })
            .next();
        if let Some((at, d)) = mid {
            marks.push(Mark {
                name: (zh.into(), en.into()),
                file: "bridge_pylon.glb".into(),
                shape: "bridge_pylon".into(),
                at,
                heading_deg: (d[0].atan2(d[1]).to_degrees() * 10.0).round() / 10.0,
                base_m: Some(plan.file.river.level_m),
            });
        }
    }
    marks
}
