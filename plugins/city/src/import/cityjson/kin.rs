//! Which objects of a file belong together: found in a first pass, so that the second can let go of
//! every family as soon as it is complete.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::file::CityObject;

/// A text, or nothing for anything else.
struct Text(Option<String>);

/// Texts of a list, or none for anything else.
#[derive(Default)]
struct Texts(Vec<String>);

/// Kind, parents and children of an object, or nothing for anything else.
#[derive(Default)]
struct Ties {
    group: bool,
    refs: Vec<String>,
}

/// Visits anything; every kind of value that is not wanted gives the default.
macro_rules! anything {
    ($out:ty) => {
        type Value = $out;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any value")
        }
        fn visit_unit<E>(self) -> Result<$out, E> {
            Ok(<$out>::default())
        }
        fn visit_bool<E>(self, _: bool) -> Result<$out, E> {
            Ok(<$out>::default())
        }
        fn visit_i64<E>(self, _: i64) -> Result<$out, E> {
            Ok(<$out>::default())
        }
        fn visit_u64<E>(self, _: u64) -> Result<$out, E> {
            Ok(<$out>::default())
        }
        fn visit_f64<E>(self, _: f64) -> Result<$out, E> {
            Ok(<$out>::default())
        }
    };
}

impl Default for Text {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            anything!(Text);
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text(None))
            }
        }
        d.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            anything!(Texts);
            fn visit_str<E>(self, _: &str) -> Result<Texts, E> {
                Ok(Texts::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while let Some(Text(text)) = seq.next_element()? {
                    texts.0.extend(text);
                }
                Ok(texts)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Texts, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Texts::default())
            }
        }
        d.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Ties {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            anything!(Ties);
            fn visit_str<E>(self, _: &str) -> Result<Ties, E> {
                Ok(Ties::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ties, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Ties::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ties, A::Error> {
                let mut ties = Ties::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "type" => ties.group = map.next_value::<Text>()?.0.is_some_and(|t| t == "CityObjectGroup"),
                        "parents" | "children" => ties.refs.extend(map.next_value::<Texts>()?.0),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(ties)
            }
        }
        d.deserialize_any(V)
    }
}

/// The families of a file's objects. Most objects have no kin and are only known by name.
#[derive(Debug, Default)]
pub(super) struct Families {
    /// Ids of all objects. Looked up, never walked.
    ids: HashSet<String>,
    /// Family of each object that has kin. Looked up, never walked.
    family: HashMap<String, usize>,
    /// Objects of each family.
    size: Vec<usize>,
}

impl Families {
    /// True when the file has an object of this id.
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// True when the file has no objects.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Objects on their way to their families.
#[derive(Debug)]
pub(super) struct Gathering<'a> {
    families: &'a Families,
    /// Objects of each family that are still to come.
    missing: Vec<usize>,
    /// Those that have come, by family.
    open: BTreeMap<usize, Vec<CityObject>>,
}

impl<'a> Gathering<'a> {
    pub fn new(families: &'a Families) -> Self {
        Self { families, missing: families.size.clone(), open: BTreeMap::new() }
    }

    /// Takes an object; the family that it makes complete comes back.
    pub fn take(&mut self, object: CityObject) -> Option<Vec<CityObject>> {
        let Some(&family) = self.families.family.get(&object.id) else { return Some(vec![object]) };
        self.open.entry(family).or_default().push(object);
        self.missing[family] = self.missing[family].saturating_sub(1);
        if self.missing[family] == 0 { self.open.remove(&family) } else { None }
    }

    /// Families of which an object could not be read.
    pub fn rest(self) -> impl Iterator<Item = Vec<CityObject>> {
        self.open.into_values()
    }
}

impl<'de> Deserialize<'de> for Families {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Families;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("CityObjects as a JSON object")
            }
            fn visit_unit<E>(self) -> Result<Families, E> {
                Ok(Families::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Families, A::Error> {
                let mut ids = HashSet::new();
                let mut tied = Vec::new();
                while let Some(id) = map.next_key::<String>()? {
                    let ties: Ties = map.next_value()?;
                    let first = ids.insert(id.clone());
                    // Members of a group are no kin.
                    if first && !ties.group && !ties.refs.is_empty() {
                        tied.push((id, ties.refs));
                    }
                }
                Ok(families(ids, &tied))
            }
        }
        d.deserialize_any(V)
    }
}

/// Joins objects that name each other.
fn families(ids: HashSet<String>, tied: &[(String, Vec<String>)]) -> Families {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut above: Vec<usize> = Vec::new();
    for (id, refs) in tied {
        let own = numbered(id, &mut numbers, &mut above);
        for other in refs.iter().filter(|other| ids.contains(*other)) {
            let other = numbered(other, &mut numbers, &mut above);
            let (a, b) = (root(&mut above, own), root(&mut above, other));
            above[a.max(b)] = a.min(b);
        }
    }
    let mut size = vec![0; above.len()];
    let mut family = HashMap::with_capacity(numbers.len());
    for (id, number) in numbers {
        let root = root(&mut above, number);
        size[root] += 1;
        family.insert(id.to_owned(), root);
    }
    Families { ids, family, size }
}

fn numbered<'a>(id: &'a str, numbers: &mut HashMap<&'a str, usize>, above: &mut Vec<usize>) -> usize {
    let next = above.len();
    let number = *numbers.entry(id).or_insert(next);
    if number == next {
        above.push(number);
    }
    number
}

fn root(above: &mut [usize], mut n: usize) -> usize {
    while above[n] != n {
        above[n] = above[above[n]];
        n = above[n];
    }
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_let_go_when_they_are_complete() {
        let text = r#"{"a":{"type":"Building","children":["a1","gone"]},"b":{"type":"Building"},"x":null,
            "g":{"type":"CityObjectGroup","children":["a","b"]},"a2":{"type":"BuildingPart","parents":["a"]},
            "a1":{"type":"BuildingPart","parents":7}}"#;
        let families: Families = serde_json::from_str(text).unwrap();
        assert!(families.has("x") && !families.has("gone"));
        let object = |id: &str| CityObject { id: id.into(), ..CityObject::default() };
        let names = |list: Option<Vec<CityObject>>| list.map(|l| l.into_iter().map(|o| o.id).collect::<Vec<_>>());
        let mut gathering = Gathering::new(&families);
        assert_eq!(names(gathering.take(object("a"))), None);
        assert_eq!(names(gathering.take(object("b"))), Some(vec!["b".to_owned()]));
        assert_eq!(names(gathering.take(object("g"))), Some(vec!["g".to_owned()]));
        assert_eq!(names(gathering.take(object("a2"))), None);
        assert_eq!(gathering.rest().count(), 1, "what has come of an incomplete family is not lost");
        let mut gathering = Gathering::new(&families);
        gathering.take(object("a2"));
        gathering.take(object("a1"));
        assert_eq!(gathering.take(object("a")).map(|family| family.len()), Some(3));
        assert_eq!(gathering.rest().count(), 0);
    }
}
