//! One file of a pack: named sections of items, each in compressed chunks that are read in parallel.
//!
//! Layout: magic, key of the piece (32 hexadecimal digits), the table's packed and plain length, table, chunks. Table
//! and chunks are zstd frames with their own checksums, so that damage is noticed without a second
//! pass over the bytes.

use std::io::Write;

use rayon::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Begins every part; the digit is the layout's version.
const MAGIC: &[u8; 8] = b"GLNPART1";
/// Digits of a key.
pub(super) const KEY_DIGITS: usize = 32;
/// Larger chunks are damage, not data.
const MAX_CHUNK_BYTES: usize = 1 << 30;
/// Fast to read and small enough: chunks are mostly floats that pack badly.
const ZSTD_LEVEL: i32 = 1;

/// Why a part cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Damage(pub String);

fn damage(what: impl Into<String>) -> Damage {
    Damage(what.into())
}

#[derive(Debug, Serialize, Deserialize)]
struct Chunk {
    items: u32,
    packed: u32,
    plain: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Section {
    name: String,
    chunks: Vec<Chunk>,
}

/// Sections on their way to a file.
#[derive(Default)]
pub(super) struct Writer {
    sections: Vec<Section>,
    chunks: Vec<Vec<u8>>,
}

impl Writer {
    /// Adds a section, `per_chunk` items to a chunk.
    pub fn section<T: Serialize + Sync>(&mut self, name: &str, items: &[T], per_chunk: usize) -> Result<(), Damage> {
        let pack = |items: &[T]| -> Result<(Chunk, Vec<u8>), Damage> {
            let plain = postcard::to_stdvec(items).map_err(|e| damage(format!("{name}: {e}")))?;
            if plain.len() > MAX_CHUNK_BYTES {
                return Err(damage(format!("{name}: an item is larger than 1 GiB")));
            }
            let packed = compress(&plain)?;
            let chunk = Chunk { items: items.len() as u32, packed: packed.len() as u32, plain: plain.len() as u32 };
            Ok((chunk, packed))
        };
        let packed: Vec<_> = items.par_chunks(per_chunk.max(1)).map(pack).collect::<Result<_, _>>()?;
        let (chunks, bytes): (Vec<_>, Vec<_>) = packed.into_iter().unzip();
        self.sections.push(Section { name: name.to_owned(), chunks });
        self.chunks.extend(bytes);
        Ok(())
    }

