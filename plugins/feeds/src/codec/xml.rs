//! A small XML tree: names without prefixes, text, attributes. Entities other than the five of XML are refused, so
//! that no document reaches for files or grows by itself.

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// Elements below each other at most.
const DEEPEST: usize = 64;
/// Elements of a document at most.
const MOST: usize = 2_000_000;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: String,
    /// Namespace, when declared.
    pub namespace: String,
    /// Attributes by local name.
    pub attributes: Vec<(String, String)>,
    /// Text directly in it.
    pub text: String,
    /// Elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// First child of a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// Children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |c| c.name == name)
    }

    /// Trimmed text of a child; empty when there is none.
    #[must_use]
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.trim())
    }

    /// An attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Every element of a name, in document order, itself included.
    #[must_use]
    pub fn descendants(&self, name: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(element) = open.pop() {
            if element.name == name {
                found.push(element);
            }
            open.extend(element.children.iter().rev());
        }
        found
    }
}

/// Text of a document in whatever encoding its declaration names (UTF-8 otherwise).
fn decode(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(200)];
    let declared = String::from_utf8_lossy(head);
    let name = declared
        .split_once("encoding=")
        .and_then(|(_, rest)| rest.get(1..))
        .and_then(|rest| rest.split(['"', '\'']).next())
        .filter(|_| declared.trim_start().starts_with("<?xml") || declared.starts_with('\u{feff}'));
    let encoding = name.and_then(|n| encoding_rs::Encoding::for_label(n.as_bytes())).unwrap_or(encoding_rs::UTF_8);
    encoding.decode(bytes).0.into_owned()
}

/// Reads a document.
///
/// # Errors
/// Line and what was expected.
pub fn read(bytes: &[u8]) -> Result<Element, String> {
    let text = decode(bytes);
    let mut reader = Reader::from_str(&text);
    let mut stack: Vec<(Element, Vec<(String, String)>)> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let at = reader.buffer_position();
        let fail = |reason: String| {
            let before = text.get(..usize::try_from(at).unwrap_or(0)).unwrap_or_default();
            format!("line {}: {reason}", before.bytes().filter(|b| *b == b'\n').count() + 1)
        };
        match reader.read_event().map_err(|e| fail(e.to_string()))? {
            Event::Start(start) => {
                count += 1;
                if stack.len() >= DEEPEST || count > MOST {
                    return Err(fail("the document is too deep or too long".into()));
                }
                if root.is_some() {
                    return Err(fail("more than one root element".into()));
                }
                stack.push(open(&start, stack.last().map(|s| s.1.as_slice())).map_err(&fail)?);
            }
            Event::Empty(start) => {
                count += 1;
                if count > MOST {
                    return Err(fail("the document is too long".into()));
                }
                let element = open(&start, stack.last().map(|s| s.1.as_slice())).map_err(&fail)?.0;
                match stack.last_mut() {
                    Some((parent, _)) => parent.children.push(element),
                    None if root.is_none() => root = Some(element),
                    None => return Err(fail("more than one root element".into())),
                }
            }
            Event::End(_) => {
                let Some((element, _)) = stack.pop() else { return Err(fail("an end without a start".into())) };
                match stack.last_mut() {
                    Some((parent, _)) => parent.children.push(element),
                    None => root = Some(element),
                }
            }
            Event::Text(words) => match stack.last_mut() {
                Some((element, _)) => element.text.push_str(&words),
                None if words.trim().is_empty() => {}
                None => return Err(fail("text outside the root element".into())),
            },
            Event::CData(words) => {
                if let Some((element, _)) = stack.last_mut() {
                    element.text.push_str(&words);
                }
            }
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|e| fail(e.to_string()))? {
                    Some(c) => c,
                    None => match &*reference {
                        "lt" => '<',
                        "gt" => '>',
                        "amp" => '&',
                        "apos" => '\'',
                        "quot" => '"',
                        other => return Err(fail(format!("unknown entity &{other};"))),
                    },
                };
                if let Some((element, _)) = stack.last_mut() {
                    element.text.push(character);
                }
            }
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
        }
    }
    if !stack.is_empty() {
        return Err(format!("the document ends inside <{}>", stack.last().map_or("", |s| s.0.name.as_str())));
    }
    root.ok_or_else(|| "no XML element".into())
}

type Opened = (Element, Vec<(String, String)>);

/// An element and the namespaces that hold inside it (prefix, URI).
fn open(start: &BytesStart<'_>, outer: Option<&[(String, String)]>) -> Result<Opened, String> {
    let mut spaces = outer.unwrap_or_default().to_vec();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let key = attribute.key.as_ref().to_owned();
        let value = plain(&attribute.value)?;
        match key.split_once(':') {
            Some(("xmlns", prefix)) => spaces.push((prefix.to_owned(), value)),
            None if key == "xmlns" => spaces.push((String::new(), value)),
            Some((_, local)) => attributes.push((local.to_owned(), value)),
            None => attributes.push((key, value)),
        }
    }
    let name = start.name();
    let full: &str = name.as_ref();
    let (prefix, local) = full.split_once(':').unwrap_or(("", full));
    let namespace = spaces.iter().rev().find(|(p, _)| p == prefix).map(|(_, uri)| uri.clone()).unwrap_or_default();
    Ok((Element { name: local.to_owned(), namespace, attributes, ..Element::default() }, spaces))
}

/// An attribute's value without entities.
fn plain(value: &str) -> Result<String, String> {
    quick_xml::escape::unescape(value).map(|v| v.into_owned()).map_err(|e| e.to_string())
}

/// Text for an element or attribute; characters XML cannot carry are left out.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if (c as u32) < 0x20 || matches!(c as u32, 0xFFFE | 0xFFFF) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_with_namespaces_and_entities() {
        let text = r#"<?xml version="1.0"?><a:r xmlns:a="urn:x" k="1 &lt; 2"><b>A &amp; B &#x4e2d;</b><b><![CDATA[<c>]]></b><e/></a:r>"#;
        let root = read(text.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.namespace.as_str(), root.attribute("k")), ("r", "urn:x", Some("1 < 2")));
        let texts: Vec<&str> = root.all("b").map(|b| b.text.as_str()).collect();
        assert_eq!(texts, ["A & B 中", "<c>"]);
        assert!(root.child("e").is_some());
        assert_eq!(root.descendants("b").len(), 2);
    }

    #[test]
    fn no_document_reaches_outside_or_is_half_read() {
        let xxe = r#"<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>"#;
        assert!(read(xxe.as_bytes()).unwrap_err().contains("&x;"));
        for wrong in ["", "<a>", "<a></b>", "text", "<a/><b/>", "<a k=1/>"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read("<a>".repeat(1000).as_bytes()).is_err());
    }
}
