//! JSON Schema of the feeds file, for editors (`guanlan schema feeds`).

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::{Common, FORMAT, map_spec::MapSpec, schemas};

/// The schema: one alternative for each kind, with what all have.
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let common = generator.subschema_for::<Common>();
    let map = generator.subschema_for::<MapSpec>();
    let kinds = schemas(&mut generator);
    let mut defs: Map<String, Value> = generator.take_definitions(true);
    let own = |reference: &Value| -> Option<Value> {
        let name = reference.get("$ref")?.as_str()?.rsplit('/').next()?;
        defs.get(name).cloned()
    };
    let common = own(common.as_value()).unwrap_or_else(|| common.as_value().clone());
    let alternatives: Vec<Value> = kinds
        .into_iter()
        .map(|(key, mapped, schema)| {
            let schema = schema.to_value();
            let mut properties: Map<String, Value> = Map::new();
            let mut required = vec![json!("kind")];
            for part in [&common, &schema] {
                if let Some(fields) = part.get("properties").and_then(Value::as_object) {
                    properties.extend(fields.clone());
                }
                required.extend(part.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
            }
            properties.insert("kind".into(), json!({ "const": key }));
            if mapped {
                let one = map.as_value().clone();
                properties
                    .insert("map".into(), json!({ "anyOf": [one, { "type": "array", "items": map.as_value() }] }));
            }
            json!({
                "type": "object",
                "title": key,
                "description": schema.get("description").cloned().unwrap_or(Value::Null),
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            })
        })
        .collect();
    defs.remove("Common");
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Guanlan feeds",
        "description": "Which sources a room listens to (guanlan room --feeds FILE).",
        "type": "object",
        "properties": {
            "format": { "const": FORMAT },
            "feed": { "type": "array", "items": { "oneOf": alternatives } },
        },
        "required": ["format"],
        "additionalProperties": false,
        "$defs": defs,
    })
}
