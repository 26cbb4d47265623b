//! Batch tables whose features have classes and parents (`3DTILES_batch_table_hierarchy`): a door has its own properties
//! and those of the wall and the building it is part of.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::{
    schema::Values,
    tables::{BatchColumn, batch_column},
};

/// Ancestors of a feature that are looked at.
const MOST_ANCESTORS: usize = 256;

/// Instances of classes; the first are the features, the others only parents.
#[derive(Clone, Debug, Default)]
pub(super) struct Hierarchy {
    classes: Vec<Class>,
    /// Of each instance its class and its place among those of that class.
    instances: Vec<(usize, usize)>,
    /// Where the parents of each instance begin; one more than there are instances, or empty without parents.
    from: Vec<usize>,
    parents: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Class {
    name: String,
    columns: Vec<(String, BatchColumn)>,
}

impl Hierarchy {
    /// Reads the extension's body; the reason when it does not hold `length` features.
    pub fn read(value: &Value, binary: &[u8], length: usize) -> Result<Self, String> {
        let map = value.as_object().ok_or("a hierarchy that is no object")?;
        let count = whole(map, "instancesLength")?;
        if count < length {
            return Err(format!("a hierarchy of {count} instances for {length} features"));
        }
        let mut classes = Vec::new();
        let mut room = Vec::new();
        for class in map.get("classes").and_then(Value::as_array).ok_or("a hierarchy without classes")? {
            let class = class.as_object().ok_or("a class that is no object")?;
            let most = whole(class, "length")?;
            let mut columns = Vec::new();
            for (name, value) in class.get("instances").and_then(Value::as_object).into_iter().flatten() {
                columns.push((name.clone(), batch_column(value, binary, most)?));
            }
            let name = class.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            classes.push(Class { name, columns });
            room.push((0, most));
        }
        let mut instances = Vec::new();
        for class in numbers(map.get("classIds").ok_or("a hierarchy without classIds")?, binary, count)? {
            let (next, most) =
                room.get_mut(class).ok_or_else(|| format!("an instance of class {class}, which is not there"))?;
            if next >= most {
                return Err(format!("more than {most} instances of class {class}"));
            }
            instances.push((class, *next));
            *next += 1;
        }
        let mut hierarchy = Self { classes, instances, ..Self::default() };
        if let Some(ids) = map.get("parentIds") {
            let counts = match map.get("parentCounts") {
                Some(counts) => numbers(counts, binary, count)?,
                None => vec![1; count],
            };
            let mut total = 0_usize;
            hierarchy.from.push(0);
            for n in counts {
                total = total.checked_add(n).ok_or("more parents than memory")?;
                hierarchy.from.push(total);
            }
            hierarchy.parents = numbers(ids, binary, total)?;
            if let Some(gone) = hierarchy.parents.iter().find(|p| **p >= count) {
                return Err(format!("a parent {gone} of {count} instances"));
            }
        }
        Ok(hierarchy)
    }

    /// Adds the properties of a feature and of its ancestors, nearest first; what is there already stays.
    pub fn add(&self, feature: usize, into: &mut Values) {
        let mut names: BTreeSet<String> = into.iter().map(|(name, _)| name.clone()).collect();
        let mut seen = BTreeSet::from([feature]);
        let mut open = VecDeque::from([feature]);
        while let Some(n) = open.pop_front() {
            let Some(&(class, place)) = self.instances.get(n) else { continue };
            let Some(class) = self.classes.get(class) else { continue };
            let own = (n == feature && !class.name.is_empty())
                .then(|| ("class".to_owned(), Value::String(class.name.clone())));
            let values = class.columns.iter().filter_map(|(name, c)| Some((name.clone(), c.value(place)?)));
            for (name, value) in own.into_iter().chain(values) {
                if names.insert(name.clone()) {
                    into.push((name, value));
                }
            }
            let range = self.from.get(n).zip(self.from.get(n + 1));
            for &parent in range.and_then(|(from, to)| self.parents.get(*from..*to)).unwrap_or_default() {
                if seen.len() <= MOST_ANCESTORS && seen.insert(parent) {
                    open.push_back(parent);
                }
            }
        }
    }

    /// Names of all properties.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.classes.iter().flat_map(|c| &c.columns).map(|(name, _)| name.as_str())
    }

