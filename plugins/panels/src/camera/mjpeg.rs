//! A stream of pictures over HTTP (`multipart/x-mixed-replace`) cut into its parts. No IO.

/// Larger parts are no pictures of a camera, bytes.
pub const PART_MAX: usize = 12 << 20;

/// Cuts bytes as they come into parts.
#[derive(Clone, Debug)]
pub struct Parts {
    boundary: Vec<u8>,
    buffer: Vec<u8>,
    /// Length of the part whose header was read; `None` while a header is looked for.
    part: Option<Option<usize>>,
}

/// The stream can not be cut: a part is larger than [`PART_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part is larger than {PART_MAX} bytes")]
pub struct TooLarge;

/// The boundary named by a content type; `None` when it is no stream of parts.
#[must_use]
pub fn boundary(content_type: &str) -> Option<String> {
    let mut fields = content_type.split(';').map(str::trim);
    let kind = fields.next()?;
    if !kind.get(..10).is_some_and(|k| k.eq_ignore_ascii_case("multipart/")) {
        return None;
    }
    let value = fields.find_map(|f| f.get(..9).filter(|k| k.eq_ignore_ascii_case("boundary=")).map(|_| &f[9..]))?;
    let value = value.trim().trim_matches('"');
    // Many cameras name the boundary with the dashes that belong in front of it.
    let value = value.trim_start_matches('-');
    (!value.is_empty()).then(|| value.to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|w| w == needle)
}

/// End of a header block: after its empty line.
fn header_end(bytes: &[u8]) -> Option<usize> {
    let crlf = find(bytes, b"\r\n\r\n").map(|i| i + 4);
    let lf = find(bytes, b"\n\n").map(|i| i + 2);
    match (crlf, lf) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn length(header: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(header);
    let line = text.lines().find_map(|l| {
        let (key, value) = l.split_once(':')?;
        key.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    line.filter(|n| *n > 0)
}

impl Parts {
    /// For a boundary.
    #[must_use]
    pub fn new(boundary: &str) -> Self {
        Self { boundary: format!("--{boundary}").into_bytes(), buffer: Vec::new(), part: None }
    }

    /// Takes bytes; gives the parts that are whole now.
    ///
    /// # Errors
    /// A part grows without end.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TooLarge> {
        self.buffer.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(step) = self.step() {
            whole.extend(step);
        }
        if self.buffer.len() > PART_MAX || matches!(self.part, Some(Some(n)) if n > PART_MAX) {
            return Err(TooLarge);
        }
        Ok(whole)
    }

    /// One step: `None` waits for more bytes, `Some(None)` went on, `Some(Some)` is a part.
    fn step(&mut self) -> Option<Option<Vec<u8>>> {
        match self.part {
            None => {
                let start = find(&self.buffer, &self.boundary)?;
                let after = start + self.boundary.len();
                let end = after + header_end(&self.buffer[after..])?;
                self.part = Some(length(&self.buffer[after..end]));
                self.buffer.drain(..end);
                Some(None)
            }
            Some(Some(n)) => {
                if self.buffer.len() < n {
                    return None;
                }
                self.part = None;
                Some(Some(self.buffer.drain(..n).collect()))
            }
            Some(None) => {
                // Without a length a part ends where the next one begins.
                let end = find(&self.buffer, &self.boundary)?;
                let mut part: Vec<u8> = self.buffer.drain(..end).collect();
                while part.last().is_some_and(|b| *b == b'\n' || *b == b'\r') {
                    part.pop();
                }
                self.part = None;
                Some(Some(part))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(with_length: bool) -> Vec<u8> {
        let mut bytes = b"preamble\r\n".to_vec();
        for picture in [&b"\xff\xd8first\xff\xd9"[..], &b"\xff\xd8se\r\n\r\ncond\xff\xd9"[..]] {
            bytes.extend_from_slice(b"--frame\r\nContent-Type: image/jpeg\r\n");
            if with_length {
                bytes.extend_from_slice(format!("content-LENGTH: {}\r\n", picture.len()).as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(picture);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"--frame\r\n");
        bytes
    }

    #[test]
    fn parts_are_cut_however_the_bytes_come() {
        for with_length in [true, false] {
            let bytes = stream(with_length);
            for size in [1, 2, 7, 64, bytes.len()] {
                let mut parts = Parts::new("frame");
                let all: Vec<Vec<u8>> = bytes.chunks(size).flat_map(|c| parts.feed(c).unwrap()).collect();
                assert_eq!(all.len(), 2, "length {with_length}, pieces of {size}");
                assert_eq!(all[1], b"\xff\xd8se\r\n\r\ncond\xff\xd9");
            }
        }
    }

    #[test]
    fn boundaries_are_read_as_cameras_write_them() {
        assert_eq!(boundary("multipart/x-mixed-replace;boundary=frame").as_deref(), Some("frame"));
        assert_eq!(boundary("Multipart/X-Mixed-Replace; boundary=\"--myb\"").as_deref(), Some("myb"));
        assert_eq!(boundary("image/jpeg"), None);
        assert_eq!(boundary("multipart/x-mixed-replace"), None);
    }

    #[test]
    fn endless_parts_end_with_an_error() {
        let mut parts = Parts::new("b");
        parts.feed(b"--b\r\n\r\n").unwrap();
        let block = vec![0_u8; 1 << 20];
        assert!((0..16).any(|_| parts.feed(&block) == Err(TooLarge)));
        let mut parts = Parts::new("b");
        assert_eq!(parts.feed(b"--b\r\nContent-Length: 99999999999\r\n\r\n"), Err(TooLarge));
    }
}
