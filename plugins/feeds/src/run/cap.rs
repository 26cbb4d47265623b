//! Warnings of other authorities: CAP messages singly, in a folder, or in an Atom or RSS feed. A message is taken once,
//! by sender, identifier and sent; the cursor is the newest `sent` and what was taken around it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use guanlan_core::{Input, Stamp, Warning};

use super::{
    courier::Courier,
    web::{self, Freshness},
};
use crate::{
    codec::cap::{self, Read},
    file::kinds::Cap,
    intake::wall_now,
};

/// Messages remembered so that none is taken twice.
const REMEMBERED: usize = 2_000;
/// Messages of an index fetched in one poll.
const MOST: usize = 200;

#[derive(Default)]
struct Taken {
    /// `sent` and `sender identifier`.
    messages: BTreeSet<(Stamp, String)>,
    fresh: BTreeMap<String, Freshness>,
    /// Messages that could not be fetched: asked for again even if the index says nothing new.
    missed: BTreeSet<String>,
}

impl Taken {
    /// From the cursor: one line for each message.
    fn read(text: &str) -> Self {
        let line = |l: &str| {
            let (at, name) = l.split_once(' ')?;
            Some((Stamp(at.parse().ok()?), name.to_owned()))
        };
        Self { messages: text.lines().filter_map(line).collect(), ..Self::default() }
    }

    fn cursor(&self) -> String {
        // The latest are enough: what is older is no longer sent.
        let skip = self.messages.len().saturating_sub(200);
        self.messages.iter().skip(skip).map(|(at, name)| format!("{} {name}\n", at.0)).collect()
    }
}

/// Follows a feed until the room closes.
pub async fn follow(spec: Cap, courier: Arc<Courier>) {
    let mut taken = Taken::read(&courier.cursor());
    loop {
        match poll(&spec, &courier, &mut taken).await {
            Ok(()) => {
                courier.up();
                tokio::time::sleep(Duration::from_secs(u64::from(spec.every_s))).await;
            }
            Err(Some(reason)) => courier.fail(&reason).await,
            Err(None) => return,
        }
    }
}

async fn poll(spec: &Cap, courier: &Courier, taken: &mut Taken) -> Result<(), Option<String>> {
    let mut found: Vec<(String, Warning)> = Vec::new();
    if spec.url.starts_with("http://") || spec.url.starts_with("https://") {
        let client = web::client(&spec.login, Some(Duration::from_secs(60))).map_err(Some)?;
        let mut pages: Vec<String> = taken.missed.iter().cloned().collect();
        pages.push(spec.url.clone());
        let mut fetched = 0;
        while let Some(url) = pages.pop() {
            fetched += 1;
            let fresh = taken.fresh.entry(url.clone()).or_default();
            let answer = match web::get(&client, &url, fresh).await {
                Ok(Some(answer)) => answer,
                Ok(None) => continue,
                // One message that cannot be fetched does not hide the others.
                Err(failed) if url != spec.url => {
                    if taken.missed.len() < MOST && taken.missed.insert(url.clone()) {
                        courier.refuse(&url, &failed.reason, b"");
                    }
                    continue;
                }
                Err(failed) => return Err(Some(failed.reason)),
            };
            taken.missed.remove(&url);
            document(courier, taken, &url, &answer.body, &mut found);
            if url == spec.url && fetched < MOST {
                let links = cap::links(&answer.body).unwrap_or_default();
                let known = |l: &String| !taken.fresh.contains_key(l);
                let whole = links.iter().filter_map(|link| resolved(&url, link));
                pages.extend(whole.filter(known).take(MOST));
            }
        }
        if taken.fresh.len() > REMEMBERED {
            let main = taken.fresh.remove(&spec.url);
            taken.fresh.clear();
            taken.fresh.extend(main.map(|f| (spec.url.clone(), f)));
        }
    } else {
        let path = courier.path(Path::new(&spec.url));
        let fail = |e: std::io::Error| Some(format!("{}: {e}", path.display()));
        let files = if path.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(fail)?;
            let mut files: Vec<_> = entries.flatten().map(|e| e.path()).filter(|p| is_message(p)).collect();
            files.sort();
            files
        } else {
            vec![path.clone()]
        };
        for file in files {
            let bytes = std::fs::read(&file).map_err(fail)?;
            document(courier, taken, &file.display().to_string(), &bytes, &mut found);
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    found.sort_by_key(|(_, w)| w.sent);
    let mut inputs: Vec<Input> = Vec::new();
    for (place, w) in found {
        taken.messages.insert((w.sent, format!("{} {}", w.sender, w.identifier)));
        inputs.extend(courier.mark(1, vec![Input::Warning(Box::new(w))], &place, &|_| Vec::new()));
    }
    while taken.messages.len() > REMEMBERED {
        taken.messages.pop_first();
    }
    courier.commit(inputs, Some(&taken.cursor())).await.map_err(|_| None)
}

/// A link of an index as an address of the web; `None` for anything else.
fn resolved(index: &str, link: &str) -> Option<String> {
    let address = reqwest::Url::parse(index).ok()?.join(link).ok()?;
    matches!(address.scheme(), "http" | "https").then(|| address.to_string())
}

fn is_message(path: &Path) -> bool {
    path.extension().is_some_and(|e| ["cap", "xml", "atom", "rss"].iter().any(|x| e.eq_ignore_ascii_case(x)))
}

/// New warnings of a document; bad ones go to quarantine once.
fn document(courier: &Courier, taken: &mut Taken, place: &str, bytes: &[u8], found: &mut Vec<(String, Warning)>) {
    let messages = match cap::alerts(bytes) {
        Ok(messages) => messages,
        Err(reason) => return courier.refuse_once(place, &reason, bytes),
    };
    // The reason names the message; the rest of a feed may change around it.
    let payload = if messages.len() == 1 { bytes } else { b"" };
    for message in messages {
        let warned = message.and_then(|Read { alert, notes }| {
            for note in notes {
                tracing::info!("{}: {}: {note}", courier.name(), alert.identifier);
            }
            cap::warning(&alert, courier.placer()).map_err(|reason| format!("{}: {reason}", alert.identifier))
        });
        match warned {
            Err(reason) => courier.refuse_once(place, &reason, payload),
            Ok(warning) => {
                let name = (warning.sent, format!("{} {}", warning.sender, warning.identifier));
                let known = taken.messages.contains(&name) || found.iter().any(|(_, f)| same(f, &warning));
                // What ended before this room listened warns nobody.
                let over = warning.expires.is_some_and(|at| at < wall_now());
                if !known && !over {
                    found.push((web::without_query(place).to_owned(), warning));
                }
            }
        }
    }
}

fn same(a: &Warning, b: &Warning) -> bool {
    (a.sent, &a.sender, &a.identifier) == (b.sent, &b.sender, &b.identifier)
}

#[cfg(test)]
mod tests {
    use super::resolved;

    #[test]
    fn links_of_an_index_may_be_relative() {
        let at = |link| resolved("https://met.example/cap/index.atom?x=1", link);
        assert_eq!(at("2026/1.cap").as_deref(), Some("https://met.example/cap/2026/1.cap"));
        assert_eq!(at("/1.cap").as_deref(), Some("https://met.example/1.cap"));
        assert_eq!(at("http://other.example/1").as_deref(), Some("http://other.example/1"));
        assert_eq!((at("mailto:a@b"), at("urn:x:y")), (None, None));
    }
}
