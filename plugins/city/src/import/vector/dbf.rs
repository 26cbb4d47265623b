//! dBASE tables beside shapefiles: attributes in whatever encoding the writer had.
//!
//! The encoding is the `.cpg` file's, else the language driver's, else what the bytes can only be: UTF-8, GBK, or
//! Western European.

use std::{
    fs::{self, File},
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252};
use serde_json::{Map, Value};

use crate::import::{Report, Severity};

struct Field {
    name: String,
    kind: u8,
    start: usize,
    end: usize,
}

/// A table, read row by row.
pub struct Table<R> {
    reader: R,
    fields: Vec<Field>,
    encoding: &'static Encoding,
    /// Rows in the file.
    pub rows: usize,
    /// Rows that were not read yet.
    left: usize,
    row: Vec<u8>,
}

/// Opens a table.
pub fn open(path: &Path, report: &mut Report) -> Result<Table<BufReader<File>>, String> {
    let file = File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    let page =
        fs::read_to_string(path.with_extension("cpg")).or_else(|_| fs::read_to_string(path.with_extension("CPG")));
    Table::new(BufReader::with_capacity(1 << 17, file), page.ok().as_deref(), report)
}

impl<R: Read + Seek> Table<R> {
    fn new(mut reader: R, page: Option<&str>, report: &mut Report) -> Result<Self, String> {
        let io = |e: std::io::Error| format!("cannot be read: {e}");
        let mut head = [0; 32];
        reader.read_exact(&mut head).map_err(|_| "shorter than a header of 32 bytes")?;
        let size = reader.seek(SeekFrom::End(0)).map_err(io)?;
        let promised = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let (start, length) = (
            usize::from(u16::from_le_bytes([head[8], head[9]])),
            usize::from(u16::from_le_bytes([head[10], head[11]])),
        );
        if start < 33 || start as u64 > size || length < 1 {
            return Err(format!("a header of {start} bytes and records of {length} are impossible"));
        }
        let mut described = vec![0; start - 32];
        reader.seek(SeekFrom::Start(32)).and_then(|_| reader.read_exact(&mut described)).map_err(io)?;
        let mut fields = Vec::new();
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut at = 1;
        for field in described.chunks_exact(32).take_while(|f| f[0] != 0x0d) {
            names.push(field[..11].iter().copied().take_while(|b| *b != 0).collect());
            // Texts may be longer than 255: the decimals are the high byte.
            let wide = if field[11] == b'C' { usize::from(field[17]) << 8 } else { 0 };
            let end = at + usize::from(field[16]) + wide;
            fields.push(Field { name: String::new(), kind: field[11], start: at, end });
            at = end;
        }
        let rows = promised.min(usize::try_from((size - start as u64) / length as u64).unwrap_or(usize::MAX));
        if rows < promised {
            let text = format!("the header promises {promised} records, the file has {rows}");
            report.note(Severity::Repaired, ".dbf", text);
        }
        let mut table = Self { reader, fields, encoding: UTF_8, rows, left: rows, row: vec![0; length] };
        table.encoding = match encoding(page, head[29]) {
            Some(known) => known,
            None => {
                table.reader.seek(SeekFrom::Start(start as u64)).map_err(io)?;
                table.guess(&names, report).map_err(io)?
            }
        };
        for (field, name) in table.fields.iter_mut().zip(&names) {
            field.name = decoded(table.encoding, name);
        }
        table.reader.seek(SeekFrom::Start(start as u64)).map_err(io)?;
        Ok(table)
    }

    /// What the texts of all rows can only be.
    fn guess(&mut self, names: &[Vec<u8>], report: &mut Report) -> std::io::Result<&'static Encoding> {
        let mut open: Vec<&'static Encoding> = vec![UTF_8, GBK];
        let mut plain = true;
        let mut look = |text: &[u8]| {
            plain &= text.is_ascii();
            if !text.is_ascii() {
                open.retain(|encoding| fits(*encoding, text));
            }
        };
        names.iter().for_each(|name| look(name));
        for _ in 0..self.rows {
            self.reader.read_exact(&mut self.row)?;
            for field in self.fields.iter().filter(|f| f.kind == b'C') {
                if let Some(text) = self.row.get(field.start..field.end.min(self.row.len())) {
                    look(text);
                }
            }
        }
        let guess = open.first().copied().unwrap_or(WINDOWS_1252);
        if !plain {
            let text = format!("no .cpg file and no language in the header; texts read as {}", guess.name());
            report.note(Severity::Guessed, ".dbf", text);
        }
        Ok(guess)
    }
}

/// The rows, `None` for deleted ones.
impl<R: Read> Iterator for Table<R> {
    type Item = Result<Option<Map<String, Value>>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        if let Err(error) = self.reader.read_exact(&mut self.row) {
            self.left = 0;
            return Some(Err(format!("cannot be read: {error}")));
        }
        if self.row[0] == b'*' {
            return Some(Ok(None));
        }
        let mut record = Map::new();
        for field in &self.fields {
            let Some(cell) = self.row.get(field.start..field.end.min(self.row.len())) else { continue };
            let plain = decoded(self.encoding, cell);
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
                record.insert(field.name.clone(), value);
            }
        }
        Some(Ok(Some(record)))
    }
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.trim_matches([' ', '\0']).to_owned()
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

/// Can a text be in an encoding? Fixed widths cut the last character: its tail is not held against it.
fn fits(encoding: &'static Encoding, text: &[u8]) -> bool {
    let end = text.iter().rposition(|b| *b != b' ' && *b != 0).map_or(0, |i| i + 1);
    let full = end == text.len();
    (0..=if full { 3.min(end) } else { 0 }).any(|cut| !encoding.decode_without_bom_handling(&text[..end - cut]).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All rows of a table.
    fn records(
        bytes: &[u8],
        page: Option<&str>,
        report: &mut Report,
    ) -> Result<Vec<Option<Map<String, Value>>>, String> {
        Table::new(std::io::Cursor::new(bytes), page, report)?.collect()
    }

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
