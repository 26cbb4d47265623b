//! Text in other encodings, read as UTF-8 while it streams by.

use std::{
    borrow::Cow,
    io::{BufRead, Read, Result},
};

use encoding_rs::{Decoder, Encoding, GB18030, UTF_8, WINDOWS_1252};

const WESTERN: &str = "Windows-1252";

/// Bytes decoded at once.
const SHARE: usize = 1 << 16;

/// A reader whose text becomes UTF-8; what is not of the encoding becomes U+FFFD.
pub(super) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    text: Vec<u8>,
    at: usize,
    over: bool,
}

impl<R: BufRead> Transcoded<R> {
    pub fn new(inner: R, encoding: &'static Encoding) -> Self {
        Self { inner, decoder: encoding.new_decoder_with_bom_removal(), text: Vec::new(), at: 0, over: false }
    }
}

impl<R: BufRead> BufRead for Transcoded<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.at == self.text.len() && !self.over {
            let bytes = self.inner.fill_buf()?;
            let bytes = &bytes[..bytes.len().min(SHARE)];
            self.over = bytes.is_empty();
            let room = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(4 * SHARE);
            self.text.resize(room, 0);
            // There is room for everything: the decoder never stops early.
            let (_, read, written, _) = self.decoder.decode_to_utf8(bytes, &mut self.text, self.over);
            self.inner.consume(read);
            self.text.truncate(written);
            self.at = 0;
        }
        Ok(&self.text[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at = (self.at + n).min(self.text.len());
    }
}

impl<R: BufRead> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let text = self.fill_buf()?;
        let n = text.len().min(buffer.len());
        buffer[..n].copy_from_slice(&text[..n]);
        self.consume(n);
        Ok(n)
    }
}

/// A whole text of which nobody says the encoding: UTF-8, else GB 18030 when that fits, else Western European. Tells the
/// encoding that was taken for bytes that are no UTF-8.
pub(super) fn text(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), None);
    }
    // Chinese bytes come in pairs of high ones more often than not; accents of other languages stand alone.
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    let paired = bytes.chunk_by(|a, b| *a >= 0x80 && *b >= 0x80).filter(|run| run.len() > 1 && run[0] >= 0x80);
    let chinese = paired.map(<[u8]>::len).sum::<usize>() * 2 > high;
    let plain = GB18030.decode_without_bom_handling_and_without_replacement(bytes).filter(|_| chinese);
    match plain {
        Some(text) => (text, Some("GB 18030")),
        None => (WINDOWS_1252.decode_without_bom_handling(bytes).0, Some(WESTERN)),
    }
}

/// The encoding of a text that is no UTF-8, with its name, by what stands around its first such byte.
pub(super) fn other_than_utf8(mut file: impl BufRead) -> Result<Option<(&'static Encoding, &'static str)>> {
    let mut seen: Vec<u8> = Vec::new();
    let mut foreign = false;
    loop {
        let bytes = file.fill_buf()?;
        let count = bytes.len();
        seen.extend_from_slice(bytes);
        file.consume(count);
        if !foreign {
            match std::str::from_utf8(&seen) {
                Ok(_) => seen.clear(),
                // A character may be cut in two where a share ends.
                Err(e) if e.error_len().is_none() && count > 0 => drop(seen.drain(..e.valid_up_to())),
                Err(_) => foreign = true,
            }
        }
        if foreign && (seen.len() >= SHARE || count == 0) {
            // No character of GB 18030 has a quotation mark or a line's end in it: up to there it is whole.
            let end = seen.iter().rposition(|b| matches!(b, b'"' | b'\n')).map_or(seen.len(), |at| at + 1);
            return Ok(text(&seen[..end]).1.map(|name| (if name == WESTERN { WINDOWS_1252 } else { GB18030 }, name)));
        }
        if count == 0 {
            return Ok(None);
        }
    }
}

/// What an XML declaration says of its encoding: `None` for UTF-8 or nothing, an error for one that nobody knows.
pub(super) fn of_xml(head: &[u8]) -> std::result::Result<Option<&'static Encoding>, String> {
    let head = &head[..head.len().min(256)];
    let head = String::from_utf8_lossy(head);
    let Some((declaration, _)) = head.split_once("?>").filter(|(start, _)| start.trim_start().starts_with("<?xml"))
    else {
        return Ok(None);
    };
    let Some((_, rest)) = declaration.split_once("encoding") else { return Ok(None) };
    let rest = rest.trim_start().strip_prefix('=').unwrap_or(rest).trim_start();
    let name = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or_default(),
        _ => return Ok(None),
    };
    match Encoding::for_label(name.as_bytes()) {
        // UTF-16 that is read as bytes up to here is not UTF-16.
        Some(known) if known == UTF_8 || !known.is_ascii_compatible() => Ok(None),
        Some(known) => Ok(Some(known)),
        None => Err(format!("the encoding '{name}' is unknown; expected UTF-8, save the file in it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_encoding_streams_as_utf8() {
        let text = "<name>观澜路 Straße</name>".repeat(9000);
        let (gb, _, lost) = encoding_rs::GB18030.encode(&text);
        assert!(!lost);
        let mut back = String::new();
        Transcoded::new(&gb[..], encoding_rs::GBK).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for share in [1, 3, 4096] {
            let reader = std::io::BufReader::with_capacity(share, &wide[..2000]);
            back.clear();
            Transcoded::new(reader, encoding_rs::UTF_16BE).read_to_string(&mut back).unwrap();
            assert!(text.starts_with(&back) && back.len() > 900, "{share}");
        }
        back.clear();
        Transcoded::new(&[0xff, 0xfe, b'a'][..], encoding_rs::UTF_16LE).read_to_string(&mut back).unwrap();
        assert_eq!(back, "\u{fffd}", "half a character");
    }

    #[test]
    fn texts_without_a_name_are_told_apart() {
        let (chinese, _, _) = encoding_rs::GBK.encode("[JUNCTIONS]\n检查井1 3.5 ;中山路口\n");
        let read = text(&chinese);
        assert!(read.0.contains("检查井1 3.5 ;中山路口") && read.1 == Some("GB 18030"), "{read:?}");
        let read = text(b"[TITLE]\nK\xf6ln, Caf\xe9 \xa9\n");
        assert_eq!((read.0.as_ref(), read.1), ("[TITLE]\nKöln, Café ©\n", Some("Windows-1252")));
        assert_eq!(text("\u{feff}井".as_bytes()), (Cow::Borrowed("井"), None));
    }

    #[test]
    fn declarations_name_encodings() {
        let of = |head: &str| of_xml(head.as_bytes()).map(|e| e.map(Encoding::name));
        assert_eq!(of("<?xml version='1.0' encoding='ISO-8859-1'?><osm>"), Ok(Some("windows-1252")));
        assert_eq!(of("<?xml version=\"1.0\" encoding = \"gb2312\" ?>"), Ok(Some("GBK")));
        assert_eq!(of("<?xml version='1.0' encoding='utf-8'?>"), Ok(None));
        assert_eq!(of("<osm encoding='x'>?>"), Ok(None));
        assert!(of("<?xml encoding='klingon'?>").is_err());
    }
}
