//! Lists of plain numbers as one run of bytes in binary formats, and as usual lists in readable ones.
//!
//! For `#[serde(with = "crate::flat")]` on `Vec<[f32; 2]>` and the like: a city has many millions of
//! coordinates, and number by number they take most of the time of reopening it. The bytes are in the
//! machine's own order; a pack says which that is.

use std::{fmt, marker::PhantomData};

use bytemuck::{AnyBitPattern, NoUninit};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// Writes a list.
///
/// # Errors
/// Those of the format.
pub fn serialize<T, S>(list: &[T], serializer: S) -> Result<S::Ok, S::Error>
where
    T: NoUninit + Serialize,
    S: Serializer,
{
    if serializer.is_human_readable() {
        list.serialize(serializer)
    } else {
        serializer.serialize_bytes(bytemuck::cast_slice(list))
    }
}

/// Reads a list.
///
/// # Errors
/// Those of the format; bytes that do not make whole elements.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: AnyBitPattern + NoUninit + Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct Bytes<T>(PhantomData<T>);
    impl<T: AnyBitPattern + NoUninit> Visitor<'_> for Bytes<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the bytes of a list of numbers")
        }
        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<T>, E> {
            if bytes.len() % size_of::<T>() == 0 {
                let mut list = vec![T::zeroed(); bytes.len() / size_of::<T>()];
                bytemuck::cast_slice_mut(&mut list).copy_from_slice(bytes);
                Ok(list)
            } else {
                Err(E::invalid_length(bytes.len(), &self))
            }
        }
    }
    if deserializer.is_human_readable() {
        Vec::deserialize(deserializer)
    } else {
        deserializer.deserialize_bytes(Bytes(PhantomData))
    }
}

/// The same for lists of flags.
pub mod flags {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes a list.
    ///
    /// # Errors
    /// Those of the format.
    pub fn serialize<S: Serializer>(list: &[bool], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            list.serialize(serializer)
        } else {
            serializer.serialize_bytes(bytemuck::cast_slice(list))
        }
    }

    /// Reads a list.
    ///
    /// # Errors
    /// Those of the format.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<bool>, D::Error> {
        if deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        let bytes: Vec<u8> = super::deserialize(deserializer)?;
        Ok(bytes.into_iter().map(|b| b != 0).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        #[serde(with = "crate::flat")]
        ring: Vec<[f32; 2]>,
        #[serde(with = "crate::flat")]
        line: Vec<[f64; 2]>,
        #[serde(with = "crate::flat::flags")]
        roofs: Vec<bool>,
    }

    #[test]
    fn binary_and_readable_forms_come_back() {
        let sample = Sample {
            ring: vec![[1.0, -2.5], [f32::MAX, 0.0]],
            line: vec![[1e-300, 4.0]],
            roofs: vec![true, false, true],
        };
        let bytes = postcard::to_stdvec(&sample).unwrap();
        assert!(bytes.len() < 40, "one length for each list: {}", bytes.len());
        assert_eq!(postcard::from_bytes::<Sample>(&bytes).unwrap(), sample);
        let text = serde_json::to_string(&sample).unwrap();
        assert!(text.contains("\"roofs\":[true,false,true]"), "{text}");
        assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), sample);
        assert!(postcard::from_bytes::<Sample>(&[3, 1, 2, 3]).is_err(), "three bytes are no pair of floats");
    }
}
