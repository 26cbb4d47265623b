//! Page after page of a SensorThings collection, also where a server's links to the next page are not what the standard
//! says: relative, naming a host only the server knows, leading to another collection, without the filter, missing, or
//! never ending.

use serde_json::Value;

/// Pages followed at most: links that run in circles end here.
pub(super) const MAX_PAGES: usize = 10_000;
/// Empty pages followed at most: some servers point on for ever.
const MAX_EMPTY: usize = 2;

/// Walks the pages of one collection.
#[derive(Debug)]
pub(super) struct Pages {
    /// First page.
    begin: String,
    /// The page to be read.
    url: String,
    /// Entities asked for in one page.
    top: usize,
    /// Entities that came so far.
    seen: usize,
    read: usize,
    empty: usize,
    /// Length, first and last entity of the page before.
    last: Option<(usize, Value, Value)>,
    /// The page was not pointed to by the server: it is asked for because there may be more.
    guessed: bool,
}

impl Pages {
    /// From the first page, of which `top` entities are asked for.
    pub fn new(url: String, top: u32) -> Self {
        let top = usize::try_from(top).unwrap_or(usize::MAX);
        Self { begin: url.clone(), url, top, seen: 0, read: 0, empty: 0, last: None, guessed: false }
    }

    /// The page to be read now.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Is it the first?
    pub fn is_first(&self) -> bool {
        self.read == 0
    }

    /// Did the server point to this page? What fails without that is the end, not a failure.
    pub fn is_guessed(&self) -> bool {
        self.guessed
    }

    /// The page was read. True when there is another one, which [`Self::url`] then is.
    pub fn turn(&mut self, page: &Value) -> bool {
        let list = page.get("value").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.read += 1;
        self.seen += list.len();
        let name = |entity: Option<&Value>| entity.and_then(|e| e.get("@iot.id").or(Some(e))).cloned();
        let here = name(list.first()).zip(name(list.last())).map(|(a, b)| (list.len(), a, b));
        // A server that does not know $skip gives the same page again.
        let again = here.is_some() && here == self.last;
        let full = here.as_ref().is_some_and(|(n, ..)| *n >= self.top || self.last.as_ref().is_some_and(|l| l.0 == *n));
        self.empty = if list.is_empty() { self.empty + 1 } else { 0 };
        self.last = here;
        if again || self.read >= MAX_PAGES || self.empty > MAX_EMPTY {
            return false;
        }
        let next = match next_link(page, &self.url) {
            Some(next) if next == self.url => return false,
            Some(next) if keeps_to(&self.begin, &next) => Some((next, false)),
            Some(_) if list.is_empty() => None,
            Some(_) => Some((self.by_count(), true)),
            // A page as long as may be without a link: there may be more all the same.
            None => full.then(|| (self.by_count(), true)),
        };
        let Some((url, guessed)) = next else { return false };
        (self.url, self.guessed) = (url, guessed);
        true
    }

    /// The next page by what was seen so far.
    fn by_count(&self) -> String {
        let separator = if self.begin.contains('?') { '&' } else { '?' };
        format!("{}{separator}$skip={}", self.begin, self.seen)
    }
}

/// The next page as the server names it; relative links begin at the page.
fn next_link(page: &Value, at: &str) -> Option<String> {
    let link = page.get("@iot.nextLink")?.as_str()?;
    let root = path_of(at);
    if link.contains("://") {
        // A server behind a proxy names itself as it knows itself: what leads to the same collection is asked for here.
        let (host, path) = link.split_at(host_end(link));
        let (own_host, own_path) = root.split_at(host_end(root));
        let same = path_of(path) == own_path && host != own_host;
        return Some(if same { format!("{own_host}{path}") } else { link.to_owned() });
    }
    if link.starts_with('?') {
        return Some(format!("{root}{link}"));
    }
    Some(match link.strip_prefix('/') {
        Some(path) => format!("{}/{path}", &root[..host_end(root)]),
        None => format!("{}/{link}", root.rsplit_once('/').map_or(root, |(head, _)| head)),
    })
}

