//! Stored vertices, whatever stands in their place.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A stored vertex. Anything that is not three finite numbers is kept as NaN, so that one bad vertex
/// costs only what uses it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vertex(pub [f64; 3]);

/// A number, or NaN for anything else.
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, v: i64) -> Result<Number, E> {
                Ok(Number(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Number, E> {
                Ok(Number(v as f64))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Number, E> {
                Ok(Number(v))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_str<E>(self, _: &str) -> Result<Number, E> {
                Ok(Number(f64::NAN))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Number, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Number(f64::NAN))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Number, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Number(f64::NAN))
            }
        }
        d.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Vertex {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Vertex;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of three numbers")
            }
            fn visit_unit<E>(self) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_str<E>(self, _: &str) -> Result<Vertex, E> {
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vertex, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Vertex([f64::NAN; 3]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vertex, A::Error> {
                let mut v = [f64::NAN; 3];
                let mut n = 0;
                while let Some(Number(x)) = seq.next_element()? {
                    if n < 3 {
                        v[n] = x;
                    }
                    n += 1;
                }
                Ok(Vertex(if n == 3 { v } else { [f64::NAN; 3] }))
            }
        }
        d.deserialize_any(V)
    }
}