    /// Bytes it takes, about.
    pub fn bytes(&self) -> usize {
        let columns = self.classes.iter().flat_map(|c| &c.columns).map(|(_, c)| c.bytes());
        columns.sum::<usize>() + 16 * self.instances.len() + 8 * (self.from.len() + self.parents.len())
    }
}

fn whole(map: &Map<String, Value>, key: &str) -> Result<usize, String> {
    let number = map.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    number.ok_or_else(|| format!("a hierarchy without a whole number as {key}"))
}

/// Whole numbers, as a list or in the binary part, where they have two bytes unless it says otherwise.
fn numbers(value: &Value, binary: &[u8], count: usize) -> Result<Vec<usize>, String> {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.entry("componentType").or_insert_with(|| "UNSIGNED_SHORT".into());
    }
    let column = batch_column(&value, binary, count)?;
    let one = |n: usize| column.value(n)?.as_u64().and_then(|n| usize::try_from(n).ok());
    (0..count).map(|n| one(n).ok_or_else(|| "an id that is no whole number".to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn house() -> Value {
        json!({"instancesLength": 4, "classes": [
            {"name": "door", "length": 2, "instances": {"width": [0.9, 1.2], "name": ["d0", "d1"]}},
            {"name": "house", "length": 1, "instances": {"name": ["h"], "address": ["7 River Road"]}},
            {"name": "zone", "length": 1, "instances": {"zone": {"byteOffset": 2, "componentType": "UNSIGNED_BYTE", "type": "SCALAR"}}}],
            "classIds": [0, 0, 1, 2], "parentCounts": [1, 2, 1, 0], "parentIds": [2, 3, 2, 1]})
    }

    fn row(hierarchy: &Hierarchy, n: usize, before: Values) -> Value {
        let mut into = before;
        hierarchy.add(n, &mut into);
        Value::Object(into.into_iter().collect())
    }

    #[test]
    fn a_feature_has_what_its_parents_have() {
        let hierarchy = Hierarchy::read(&house(), &[9, 9, 42], 2).unwrap();
        let door = json!({"class": "door", "width": 0.9, "name": "d0", "address": "7 River Road"});
        // The house's parent is the second door, whose other parent is the zone: no end, but an answer.
        let mut all = door.as_object().unwrap().clone();
        all.insert("zone".into(), 42.into());
        assert_eq!(row(&hierarchy, 0, Values::new()), Value::Object(all));
        assert_eq!(row(&hierarchy, 3, Values::new()), json!({"class": "zone", "zone": 42}));
        let own = row(&hierarchy, 1, vec![("name".into(), "own".into())]);
        assert_eq!((own["name"].as_str(), own["zone"].as_i64()), (Some("own"), Some(42)));
        assert_eq!(row(&hierarchy, 9, Values::new()), json!({}));
        assert_eq!((hierarchy.names().count(), hierarchy.bytes() > 0), (5, true));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let read = |key: &str, value: Value| {
            let mut all = house();
            all[key] = value;
            Hierarchy::read(&all, &[9, 9, 42], 2).err()
        };
        for (key, value, what) in [
            ("instancesLength", json!(1), "1 instances for 2"),
            ("instancesLength", json!(1_000_000_000_000_000_u64), "values for"),
            ("instancesLength", json!("4"), "whole number"),
            ("classIds", json!([0, 0, 1]), "3 values for 4"),
            ("classIds", json!([0, 0, 0, 2]), "more than 2 instances"),
            ("classIds", json!([0, 0, 1, 7]), "class 7"),
            ("classIds", json!({"byteOffset": 0}), "bytes 0"),
            ("parentIds", json!([2, 3, 2, 4]), "a parent 4"),
            ("parentCounts", json!([1, 2, 1, -1]), "no whole number"),
            ("classes", json!(null), "without classes"),
        ] {
            let why = read(key, value).unwrap_or_default();
            assert!(why.contains(what), "{key}: {why}");
        }
        let plain =
            json!({"instancesLength": 1, "classes": [{"name": "a", "length": 1, "instances": {}}], "classIds": [0]});
        assert!(Hierarchy::read(&plain, &[], 1).is_ok());
    }
}
