//! City furniture that is a component (部件): by its code, or because it is a camera.

use guanlan_geography::ComponentCode;
use serde_json::Value;

use super::file::CityObject;
use crate::{import::bearing::bearing_of, model::Component};

const CODE: [&str; 5] = ["code", "objCode", "ObjID", "标识码", "部件标识码"];
const HEADING: [&str; 7] = ["heading_deg", "heading", "direction", "azimuth", "bearing", "朝向", "方位角"];
const STATE: [&str; 3] = ["state", "objState", "部件状态"];
const ORG: [&str; 3] = ["org", "operator", "主管部门"];
const CAMERA: [&str; 6] = ["camera", "cctv", "surveillance", "监控", "摄像", "电子眼"];

/// The component that an object is, standing at a place in local m.
pub(super) fn component(object: &CityObject, place_m: [f64; 2]) -> Option<Component> {
    if object.kind != "CityFurniture" {
        return None;
    }
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|n| object.attributes.get(*n));
        match found {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(n)) => n.to_string(),
            _ => String::new(),
        }
    };
    let code = text(&CODE);
    let parsed = code.parse::<ComponentCode>().ok();
    let said = || text(&["function", "class", "usage"]).to_lowercase();
    let (class, class_2013, code) = match parsed {
        Some(c) if code.len() == 17 => (format!("{}-{:0>3}", c.class(), c.sub_class()), String::new(), code),
        Some(c) => (String::new(), format!("{}{}", c.class(), c.sub_class()), code),
        None if CAMERA.iter().any(|word| said().contains(word)) => {
            ("01-050".to_owned(), String::new(), object.id.clone())
        }
        None => return None,
    };
    let heading_deg = HEADING.iter().find_map(|n| object.attributes.get(*n).and_then(bearing_of)).map(|d| d as f32);
    let place_m = place_m.map(|v| v as f32);
    Some(Component { code, class, class_2013, place_m, heading_deg, state: text(&STATE), org: text(&ORG) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_and_surveyed_furniture_are_components() {
        let object = |kind: &str, attributes: Value| CityObject {
            id: "F1".into(),
            kind: kind.into(),
            attributes: attributes.as_object().unwrap().clone(),
            ..CityObject::default()
        };
        let camera = object("CityFurniture", serde_json::json!({"function": "CCTV camera", "heading": "SE"}));
        let camera = component(&camera, [1.0, 2.0]).unwrap();
        assert_eq!((camera.class.as_str(), camera.code.as_str(), camera.heading_deg), ("01-050", "F1", Some(135.0)));
        let lamp = object("CityFurniture", serde_json::json!({"标识码": "33019901037000001", "方位角": 12.5}));
        let lamp = component(&lamp, [1.0, 2.0]).unwrap();
        assert_eq!((lamp.class.as_str(), lamp.heading_deg), ("01-037", Some(12.5)));
        assert_eq!(component(&object("CityFurniture", serde_json::json!({"function": "bench"})), [0.0; 2]), None);
        assert_eq!(component(&object("Building", serde_json::json!({"function": "camera"})), [0.0; 2]), None);
    }
}
