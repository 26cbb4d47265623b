//! Text of the page: escaping, two languages, numbers.

use std::fmt::Write as _;

/// Text inside HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Chinese with English below.
pub(super) fn both(zh: &str, en: &str) -> String {
    format!("{}<span class=\"en\">{}</span>", escape(zh), escape(en))
}

/// A number as short as it can be said.
pub(super) fn short(v: f64, digits: usize) -> String {
    let text = format!("{v:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(w, r)| (w, r));
    let (sign, digits_of) = whole.strip_prefix('-').map_or(("", whole), |w| ("-", w));
    let mut grouped = String::new();
    for (k, c) in digits_of.chars().enumerate() {
        if k > 0 && (digits_of.len() - k).is_multiple_of(3) {
            grouped.push('\u{2009}');
        }
        grouped.push(c);
    }
    if rest.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{rest}") }
}

/// Bytes as a data URL's base64 (RFC 4648).
pub(super) fn base64(bytes: &[u8]) -> String {
    const CODE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().enumerate().fold(0_u32, |w, (k, b)| w | u32::from(*b) << (16 - 8 * k));
        for k in 0..4 {
            let six = (word >> (18 - 6 * k)) & 63;
            out.push(if k > three.len() { '=' } else { char::from(CODE[six as usize]) });
        }
    }
    out
}

/// `h:mm` of seconds.
pub(super) fn clock(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round().max(0.0) as u64;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{}:{:02}", minutes / 60, minutes % 60);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_groups() {
        assert_eq!([base64(b"Man"), base64(b"Ma"), base64(b"M")], ["TWFu", "TWE=", "TQ=="]);
        assert_eq!(short(1_234_567.4, 0), "1\u{2009}234\u{2009}567");
        assert_eq!(short(-1234.56, 1), "-1\u{2009}234.6");
        assert_eq!(short(999.0, 0), "999");
        assert_eq!(clock(3725.0), "1:02");
        assert_eq!(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
    }
}
