//! dBASE tables beside shapefiles: attributes in whatever encoding the writer had.
//!
//! The encoding is the `.cpg` file's, else the language driver's, else what the bytes can only be: UTF-8, GBK, or
//! Western European.

use std::{fs, path::Path};

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};
use serde_json::{Map, Value};

use crate::import::{Report, Severity};

struct Field {
    name: Vec<u8>,
    kind: u8,
    start: usize,
    end: usize,
}

/// The records of a table, `None` for deleted ones.
pub fn read(path: &Path, report: &mut Report) -> Result<Vec<Option<Map<String, Value>>>, String> {
    let bytes = fs::read(path).map_err(|e| format!("cannot be read: {e}"))?;
    let page =
        fs::read_to_string(path.with_extension("cpg")).or_else(|_| fs::read_to_string(path.with_extension("CPG")));
    records(&bytes, page.ok().as_deref(), report)
}

fn records(bytes: &[u8], page: Option<&str>, report: &mut Report) -> Result<Vec<Option<Map<String, Value>>>, String> {
    let head: &[u8; 32] = bytes.first_chunk().ok_or("shorter than a header of 32 bytes")?;
    let promised = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    let (start, length) =
        (usize::from(u16::from_le_bytes([head[8], head[9]])), usize::from(u16::from_le_bytes([head[10], head[11]])));
    if start < 33 || start > bytes.len() || length < 1 {
        return Err(format!("a header of {start} bytes and records of {length} are impossible"));
    }
    let mut fields = Vec::new();
    let mut at = 1;
    for field in bytes[32..start].chunks_exact(32).take_while(|f| f[0] != 0x0d) {
        let name: Vec<u8> = field[..11].iter().copied().take_while(|b| *b != 0).collect();
        // Texts may be longer than 255: the decimals are the high byte.
        let wide = if field[11] == b'C' { usize::from(field[17]) << 8 } else { 0 };
        let end = at + usize::from(field[16]) + wide;
        fields.push(Field { name, kind: field[11], start: at, end });
        at = end;
    }
    let data = &bytes[start..];
    let n = promised.min(data.len() / length);
    if n < promised {
        let text = format!("the header promises {promised} records, the file has {n}");
        report.note(Severity::Repaired, ".dbf", text);
    }
    let rows = || data.chunks_exact(length).take(n);
    let encoding = encoding(page, head[29]).unwrap_or_else(|| {
        let texts = || {
            let names = fields.iter().map(|f| &f.name[..]);
            let fields = fields.iter().filter(|f| f.kind == b'C');
            names.chain(rows().flat_map(move |r| fields.clone().filter_map(|f| r.get(f.start..f.end.min(r.len())))))
        };
        let guess = guess(texts);
        if texts().any(|t| !t.is_ascii()) {
            let text = format!("no .cpg file and no language in the header; texts read as {}", guess.name());
            report.note(Severity::Guessed, ".dbf", text);
        }
        guess
    });
    let text = |bytes: &[u8]| encoding.decode_without_bom_handling(bytes).0.trim_matches([' ', '\0']).to_owned();
    let names: Vec<String> = fields.iter().map(|f| text(&f.name)).collect();
    let mut out = Vec::with_capacity(n);
    for row in rows() {
        if row[0] == b'*' {
            out.push(None);
            continue;
        }
        let mut record = Map::new();
        for (field, name) in fields.iter().zip(&names) {
            let Some(cell) = row.get(field.start..field.end.min(row.len())) else { continue };
            let plain = text(cell);
            let value = match field.kind {
                b'N' | b'F' => plain.parse::<f64>().ok().filter(|v| v.is_finite()).map(Value::from),
                b'I' => cell.first_chunk().map(|b| Value::from(i32::from_le_bytes(*b))),
                b'B' | b'O' => cell.first_chunk().map(|b| Value::from(f64::from_le_bytes(*b))),
                b'L' => match plain.as_str() {
                    "T" | "t" | "Y" | "y" => Some(Value::from(true)),
                    "F" | "f" | "N" | "n" => Some(Value::from(false)),
                    _ => None,
                },
                _ => Some(plain).filter(|t| !t.is_empty()).map(Value::from),
            };
            if let Some(value) = value {
                record.insert(name.clone(), value);
            }
        }
        out.push(Some(record));
    }
    Ok(out)
}

