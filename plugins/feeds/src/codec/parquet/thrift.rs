//! Thrift's compact protocol, as far as Parquet's metadata needs it.

/// A value; structs keep their fields by number.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Booleans.
    Bool(bool),
    /// All integers.
    Int(i64),
    /// Floating point.
    Double(f64),
    /// Strings and bytes.
    Bytes(Vec<u8>),
    /// Lists and sets.
    List(Vec<Value>),
    /// Structs.
    Struct(Vec<(i16, Value)>),
}

/// Values below each other at most.
const DEEPEST: usize = 32;

impl Value {
    /// A field of a struct.
    pub fn field(&self, id: i16) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.iter().find(|(i, _)| *i == id).map(|(_, v)| v),
            _ => None,
        }
    }

    /// An integer field.
    pub fn int(&self, id: i16) -> Option<i64> {
        match self.field(id)? {
            Self::Int(n) => Some(*n),
            _ => None,
        }
    }

    /// A list field; empty when it is not there.
    pub fn list(&self, id: i16) -> &[Self] {
        match self.field(id) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }

    /// A text field.
    pub fn text(&self, id: i16) -> Option<String> {
        match self.field(id)? {
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        }
    }
}

/// Reads one struct; returns it and how many bytes it took.
pub fn read(bytes: &[u8]) -> Option<(Value, usize)> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.structure(0)?;
    Some((value, reader.at))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let b = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(b)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..70).step_by(7) {
            let b = self.byte()?;
            n |= u64::from(b & 0x7F).checked_shl(shift)?;
            if b & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let n = self.varint()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    fn structure(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let (mut fields, mut last) = (Vec::new(), 0i16);
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(Value::Struct(fields));
            }
            let delta = head >> 4;
            let id = if delta == 0 { i16::try_from(self.zigzag()?).ok()? } else { last.checked_add(i16::from(delta))? };
            last = id;
            let value = match head & 15 {
                1 => Value::Bool(true),
                2 => Value::Bool(false),
                kind => self.value(kind, depth)?,
            };
            fields.push((id, value));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<Value> {
        Some(match kind {
            1 | 2 => Value::Bool(self.byte()? == 1),
            3 => Value::Int(i64::from(self.byte()? as i8)),
            4..=6 => Value::Int(self.zigzag()?),
            7 => {
                let raw = self.bytes.get(self.at..self.at + 8)?;
                self.at += 8;
                Value::Double(f64::from_le_bytes(raw.try_into().ok()?))
            }
            8 => {
                let len = usize::try_from(self.varint()?).ok()?;
                let raw = self.bytes.get(self.at..self.at.checked_add(len)?)?;
                self.at += len;
                Value::Bytes(raw.to_vec())
            }
            9 | 10 => {
                let head = self.byte()?;
                let len = if head >> 4 == 15 { usize::try_from(self.varint()?).ok()? } else { usize::from(head >> 4) };
                // Every element takes at least a byte.
                if len > self.bytes.len() - self.at {
                    return None;
                }
                Value::List((0..len).map(|_| self.value(head & 15, depth + 1)).collect::<Option<_>>()?)
            }
            12 => self.structure(depth + 1)?,
            _ => return None,
        })
    }
}
