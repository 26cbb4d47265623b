//! Integers of few bytes, and measured values as decimals: what every stored column is made of.
//!
//! Devices report decimals (`17.5`, `0.03`). Such a value is kept as an integer and a power of ten, and comes back
//! bit for bit; a value that is no short decimal is kept as the XOR with the one before it (Gorilla, VLDB 2015).

use std::cell::RefCell;

/// Largest power of ten a value is tried with.
const MAX_DECIMALS: u8 = 6;
/// Exponent of a run of values that are no short decimals.
pub(crate) const RAW: u8 = 255;

const POWERS: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];

/// Appends an unsigned number (LEB128).
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push((v as u8) | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Appends a signed number; small ones of either sign are short.
#[inline]
pub(crate) fn put_signed(out: &mut Vec<u8>, v: i64) {
    put(out, ((v << 1) ^ (v >> 63)) as u64);
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what `put*` wrote. `None` at the first byte that is not there.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let first = *self.bytes.get(self.at)?;
        self.at += 1;
        if first < 0x80 {
            return Some(u64::from(first));
        }
        let mut v = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let b = *self.bytes.get(self.at)?;
            self.at += 1;
            v |= u64::from(b & 0x7f) << shift;
            if b < 0x80 {
                return Some(v);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    #[inline]
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let v = self.number()?;
        Some(((v >> 1) as i64) ^ -((v & 1) as i64))
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let b = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(b)
    }

    pub(crate) fn raw(&mut self) -> Option<u64> {
        let part = self.bytes.get(self.at..self.at + 8)?;
        self.at += 8;
        Some(u64::from_le_bytes(part.try_into().ok()?))
    }

    pub(crate) fn slice(&mut self) -> Option<&'a [u8]> {
        let n = usize::try_from(self.number()?).ok()?;
        let part = self.bytes.get(self.at..self.at.checked_add(n)?)?;
        self.at += n;
        Some(part)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.slice()?).ok()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at == self.bytes.len()
    }
}

/// The integer that is `v` × 10^`decimals`, when it stands for exactly this value.
#[inline]
fn as_integer(v: f64, decimals: u8) -> Option<i64> {
    let power = POWERS[decimals as usize];
    let scaled = (v * power).round();
    // Beyond 2^53 not every integer is a double; NaN fails the comparison, too.
    if !(scaled.abs() < 9_007_199_254_740_992.0) {
        return None;
    }
    let n = scaled as i64;
    (from_integer(n, decimals).to_bits() == v.to_bits()).then_some(n)
}

/// The value of an integer and its power of ten.
#[inline]
pub(crate) fn from_integer(n: i64, decimals: u8) -> f64 {
    n as f64 / POWERS[(decimals as usize).min(POWERS.len() - 1)]
}

/// The fewest decimals that hold all of `values` exactly, or [`RAW`].
pub(crate) fn decimals_of(values: &[f64]) -> u8 {
    let mut decimals = 0;
    let mut i = 0;
    let mut risen = false;
    while let Some(v) = values.get(i) {
        if as_integer(*v, decimals).is_some() {
            i += 1;
        } else if decimals == MAX_DECIMALS {
            return RAW;
        } else {
            decimals += 1;
            risen |= i > 0;
        }
    }
    // Values seen before the last rise were tried with fewer decimals only.
    if risen && values.iter().any(|v| as_integer(*v, decimals).is_none()) { RAW } else { decimals }
}

/// Appends a run of values: decimals, then differences (or XORs).
pub(crate) fn put_values(out: &mut Vec<u8>, values: &[f64]) {
    let decimals = decimals_of(values);
    out.push(decimals);
    if decimals == RAW {
        let mut last = 0;
        for v in values {
            out.extend_from_slice(&(v.to_bits() ^ last).to_le_bytes());
            last = v.to_bits();
        }
        return;
    }
    let mut last = 0i64;
    for v in values {
        let n = as_integer(*v, decimals).unwrap_or_default();
        put_signed(out, n.wrapping_sub(last));
        last = n;
    }
}

/// Reads one run of values, one at a time.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    decimals: u8,
    integer: i64,
    bits: u64,
}

impl Values {
    #[inline]
    pub(crate) fn begin(r: &mut Reader<'_>) -> Option<Self> {
        let decimals = r.byte()?;
        (decimals == RAW || decimals <= MAX_DECIMALS).then_some(Self { decimals, integer: 0, bits: 0 })
    }

    #[inline]
    pub(crate) fn next(&mut self, r: &mut Reader<'_>) -> Option<f64> {
        if self.decimals == RAW {
            self.bits ^= r.raw()?;
            return Some(f64::from_bits(self.bits));
        }
        self.integer = self.integer.wrapping_add(r.signed()?);
        Some(from_integer(self.integer, self.decimals))
    }

