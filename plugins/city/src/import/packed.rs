//! Files as they are, or packed with gzip, bzip2, xz or zstd, or text in UTF-16: read as a stream, never unpacked to disk or as a whole.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read, Result},
    path::Path,
};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::transcode::Transcoded;

/// Bytes read at once.
const BUFFER: usize = 1 << 17;
/// Most that a packed file may become, bytes.
const MAX_UNPACKED: u64 = 256 << 30;

const UTF_16LE: &str = "UTF-16";
const UTF_16BE: &str = "UTF-16, big-endian";

/// Most memory that unpacking may ask for, bytes.
const MAX_DICTIONARY: u64 = 256 << 20;

/// Packings by the first bytes, and those of them that are read here; archives are read by [`super::archive`].
const PACKINGS: [(&[u8], &str, bool); 9] = [
    (b"\x1f\x8b", "gzip", true),
    (b"\x28\xb5\x2f\xfd", "zstd", true),
    (b"BZh", "bzip2", true),
    (b"\xfd7zXZ\0", "xz", true),
    (b"PK\x03\x04", "zip", false),
    (b"7z\xbc\xaf\x27\x1c", "7z", false),
    (b"Rar!\x1a\x07", "RAR", false),
    // Text whose bytes are not the ones that were meant is unpacked, too.
    (b"\xff\xfe", UTF_16LE, true),
    (b"\xfe\xff", UTF_16BE, true),
];

/// Name of what a whole file is packed with, and whether it is read all the same.
pub(super) fn packing(head: &[u8]) -> Option<(&'static str, bool)> {
    PACKINGS.iter().find(|(magic, ..)| head.starts_with(magic)).map(|(_, name, read)| (*name, *read))
}

/// True for a file that is unpacked while it is read.
pub(super) fn is_packed(path: &Path) -> bool {
    let mut head = Vec::new();
    let told = File::open(path).and_then(|f| f.take(6).read_to_end(&mut head));
    told.is_ok() && packing(&head).is_some_and(|(_, read)| read)
}

/// A file's name in lower case, without what its packing adds.
pub(super) fn plain_name(path: &Path) -> String {
    without_packing(&name_of(path)).to_owned()
}

/// A file's name in lower case.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

/// A name without what its packing adds.
pub(super) fn without_packing(name: &str) -> &str {
    let ends = [".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz"];
    let cut = |end: &&str| {
        let at = name.len().checked_sub(end.len())?;
        name.get(at..)?.eq_ignore_ascii_case(end).then(|| &name[..at])
    };
    ends.iter().find_map(cut).unwrap_or(name)
}

/// The content of a file from its beginning.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let kind = packing(file.fill_buf()?);
    Ok(match kind {
        Some(("gzip", _)) => wrapped("gzip", MultiGzDecoder::new(file)),
        Some(("bzip2", _)) => wrapped("bzip2", MultiBzDecoder::new(file)),
        Some(("xz", _)) => {
            let asked = xz_dictionary(file.fill_buf()?).unwrap_or(0);
            if asked > MAX_DICTIONARY {
                let text = format!(
                    "the xz packing asks for {} MiB of memory, at most 256 are given; unpack it first",
                    asked >> 20
                );
                return Err(std::io::Error::other(text));
            }
            wrapped("xz", XzReader::new(file, true))
        }
        Some(("zstd", _)) => wrapped("zstd", zstd::Decoder::with_buffer(file)?),
        Some((UTF_16LE, _)) => Box::new(Transcoded::new(file, encoding_rs::UTF_16LE)),
        Some((UTF_16BE, _)) => Box::new(Transcoded::new(file, encoding_rs::UTF_16BE)),
        _ => Box::new(file),
    })
}

/// Memory that the first block of an xz file asks for, bytes.
fn xz_dictionary(head: &[u8]) -> Option<u64> {
    let flags = *head.get(13)?;
    let mut rest = head.get(14..)?;
    let mut number = || {
        let end = rest.iter().position(|b| *b < 0x80)?;
        let (digits, after) = rest.split_at(end + 1);
        rest = after;
        digits.iter().rev().try_fold(0_u64, |n, b| Some(n.checked_mul(128)? + u64::from(b & 0x7f)))
    };
    // Sizes of the block, when they are there.
    for _ in 0..(flags >> 6).count_ones() {
        number()?;
    }
    for _ in 0..=flags & 3 {
        let (id, long) = (number()?, usize::try_from(number()?).ok()?);
        if id == 0x21 {
            let bits = number()?;
            return Some(if bits >= 40 { u64::from(u32::MAX) } else { (2 | bits & 1) << (bits / 2 + 11) });
        }
        for _ in 0..long {
            number()?;
        }
    }
    None
}

