//! Files as they are, or packed with gzip or zstd: read as a stream, never unpacked to disk or as a whole.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read, Result},
    path::Path,
};

use flate2::bufread::MultiGzDecoder;

/// Bytes read at once.
const BUFFER: usize = 1 << 17;
/// Most that a packed file may become, bytes.
const MAX_UNPACKED: u64 = 256 << 30;

/// Packings by the first bytes, and those of them that are read.
const PACKINGS: [(&[u8], &str, bool); 6] = [
    (b"\x1f\x8b", "gzip", true),
    (b"\x28\xb5\x2f\xfd", "zstd", true),
    (b"BZh", "bzip2", false),
    (b"\xfd7zXZ\0", "xz", false),
    (b"PK\x03\x04", "zip", false),
    (b"7z\xbc\xaf\x27\x1c", "7z", false),
];

/// Name of what a whole file is packed with, and whether it is read all the same.
pub(super) fn packing(head: &[u8]) -> Option<(&'static str, bool)> {
    PACKINGS.iter().find(|(magic, ..)| head.starts_with(magic)).map(|(_, name, read)| (*name, *read))
}

/// True for a file that is unpacked while it is read.
pub(super) fn is_packed(path: &Path) -> bool {
    let mut head = Vec::new();
    let told = File::open(path).and_then(|f| f.take(4).read_to_end(&mut head));
    told.is_ok() && packing(&head).is_some_and(|(_, read)| read)
}

/// A file's name in lower case, without what its packing adds.
pub(super) fn plain_name(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let ends = [".gz", ".gzip", ".zst", ".zstd"];
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}

/// The content of a file from its beginning.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let kind = packing(file.fill_buf()?);
    Ok(match kind {
        Some(("gzip", _)) => wrapped(MultiGzDecoder::new(file)),
        Some(("zstd", _)) => wrapped(zstd::Decoder::with_buffer(file)?),
        _ => Box::new(file),
    })
}

fn wrapped(unpacked: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(BUFFER, unpacked.take(MAX_UNPACKED)))
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
        std::fs::write(&plain, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        assert_eq!(read(&plain, 77).unwrap(), text[77..]);
        std::fs::write(&plain, &text).unwrap();
        assert_eq!((read(&plain, 77).unwrap().as_str(), is_packed(&plain)), (&text[77..], false));
        assert!(read_all(&plain, 10).unwrap_err().contains("more than 10"));
    }
}
