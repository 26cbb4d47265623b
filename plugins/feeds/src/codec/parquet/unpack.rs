//! What pages are packed with: Snappy here, gzip and zstd by their crates; hybrid run lengths and bit packing.

use std::io::Read;

/// Unpacks a page of `size` bytes.
pub fn page(codec: i64, packed: &[u8], size: usize) -> Result<Vec<u8>, String> {
    let read = |mut reader: Box<dyn Read + '_>| {
        let mut plain = Vec::new();
        let most = size as u64 + 1;
        reader.by_ref().take(most).read_to_end(&mut plain).map_err(|e| e.to_string())?;
        Ok::<_, String>(plain)
    };
    let plain = match codec {
        0 => packed.to_vec(),
        1 => snappy(packed, size).ok_or("a damaged Snappy page")?,
        2 => read(Box::new(flate2::read::MultiGzDecoder::new(packed)))?,
        6 => read(Box::new(zstd::Decoder::new(packed).map_err(|e| e.to_string())?))?,
        other => return Err(format!("compression {other} is not read: expected none, snappy, gzip or zstd")),
    };
    if plain.len() == size { Ok(plain) } else { Err(format!("a page of {} bytes, expected {size}", plain.len())) }
}

/// Raw Snappy.
fn snappy(packed: &[u8], size: usize) -> Option<Vec<u8>> {
    let (mut at, mut len, mut shift) = (0, 0u64, 0);
    loop {
        let b = *packed.get(at)?;
        at += 1;
        len |= u64::from(b & 0x7F) << shift;
        shift += 7;
        if b & 0x80 == 0 {
            break;
        }
        if shift > 28 {
            return None;
        }
    }
    if len != size as u64 {
        return None;
    }
    let mut out: Vec<u8> = Vec::with_capacity(size.min(packed.len().saturating_mul(64)));
    while at < packed.len() {
        let tag = packed[at];
        at += 1;
        let number = |n: usize| -> Option<usize> {
            let raw = packed.get(at..at + n)?;
            Some(raw.iter().rev().fold(0, |v, b| v << 8 | usize::from(*b)))
        };
        let (len, offset) = match tag & 3 {
            0 => {
                let short = usize::from(tag >> 2);
                let extra = short.saturating_sub(59);
                let len = if extra == 0 { short } else { number(extra)? } + 1;
                at += extra;
                out.extend_from_slice(packed.get(at..at.checked_add(len)?)?);
                at += len;
                if out.len() > size {
                    return None;
                }
                continue;
            }
            1 => {
                let offset = usize::from(tag >> 5) << 8 | number(1)?;
                at += 1;
                (usize::from(tag >> 2 & 7) + 4, offset)
            }
            2 => {
                let offset = number(2)?;
                at += 2;
                (usize::from(tag >> 2) + 1, offset)
            }
            _ => {
                let offset = number(4)?;
                at += 4;
                (usize::from(tag >> 2) + 1, offset)
            }
        };
        let from = out.len().checked_sub(offset).filter(|_| offset > 0)?;
        if out.len() + len > size {
            return None;
        }
        for i in 0..len {
            out.push(out[from + i]);
        }
    }
    Some(out)
}

/// `count` numbers of `width` bits in the hybrid of run lengths and bit packing; returns them and the bytes taken.
pub fn hybrid(bytes: &[u8], width: u8, count: usize) -> Option<(Vec<u32>, usize)> {
    if width > 32 {
        return None;
    }
    let (mut out, mut at) = (Vec::new(), 0);
    while out.len() < count {
        let (mut head, mut shift) = (0u64, 0);
        loop {
            let b = *bytes.get(at)?;
            at += 1;
            head |= u64::from(b & 0x7F) << shift;
            shift += 7;
            if b & 0x80 == 0 {
                break;
            }
            if shift > 56 {
                return None;
            }
        }
        let n = usize::try_from(head >> 1).ok()?;
        if head & 1 == 0 {
            let size = usize::from(width).div_ceil(8);
            let raw = bytes.get(at..at + size)?;
            at += size;
            let value = raw.iter().rev().fold(0u64, |v, b| v << 8 | u64::from(*b)) as u32;
            let n = n.min(count - out.len());
            if n == 0 {
                return None;
            }
            out.resize(out.len() + n, value);
        } else {
            let size = n.checked_mul(usize::from(width))?;
            // A writer may leave out the padding of the last group.
            let raw = bytes.get(at..at.checked_add(size)?.min(bytes.len()))?;
            if n == 0 || (raw.is_empty() && width > 0) {
                return None;
            }
            at += raw.len();
            let wanted = (n * 8).min(count - out.len());
            for i in 0..wanted {
                out.push(bits(raw, i * usize::from(width), width)?);
            }
        }
    }
    Some((out, at))
}

fn bits(raw: &[u8], begin: usize, width: u8) -> Option<u32> {
    let mut value = 0u64;
    for i in 0..usize::from(width) {
        let bit = begin + i;
        value |= u64::from(raw.get(bit / 8)? >> (bit % 8) & 1) << i;
    }
    Some(value as u32)
}