/// By the words of a `.cpg` file or the byte of the language driver.
fn encoding(page: Option<&str>, driver: u8) -> Option<&'static Encoding> {
    if let Some(page) = page {
        let word = page.trim_start_matches('\u{feff}').trim();
        let digits: String = word.chars().filter(char::is_ascii_digit).collect();
        let known = Encoding::for_label(word.as_bytes()).or(match digits.as_str() {
            "936" | "54936" => Some(GBK),
            "950" => Some(BIG5),
            "932" => Some(SHIFT_JIS),
            "949" => Some(EUC_KR),
            "65001" => Some(UTF_8),
            "1250" => Some(WINDOWS_1250),
            "1251" => Some(WINDOWS_1251),
            "1252" | "88591" => Some(WINDOWS_1252),
            _ => None,
        });
        if known.is_some() {
            return known;
        }
    }
    Some(match driver {
        0x4d | 0x7a => GBK,
        0x4f | 0x78 => BIG5,
        0x13 | 0x7b => SHIFT_JIS,
        0x4e | 0x79 => EUC_KR,
        0x03 | 0x58 | 0x59 => WINDOWS_1252,
        0xc8 => WINDOWS_1250,
        0xc9 => WINDOWS_1251,
        // 0x57 is "ANSI", whatever that was on the writer's machine.
        _ => return None,
    })
}

fn guess<'a, I: Iterator<Item = &'a [u8]>>(texts: impl Fn() -> I) -> &'static Encoding {
    // Fixed widths cut the last character of a text: its tail is not held against an encoding.
    let fits = |encoding: &'static Encoding| {
        texts().all(|t| {
            let end = t.iter().rposition(|b| *b != b' ' && *b != 0).map_or(0, |i| i + 1);
            let full = end == t.len();
            (0..=if full { 3.min(end) } else { 0 }).any(|cut| !encoding.decode_without_bom_handling(&t[..end - cut]).1)
        })
    };
    [UTF_8, GBK].into_iter().find(|e| fits(e)).unwrap_or(WINDOWS_1252)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A table of one text and one number.
    fn table(texts: &[&[u8]], driver: u8) -> Vec<u8> {
        let (start, length) = (32 + 64 + 1, 1 + 12 + 8);
        let mut bytes = vec![0_u8; 32];
        bytes[0] = 3;
        bytes[4..8].copy_from_slice(&(texts.len() as u32).to_le_bytes());
        bytes[8..10].copy_from_slice(&(start as u16).to_le_bytes());
        bytes[10..12].copy_from_slice(&(length as u16).to_le_bytes());
        bytes[29] = driver;
        for (name, kind, width) in [(&b"NAME"[..], b'C', 12), (b"H", b'N', 8)] {
            let mut field = [0_u8; 32];
            field[..name.len()].copy_from_slice(name);
            (field[11], field[16]) = (kind, width);
            bytes.extend(field);
        }
        bytes.push(0x0d);
        for (i, text) in texts.iter().enumerate() {
            let mut row = vec![b' '; length];
            row[1..1 + text.len()].copy_from_slice(text);
            row[13..13 + 4].copy_from_slice(if i == 0 { b"12.5" } else { b"****" });
            bytes.extend(row);
        }
        bytes
    }

    fn first(bytes: &[u8], page: Option<&str>) -> (String, Report) {
        let mut report = Report::default();
        let rows = records(bytes, page, &mut report).unwrap();
        (rows[0].as_ref().unwrap()["NAME"].as_str().unwrap().to_owned(), report)
    }

    #[test]
    fn chinese_texts_in_every_encoding() {
        let gbk = [0xd6, 0xd0, 0xb9, 0xfa, 0xc2, 0xb7];
        let utf8 = "中国路".as_bytes();
        assert_eq!(first(&table(&[&gbk], 0), Some("GBK")).0, "中国路");
        assert_eq!(first(&table(&[&gbk], 0), Some("936\r\n")).0, "中国路");
        assert_eq!(first(&table(&[&gbk], 0x4d), None).0, "中国路");
        assert_eq!(first(&table(&[utf8], 0x4d), Some("UTF-8")).0, "中国路", "the .cpg wins");
        for bytes in [&gbk[..], utf8] {
            let (text, report) = first(&table(&[bytes], 0), None);
            assert_eq!(text, "中国路");
            assert!(report.problems[0].message.contains("texts read as"), "{report:?}");
        }
        let mut report = Report::default();
        let rows = records(&table(&[b"a", b"b"], 0), None, &mut report).unwrap();
        assert_eq!(rows[0].as_ref().unwrap()["H"], 12.5);
        assert!(!rows[1].as_ref().unwrap().contains_key("H"), "an overflown number is no number");
        assert!(report.problems.is_empty());
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..150, byte: u8) {
            let _ = records(&bytes, None, &mut Report::default());
            let mut changed = table(&[b"abc", "中国".as_bytes()], 0);
            let n = changed.len();
            changed[at % n] = byte;
            let _ = records(&changed, None, &mut Report::default());
            let _ = records(&changed[..at % n], Some("GBK"), &mut Report::default());
        }
    }
}