    /// Writes everything; `key` names what the part was made of.
    pub fn finish(self, key: &str, to: &mut impl Write) -> std::io::Result<()> {
        let table = postcard::to_stdvec(&self.sections).map_err(std::io::Error::other)?;
        let plain = table.len() as u32;
        let table = compress(&table).map_err(std::io::Error::other)?;
        to.write_all(MAGIC)?;
        to.write_all(key.as_bytes())?;
        to.write_all(&(table.len() as u32).to_le_bytes())?;
        to.write_all(&plain.to_le_bytes())?;
        to.write_all(&table)?;
        self.chunks.iter().try_for_each(|chunk| to.write_all(chunk))
    }
}

fn compress(plain: &[u8]) -> Result<Vec<u8>, Damage> {
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(|e| damage(e.to_string()))?;
    compressor.include_checksum(true).map_err(|e| damage(e.to_string()))?;
    compressor.compress(plain).map_err(|e| damage(e.to_string()))
}

/// Exactly `plain` bytes.
fn decompress(packed: &[u8], plain: usize) -> Result<Vec<u8>, Damage> {
    if plain > MAX_CHUNK_BYTES {
        return Err(damage("larger than 1 GiB"));
    }
    let bytes = zstd::bulk::decompress(packed, plain).map_err(|e| damage(e.to_string()))?;
    if bytes.len() == plain { Ok(bytes) } else { Err(damage(format!("{} bytes, expected {plain}", bytes.len()))) }
}

/// A part's bytes, opened.
pub(super) struct Reader<'a> {
    sections: Vec<Section>,
    chunks: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads the table and checks that the part is the one wanted and whole.
    pub fn open(bytes: &'a [u8], key: &str) -> Result<Self, Damage> {
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| damage("not a part of this version of packs"))?;
        let (own, rest) = rest.split_at_checked(KEY_DIGITS).ok_or_else(|| damage("cut off in its head"))?;
        if own != key.as_bytes() {
            return Err(damage("made of something else than its name says"));
        }
        let (packed, rest) = rest.split_first_chunk::<4>().ok_or_else(|| damage("cut off in its head"))?;
        let (plain, rest) = rest.split_first_chunk::<4>().ok_or_else(|| damage("cut off in its head"))?;
        let [packed, plain] = [packed, plain].map(|n| u32::from_le_bytes(*n) as usize);
        let (table, chunks) = rest.split_at_checked(packed).ok_or_else(|| damage("cut off in its table"))?;
        let table = decompress(table, plain).map_err(|e| damage(format!("table: {e}")))?;
        let sections: Vec<Section> = postcard::from_bytes(&table).map_err(|e| damage(format!("table: {e}")))?;
        let total: usize = sections.iter().flat_map(|s| &s.chunks).map(|c| c.packed as usize).sum();
        if total != chunks.len() {
            return Err(damage(format!("{} bytes of content, expected {total}", chunks.len())));
        }
        Ok(Self { sections, chunks })
    }

    /// The items of a section.
    pub fn section<T: DeserializeOwned + Send>(&self, name: &str) -> Result<Vec<T>, Damage> {
        let mut at = 0;
        for section in &self.sections {
            if section.name == name {
                return self.items(section, at);
            }
            at += section.chunks.iter().map(|c| c.packed as usize).sum::<usize>();
        }
        Err(damage(format!("no section {name:?}")))
    }

    fn items<T: DeserializeOwned + Send>(&self, section: &Section, mut at: usize) -> Result<Vec<T>, Damage> {
        let mut places = Vec::with_capacity(section.chunks.len());
        for chunk in &section.chunks {
            places.push((chunk, &self.chunks[at..at + chunk.packed as usize]));
            at += chunk.packed as usize;
        }
        let read = |(chunk, bytes): (&Chunk, &[u8])| -> Result<Vec<T>, Damage> {
            let wrong = |what: String| damage(format!("{}: {what}", section.name));
            let plain = decompress(bytes, chunk.plain as usize).map_err(|e| wrong(e.to_string()))?;
            let items: Vec<T> = postcard::from_bytes(&plain).map_err(|e| wrong(e.to_string()))?;
            if items.len() == chunk.items as usize {
                Ok(items)
            } else {
                Err(wrong(format!("{} items, expected {}", items.len(), chunk.items)))
            }
        };
        let mut lists: Vec<Vec<T>> = places.into_par_iter().map(read).collect::<Result<_, _>>()?;
        if lists.len() < 2 {
            return Ok(lists.pop().unwrap_or_default());
        }
        let mut all = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        lists.into_iter().for_each(|list| all.extend(list));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    fn sample() -> Vec<u8> {
        let mut writer = Writer::default();
        let words: Vec<String> = (0..1000).map(|n| format!("word {n}")).collect();
        writer.section("words", &words, 64).unwrap();
        writer.section("numbers", &[1_u32, 2, 3], 64).unwrap();
        writer.section::<u8>("none", &[], 64).unwrap();
        let mut bytes = Vec::new();
        writer.finish(KEY, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn sections_come_back_in_order() {
        let bytes = sample();
        let reader = Reader::open(&bytes, KEY).unwrap();
        let words: Vec<String> = reader.section("words").unwrap();
        assert_eq!((words.len(), words[999].as_str()), (1000, "word 999"));
        assert_eq!(reader.section::<u32>("numbers").unwrap(), [1, 2, 3]);
        assert!(reader.section::<u8>("none").unwrap().is_empty());
        assert!(reader.section::<u8>("else").is_err());
        assert!(Reader::open(&bytes, &KEY.replace('0', "1")).is_err(), "another key");
    }

    #[test]
    fn any_changed_byte_and_any_cut_is_noticed() {
        let bytes = sample();
        let whole = |bytes: &[u8]| -> Result<(Vec<String>, Vec<u32>), Damage> {
            let reader = Reader::open(bytes, KEY)?;
            Ok((reader.section("words")?, reader.section("numbers")?))
        };
        let want = whole(&bytes).unwrap();
        let mut silent = 0;
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            // One bit in the head of a zstd frame has no meaning.
            match whole(&changed) {
                Ok(read) => {
                    assert_eq!(read, want, "byte {at} of {}", bytes.len());
                    silent += 1;
                }
                Err(_) => {}
            }
        }
        assert!(silent < 100, "{silent} of {} changes go unnoticed", bytes.len());
        for end in [0, 7, 30, 43, 60, bytes.len() - 1] {
            assert!(whole(&bytes[..end]).is_err(), "cut at {end}");
        }
    }
}