    /// Passes over a value; the next ones are still right.
    #[inline]
    pub(crate) fn skip(&mut self, r: &mut Reader<'_>) -> Option<()> {
        if self.decimals == RAW {
            self.bits ^= r.raw()?;
        } else {
            self.integer = self.integer.wrapping_add(r.signed()?);
        }
        Some(())
    }

    /// The value read or passed over last.
    #[inline]
    pub(crate) fn value(&self) -> f64 {
        if self.decimals == RAW { f64::from_bits(self.bits) } else { from_integer(self.integer, self.decimals) }
    }
}

/// Upper bound of what one stored blob may hold; a larger one is damage, not data.
const MAX_PLAIN_BYTES: u64 = 1 << 30;

/// Bytes as they are stored, with a checksum.
pub(crate) fn pack(plain: &[u8], level: i32) -> Result<Vec<u8>, String> {
    let mut zstd = zstd::bulk::Compressor::new(level).map_err(|e| e.to_string())?;
    zstd.set_parameter(zstd::zstd_safe::CParameter::ChecksumFlag(true)).map_err(|e| e.to_string())?;
    zstd.compress(plain).map_err(|e| e.to_string())
}

/// Stored bytes as they were.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<u8>, String> {
    // Frames written by `pack` name their size: one exact allocation, and no more than the bound.
    if let Ok(Some(size)) = zstd::zstd_safe::get_frame_content_size(bytes)
        && size <= MAX_PLAIN_BYTES
    {
        // A seek opens hundreds of chunks: making the decoder's tables anew for each costs as much as small ones.
        thread_local! {
            static DECODER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
        }
        return DECODER.with_borrow_mut(|kept| {
            let decoder = match kept {
                Some(decoder) => decoder,
                None => kept.insert(zstd::bulk::Decompressor::new().map_err(|e| e.to_string())?),
            };
            decoder.decompress(bytes, size as usize).map_err(|e| e.to_string())
        });
    }
    use std::io::Read;
    let mut plain = Vec::new();
    let mut decoder = zstd::Decoder::new(bytes).map_err(|e| e.to_string())?.take(MAX_PLAIN_BYTES);
    decoder.read_to_end(&mut plain).map_err(|e| e.to_string())?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(values: &[f64]) -> (u8, usize) {
        let mut out = Vec::new();
        put_values(&mut out, values);
        let mut r = Reader::new(&out);
        let mut run = Values::begin(&mut r).unwrap();
        for v in values {
            assert_eq!(run.next(&mut r).unwrap().to_bits(), v.to_bits(), "{v}");
            assert_eq!(run.value().to_bits(), v.to_bits());
        }
        assert!(r.at_end());
        (out[0], out.len())
    }

    #[test]
    fn every_value_comes_back_bit_for_bit() {
        assert_eq!(round(&[17.5, 17.6, 17.4]).0, 1);
        assert_eq!(round(&[1.0, 2.0, -3.0]).0, 0);
        assert_eq!(round(&[1.0, 0.03, 12345.678]).0, 3);
        for odd in [-0.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 0.1 + 0.2, 1e300, std::f64::consts::PI] {
            assert_eq!(round(&[1.5, odd, 2.5]).0, RAW, "{odd}");
        }
        assert_eq!(round(&[]).0, 0);
        // A thousandth of anything a gauge may say.
        let all: Vec<f64> = (-5000..5000).map(|n| f64::from(n * 37) / 1000.0).collect();
        assert_eq!(round(&all).0, 3);
    }

    #[test]
    fn numbers_of_every_length() {
        let mut out = Vec::new();
        let unsigned = [0, 1, 127, 128, 16_383, 16_384, u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX, -64, 64];
        unsigned.iter().for_each(|v| put(&mut out, *v));
        signed.iter().for_each(|v| put_signed(&mut out, *v));
        let mut r = Reader::new(&out);
        unsigned.iter().for_each(|v| assert_eq!(r.number(), Some(*v)));
        signed.iter().for_each(|v| assert_eq!(r.signed(), Some(*v)));
        assert_eq!((r.number(), r.at_end()), (None, true));
        // An endless number is damage.
        assert_eq!(Reader::new(&[0xff; 20]).number(), None);
        assert_eq!(Reader::new(&[5, 1, 2]).slice(), None);
    }

    #[test]
    fn packed_bytes_come_back_and_damage_is_an_error() {
        let plain = b"a column of a column of a column".repeat(50);
        let packed = pack(&plain, 3).unwrap();
        assert_eq!(unpack(&packed).unwrap(), plain);
        assert!(unpack(&packed[..packed.len() / 2]).is_err());
        assert!(unpack(b"no frame").is_err());
    }
}