/// Says of an error whose it is and what to do.
struct Named<R>(&'static str, R);

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.1.read(buffer).map_err(|e| {
            let text = format!("the {} packing is damaged or cut off: {e}; get the file again", self.0);
            std::io::Error::new(e.kind(), text)
        })
    }
}

fn wrapped(name: &'static str, unpacked: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(BUFFER, Named(name, unpacked).take(MAX_UNPACKED)))
}

/// All of a file that is at most `most` bytes long when it is unpacked.
pub(super) fn read_all(path: &Path, most: u64) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let reader = open(path).map_err(|e| format!("cannot be read: {e}"))?;
    reader.take(most + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() as u64 > most { Err(format!("more than {most} bytes")) } else { Ok(bytes) }
}

/// A file from a byte on, wherever that lies in its packing.
pub(super) fn open_from(path: &Path, from: u64) -> Result<Box<dyn BufRead + Send>> {
    if is_packed(path) {
        let mut reader = open(path)?;
        std::io::copy(&mut reader.by_ref().take(from), &mut std::io::sink())?;
        return Ok(reader);
    }
    let mut file = File::open(path)?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from))?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
}

/// Bytes in place of a file, from one of them on.
pub(super) fn bytes_from(bytes: &[u8], from: u64) -> Box<dyn BufRead + Send + '_> {
    Box::new(Cursor::new(bytes.get(usize::try_from(from).unwrap_or(usize::MAX)..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn packed_files_read_like_plain_ones() {
        let dir = tempfile::tempdir().unwrap();
        let text: String = (0..100_000).map(|n| format!("{n}\n")).collect();
        let plain = dir.path().join("a.Osm.GZ");
        let read = |path: &Path, from: u64| {
            let mut out = String::new();
            open_from(path, from).unwrap().read_to_string(&mut out).map(|_| out)
        };
        // Two members after each other, as pigz and cat make them.
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&text.as_bytes()[..1000]).unwrap();
        let mut bytes = gz.finish().unwrap();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&text.as_bytes()[1000..]).unwrap();
        bytes.extend(gz.finish().unwrap());
        std::fs::write(&plain, &bytes).unwrap();
        assert_eq!((plain_name(&plain).as_str(), is_packed(&plain)), ("a.osm", true));
        assert_eq!(read(&plain, 0).unwrap(), text);
        assert_eq!(read(&plain, 5000).unwrap(), text[5000..]);
        std::fs::write(&plain, &bytes[..bytes.len() / 2]).unwrap();
        assert!(read(&plain, 0).is_err(), "cut off");
        // Two streams after each other, as pbzip2 makes them.
        let bz = |text: &[u8]| {
            let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            bz.write_all(text).unwrap();
            bz.finish().unwrap()
        };
        bytes = [bz(&text.as_bytes()[..3000]), bz(&text.as_bytes()[3000..])].concat();
        std::fs::write(&plain, &bytes).unwrap();
        assert_eq!(read(&plain, 2999).unwrap(), text[2999..]);
        std::fs::write(&plain, &bytes[..bytes.len() / 2]).unwrap();
        assert!(read(&plain, 0).is_err(), "cut off");
        // Three lines of one word, as xz 5 packs them.
        let digits = "fd377a585a000004e6d6b4460200210116000000742fe5a3e00017000d5d00339d484694b6c89775b562e00000000000\
                      5ed4b94e3b319fd80001291896b2ac771fb6f37d010000000004595a";
        let digit = |n: usize| u8::from_str_radix(&digits[n * 2..n * 2 + 2], 16).unwrap();
        let xz: Vec<u8> = (0..digits.len() / 2).map(digit).collect();
        std::fs::write(&plain, &xz).unwrap();
        assert_eq!((read(&plain, 8).unwrap().as_str(), is_packed(&plain)), ("guanlan\nguanlan\n", true));
        assert_eq!(xz_dictionary(&xz), Some(8 << 20));
        let mut greedy = xz.clone();
        greedy[16] = 40;
        std::fs::write(&plain, &greedy).unwrap();
        assert!(open(&plain).err().unwrap().to_string().contains("4095 MiB"));
        for cut in 6..xz.len() {
            std::fs::write(&plain, &xz[..cut]).unwrap();
            assert!(read(&plain, 0).is_err(), "cut off after {cut} bytes");
        }
        std::fs::write(&plain, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        assert_eq!(read(&plain, 77).unwrap(), text[77..]);
        std::fs::write(&plain, &text).unwrap();
        assert_eq!((read(&plain, 77).unwrap().as_str(), is_packed(&plain)), (&text[77..], false));
        assert!(read_all(&plain, 10).unwrap_err().contains("more than 10"));
    }
}
