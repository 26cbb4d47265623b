//! Blocks of an OSM PBF file, one by one with their place in the file; packings that the decoder does not know (LZ4, zstd,
//! LZMA) are made plain.

use std::io::Read;

/// Longest header and longest block that the format allows, bytes.
const MAX_HEADER: usize = 64 << 10;
const MAX_BLOCK: usize = 32 << 20;
/// Memory that LZMA may ask for, kB.
const LZMA_KB: u32 = 256 << 10;

/// A block as it lies in the file: length of the header, header, body.
pub(super) struct Frame {
    /// First byte in the file.
    pub offset: u64,
    bytes: Vec<u8>,
    header: usize,
}

/// Blocks of a file in order; ends with the first that is cut off.
pub(super) struct Frames<R> {
    reader: R,
    at: u64,
    over: bool,
}

impl<R: Read> Frames<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, at: 0, over: false }
    }

    /// The next so many bytes.
    fn take(&mut self, n: usize, into: &mut Vec<u8>) -> Result<usize, String> {
        let took = self.reader.by_ref().take(n as u64).read_to_end(into).map_err(|e| format!("cannot be read: {e}"))?;
        self.at += took as u64;
        Ok(took)
    }

    fn frame(&mut self) -> Result<Option<Frame>, String> {
        let (offset, mut bytes) = (self.at, Vec::new());
        if self.take(4, &mut bytes)? == 0 {
            return Ok(None);
        }
        let cut = |what: &str, has: usize, wants: usize| {
            Err(format!("the file is cut off: {what} has {has} of {wants} bytes; get it again"))
        };
        let Ok(length) = <[u8; 4]>::try_from(&bytes[..]) else { return cut("the length of a block", bytes.len(), 4) };
        let header = u32::from_be_bytes(length) as usize;
        if header == 0 || header >= MAX_HEADER {
            return Err(format!(
                "not a PBF block: its header would have {header} bytes, expected 1 to {}",
                MAX_HEADER - 1
            ));
        }
        let has = self.take(header, &mut bytes)?;
        if has < header {
            return cut("the header of a block", has, header);
        }
        let size = fields(&bytes[4..]).find_map(|f| match f {
            (3, Field::Number(n)) => Some(n),
            _ => None,
        });
        let size = match size.map(usize::try_from) {
            Some(Ok(n)) if n <= MAX_BLOCK => n,
            Some(_) => return Err(format!("not a PBF block: it would have more than {MAX_BLOCK} bytes")),
            None => return Err("not a PBF block: its header does not say how long it is".into()),
        };
        let has = self.take(size, &mut bytes)?;
        if has < size { cut("a block", has, size) } else { Ok(Some(Frame { offset, bytes, header })) }
    }
}