fn path_of(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

fn host_end(url: &str) -> usize {
    url.find("://").and_then(|i| url[i + 3..].find('/').map(|j| i + 3 + j)).unwrap_or(url.len())
}

/// Does a link lead on in the collection that was begun with, by its filter?
fn keeps_to(begin: &str, next: &str) -> bool {
    let (begin, next) = (unescaped(begin), unescaped(next));
    let collection = |url: &str| {
        let path = path_of(url).trim_end_matches('/').to_owned();
        // `Datastreams(7)/Observations` is not `Observations`.
        let parts: Vec<&str> = path.rsplit('/').take(2).collect();
        match parts.as_slice() {
            [last, before] if before.ends_with(')') => format!("{before}/{last}"),
            [last, ..] => (*last).to_owned(),
            [] => path,
        }
    };
    let filtered = |url: &str| url.contains("$filter=");
    collection(&begin) == collection(&next) && (!filtered(&begin) || filtered(&next) || next.contains("$skipFilter="))
}

/// Percent-escapes undone, for comparison.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = if *first == b'%' { tail.get(..2) } else { None };
        let value = pair.and_then(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const AT: &str = "http://h/FROST/v1.1/Datastreams?$top=2";

    fn page(link: &str, ids: &[i32]) -> Value {
        let mut page = json!({ "value": ids.iter().map(|id| json!({ "@iot.id": id })).collect::<Vec<_>>() });
        if !link.is_empty() {
            page["@iot.nextLink"] = link.into();
        }
        page
    }

    #[test]
    fn links_as_servers_write_them() {
        let link = |link: &str| next_link(&page(link, &[]), "http://h/FROST/v1.1/Datastreams?$top=1").unwrap();
        assert_eq!(link("http://o/x?$skip=1"), "http://o/x?$skip=1");
        for relative in ["/FROST/v1.1/Datastreams?$skip=1", "Datastreams?$skip=1", "?$skip=1"] {
            assert_eq!(link(relative), "http://h/FROST/v1.1/Datastreams?$skip=1");
        }
        // A server behind a proxy.
        let inner = "http://localhost:8080/FROST/v1.1/Datastreams?$skip=1";
        assert_eq!(link(inner), "http://h/FROST/v1.1/Datastreams?$skip=1");
        assert_eq!(next_link(&page("", &[]), AT), None);
    }

    #[test]
    fn a_link_out_of_the_collection_or_without_its_filter_is_not_followed() {
        let begin = "http://h/v1.0/Datastreams(85)/Observations?$top=2";
        let mut pages = Pages::new(begin.into(), 2);
        assert!(pages.turn(&page("http://h/v1.0/Observations?$top=2&$skip=2", &[1, 2])) && pages.is_guessed());
        assert_eq!(pages.url(), format!("{begin}&$skip=2"));
        let begin = "http://h/v1.1/Observations?$filter=phenomenonTime%20ge%202026&$top=2";
        let mut pages = Pages::new(begin.into(), 2);
        assert!(pages.turn(&page("http://h/v1.1/Observations?$top=2&$skip=2", &[1, 2])));
        assert_eq!(pages.url(), format!("{begin}&$skip=2"));
        assert!(keeps_to(begin, "http://h/v1.1/Observations?$skip=2&%24filter=phenomenonTime+ge+2026"));
        assert!(keeps_to(
            "http://h/v1.1/Datastreams('a b')/Observations",
            "http://h/v1.1/Datastreams(%27a%20b%27)/Observations?$skip=1"
        ));
        assert!(!keeps_to(
            "http://h/v1.1/Datastreams(1)/Observations",
            "http://h/v1.1/Datastreams(2)/Observations?$skip=1"
        ));
    }

    #[test]
    fn a_full_page_without_a_link_may_not_be_the_last() {
        let mut pages = Pages::new(AT.into(), 2);
        assert!(pages.turn(&page("", &[1, 2])) && pages.is_guessed());
        assert!(pages.turn(&page("", &[3, 4])) && pages.url().ends_with("&$skip=4"));
        assert!(!pages.turn(&page("", &[5])), "a short page is the last");
        // A server that allows fewer than asked for, and forgets the link once $skip is there.
        let mut pages = Pages::new("http://h/v1.1/Datastreams?$top=500".into(), 500);
        assert!(pages.turn(&page("?$skip=2", &[1, 2])) && !pages.is_guessed());
        assert!(pages.turn(&page("", &[3, 4])) && pages.url().ends_with("$top=500&$skip=4"));
        assert!(!pages.turn(&page("", &[])));
        // One short page without a link is all there is.
        assert!(!Pages::new(AT.into(), 500).turn(&page("", &[1, 2])));
    }

    #[test]
    fn what_never_ends_is_ended() {
        let mut pages = Pages::new(AT.into(), 2);
        assert!(!pages.turn(&page(AT, &[1, 2])), "a link to itself");
        let mut pages = Pages::new(AT.into(), 2);
        assert!(pages.turn(&page("?$skip=2", &[1, 2])));
        assert!(!pages.turn(&page("?$skip=4", &[1, 2])), "the same page again");
        let mut pages = Pages::new(AT.into(), 2);
        assert!(pages.turn(&page("?$skip=2", &[1])));
        assert!(pages.turn(&page("?$skip=4", &[])) && pages.turn(&page("?$skip=6", &[])));
        assert!(!pages.turn(&page("?$skip=8", &[])), "nothing for ever");
    }
}