impl<R: Read> Iterator for Frames<R> {
    type Item = Result<Frame, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.frame().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl Frame {
    /// The block as the decoder takes it: plain, or packed with zlib.
    pub fn plain(self) -> Result<Vec<u8>, String> {
        let (head, body) = self.bytes[4..].split_at(self.header);
        let (mut size, mut packed) = (0, None);
        for field in fields(body) {
            match field {
                (2, Field::Number(n)) => size = usize::try_from(n).unwrap_or(usize::MAX),
                (number @ 4..=7, Field::Bytes(bytes)) => packed = Some((number, bytes)),
                _ => {}
            }
        }
        let Some((number, packed)) = packed else { return Ok(self.bytes) };
        let plain = unpack(number, packed, size)?;
        let kind = fields(head).find_map(|f| match f {
            (1, Field::Bytes(kind)) => Some(kind),
            _ => None,
        });
        let mut body = Vec::with_capacity(plain.len() + 8);
        put(&mut body, 1, &plain);
        let mut head = Vec::new();
        put(&mut head, 1, kind.unwrap_or_default());
        head.push(3 << 3);
        varint(&mut head, body.len() as u64);
        let mut bytes = (head.len() as u32).to_be_bytes().to_vec();
        bytes.extend(head);
        bytes.extend(body);
        Ok(bytes)
    }
}

/// The content of a packed block of so many plain bytes; the packing is named by its field in the format.
fn unpack(field: u64, packed: &[u8], size: usize) -> Result<Vec<u8>, String> {
    if size > MAX_BLOCK {
        return Err(format!("the block would be longer than {MAX_BLOCK} bytes when it is unpacked"));
    }
    let mut plain = Vec::new();
    let all = |mut reader: &mut dyn Read, plain: &mut Vec<u8>| {
        Read::take(&mut reader, size as u64 + 1).read_to_end(plain).map(|_| ()).map_err(|e| e.to_string())
    };
    let (name, told) = match field {
        4 => {
            let reader = lzma_rust2::LzmaReader::new_mem_limit(packed, LZMA_KB, None);
            ("LZMA", reader.map_err(|e| e.to_string()).and_then(|mut reader| all(&mut reader, &mut plain)))
        }
        6 => {
            let told = lz4_flex::block::decompress(packed, size).map(|bytes| plain = bytes);
            ("LZ4", told.map_err(|e| e.to_string()))
        }
        7 => {
            let reader = zstd::Decoder::with_buffer(packed);
            ("zstd", reader.map_err(|e| e.to_string()).and_then(|mut reader| all(&mut reader, &mut plain)))
        }
        _ => {
            return Err(
                "the block is packed with bzip2, which the format gave up; expected zlib, zstd, LZ4, LZMA or none \
                        (osmium cat -f pbf)"
                    .into(),
            );
        }
    };
    told.map_err(|e| format!("the block's {name} packing is damaged: {e}"))?;
    if plain.len() == size {
        Ok(plain)
    } else {
        Err(format!("the block has another length than it says when it is unpacked ({name}), expected {size} bytes"))
    }
}

/// A value of a protocol buffer.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Fields of a message with their numbers, up to the first that is damaged.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = (u64, Field<'_>)> {
    std::iter::from_fn(move || {
        let key = number(&mut rest)?;
        let field = match key & 7 {
            0 => Field::Number(number(&mut rest)?),
            2 => {
                let length = usize::try_from(number(&mut rest)?).ok()?;
                let (bytes, after) = rest.split_at_checked(length)?;
                rest = after;
                Field::Bytes(bytes)
            }
            kind @ (1 | 5) => {
                let (bytes, after) = rest.split_at_checked(if kind == 1 { 8 } else { 4 })?;
                rest = after;
                Field::Bytes(bytes)
            }
            _ => return None,
        };
        Some((key >> 3, field))
    })
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// A file's blocks packed anew, for tests: `pack` tells field and bytes.
#[cfg(test)]
pub(super) fn repacked(file: &[u8], pack: impl Fn(&[u8]) -> (u8, Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in Frames::new(file) {
        let frame = frame.unwrap();
        let (head, body) = frame.bytes[4..].split_at(frame.header);
        let mut plain = Vec::new();
        for field in fields(body) {
            match field {
                (1, Field::Bytes(bytes)) => plain = bytes.to_vec(),
                (3, Field::Bytes(bytes)) => {
                    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut plain).unwrap();
                }
                _ => {}
            }
        }
        let (field, packed) = pack(&plain);
        let mut body = vec![2 << 3];
        varint(&mut body, plain.len() as u64);
        put(&mut body, field, &packed);
        let kind = fields(head).find_map(|f| if let (1, Field::Bytes(kind)) = f { Some(kind) } else { None });
        let mut head = Vec::new();
        put(&mut head, 1, kind.unwrap());
        head.push(3 << 3);
        varint(&mut head, body.len() as u64);
        out.extend((head.len() as u32).to_be_bytes());
        out.extend(head);
        out.extend(body);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzma_blocks_are_unpacked() {
        // Three words, as liblzma packs them alone.
        let digits = "5d00008000ffffffffffffffff00339d484694b6c8a085ae3590e3ffff9d200000";
        let digit = |n: usize| u8::from_str_radix(&digits[n * 2..n * 2 + 2], 16).unwrap();
        let packed: Vec<u8> = (0..digits.len() / 2).map(digit).collect();
        assert_eq!(unpack(4, &packed, 24).unwrap(), b"guanlan guanlan guanlan ");
        assert!(unpack(4, &packed, 23).unwrap_err().contains("another length"));
        for cut in 0..packed.len() - 6 {
            assert!(unpack(4, &packed[..cut], 24).is_err(), "{cut}");
        }
        assert!(unpack(7, &[1, 2, 3], 24).unwrap_err().contains("zstd"));
        assert!(unpack(6, &[0xf0, 255, 255], 24).unwrap_err().contains("LZ4"));
        assert!(unpack(6, &[], usize::MAX).is_err());
    }

    #[test]
    fn frames_tell_where_a_file_ends() {
        let ends = |bytes: &[u8]| Frames::new(bytes).last().and_then(Result::err).unwrap_or_default();
        assert!(ends(&[0, 0]).contains("the length of a block has 2 of 4 bytes"));
        assert!(ends(&[0, 0, 0, 9, 1]).contains("the header of a block has 1 of 9 bytes"));
        assert!(ends(&[0, 0, 0, 2, 0x18, 5, 1]).contains("a block has 1 of 5 bytes"));
        assert!(ends(&[0, 0, 0, 2, 0x10, 5, 1]).contains("does not say"));
        assert!(ends(&[0xff; 9]).contains("not a PBF block"));
        assert_eq!(ends(&[]), "");
    }
}
