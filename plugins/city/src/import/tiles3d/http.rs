//! A tileset on a server, with a cache on the disk: what was there once can be seen without a network.
//!
//! Requests run on a small runtime of their own; [`TileSource::get`] waits for them on the worker thread that calls
//! it. Only the server that the tileset lies on is asked.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use reqwest::{Client, StatusCode, Url, header};
use sha2::{Digest, Sha256};

use super::source::{TileSource, unpacked};
use crate::import::archive::PackedTiles;

/// A copy that is younger is taken without asking.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// A request that has no answer by then has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Waits before the second and third try.
const AGAIN: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];
/// After a failure something may be asked for again, s.
const RETRY_S: f32 = 15.0;
/// Bytes that the cache of all tilesets may have; the oldest go first.
const MAX_CACHE: u64 = 4 << 30;

/// True for a path that is an address on a server.
#[must_use]
pub fn is_address(path: &Path) -> bool {
    path.to_str().is_some_and(|p| p.starts_with("https://") || p.starts_with("http://"))
}

/// A server.
pub struct Server {
    root: Url,
    client: Client,
    runtime: tokio::runtime::Runtime,
    cache: Option<PathBuf>,
}

/// Why a request brought nothing.
enum Fault {
    /// The server says no: asking again is of no use now.
    Refused(String),
    /// No answer, or one that may be better next time.
    Away(String),
}

impl Server {
    /// The server of a tileset, by the address of its document, and that address. Copies lie in `cache`, or in the
    /// user's cache folder.
    ///
    /// # Errors
    /// When the address is none.
    pub fn open(address: &str, cache: Option<&Path>) -> Result<(Self, String), String> {
        let root = Url::parse(address).map_err(|e| format!("{address:?} is no address: {e}"))?;
        if root.host_str().is_none() {
            return Err(format!("{address:?} names no server"));
        }
        // A second installation fails, and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(PATIENCE).user_agent(concat!("guanlan/", env!("CARGO_PKG_VERSION")));
        let client = client.build().map_err(|e| e.to_string())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|e| e.to_string())?;
        let cache = cache.map(Path::to_owned).or_else(cache_folder);
        if let Some(cache) = &cache {
            sweep(cache, MAX_CACHE);
        }
        Ok((Self { root, client, runtime, cache }, address.to_owned()))
    }

    /// An address in the tileset, with what the root's query says (keys, sessions) when it says nothing else.
    fn address(&self, uri: &str) -> Result<Url, String> {
        let mut url = Url::parse(uri).map_err(|e| format!("is no address: {e}"))?;
        if url.origin() != self.root.origin() {
            return Err("lies on another server; only the tileset's own is asked".into());
        }
        let more: Vec<(String, String)> = self
            .root
            .query_pairs()
            .filter(|(key, _)| !url.query_pairs().any(|(own, _)| own == *key))
            .map(|(k, v)| (k.into_owned(), v.into_owned()))
            .collect();
        if !more.is_empty() {
            url.query_pairs_mut().extend_pairs(more);
        }
        Ok(url)
    }

    /// Where the copy of an address lies. Keys in the query do not change what it is.
    fn copy(&self, url: &Url) -> Option<PathBuf> {
        let mut plain = url.clone();
        plain.set_query(None);
        let name: String = Sha256::digest(plain.as_str()).iter().take(16).map(|b| format!("{b:02x}")).collect();
        Some(self.cache.as_ref()?.join(&name[..2]).join(name))
    }

    async fn ask(&self, url: &Url, tag: Option<&str>, limit: u64) -> Result<Option<(Vec<u8>, String)>, Fault> {
        let mut request = self.client.get(url.clone());
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        // The address may hold a key: it is not part of the message.
        let away = |e: reqwest::Error| Fault::Away(e.without_url().to_string());
        let mut response = request.send().await.map_err(away)?;
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Fault::Away(format!("the server answers {status}")));
        }
        if !status.is_success() {
            return Err(Fault::Refused(format!("the server answers {status}")));
        }
        let tag = response.headers().get(header::ETAG).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(away)? {
            if (bytes.len() + part.len()) as u64 > limit {
                return Err(Fault::Refused(format!("has more than {} MB; it is not opened", limit >> 20)));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(Some((bytes, tag)))
    }

    async fn ask_again(&self, url: &Url, tag: Option<&str>, limit: u64) -> Result<Option<(Vec<u8>, String)>, Fault> {
        let mut waits = AGAIN.iter();
        loop {
            match self.ask(url, tag, limit).await {
                Err(Fault::Away(why)) => match waits.next() {
                    Some(wait) => tokio::time::sleep(*wait).await,
                    None => return Err(Fault::Away(why)),
                },
                answer => return answer,
            }
        }
    }
}

impl TileSource for Server {
    fn get(&self, uri: &str, limit: u64) -> Result<Vec<u8>, String> {
        let url = self.address(uri)?;
        let copy = self.copy(&url);
        let held = || copy.as_ref().and_then(|path| fs::read(path).ok()).filter(|b| b.len() as u64 <= limit);
        let age = copy.as_ref().and_then(|path| fs::metadata(path).ok()?.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age < FRESH)
            && let Some(bytes) = held()
        {
            return unpacked(bytes, limit);
        }
        let tag = copy.as_ref().and_then(|path| fs::read_to_string(path.with_extension("tag")).ok());
        let tag = tag.filter(|tag| age.is_some() && !tag.is_empty());
        match self.runtime.block_on(self.ask_again(&url, tag.as_deref(), limit)) {
            Ok(Some((bytes, tag))) => {
                if let Some(path) = &copy {
                    // A cache that cannot be written is done without.
                    let _ = keep(path, &bytes, &tag);
                }
                unpacked(bytes, limit)
            }
            Ok(None) => {
                if let Some(file) = copy.as_ref().and_then(|path| fs::File::options().append(true).open(path).ok()) {
                    let _ = file.set_modified(SystemTime::now());
                }
                held().ok_or_else(|| "the copy in the cache is gone".to_owned()).and_then(|b| unpacked(b, limit))
            }
            Err(Fault::Refused(why)) => Err(why),
            // Without the server an old copy is better than nothing.
            Err(Fault::Away(why)) => match held() {
                Some(bytes) => unpacked(bytes, limit),
                None => Err(format!("the server cannot be reached: {why}")),
            },
        }
    }

    fn retry_s(&self) -> Option<f32> {
        Some(RETRY_S)
    }
}

/// A source and the URI of its document, for a file, a folder or an address.
///
/// # Errors
/// When there is none.
pub fn open_source(path: &Path) -> Result<(Arc<dyn TileSource>, String), String> {
    if is_address(path) {
        let (server, uri) = Server::open(&path.to_string_lossy(), None)?;
        return Ok((Arc::new(server), uri));
    }
    if let Some(packed) = PackedTiles::open(path) {
        let (tiles, uri) = packed?;
        return Ok((Arc::new(tiles), uri));
    }
    let (folder, uri) = super::LocalFolder::open(path)?;
    Ok((Arc::new(folder), uri))
}

/// `$XDG_CACHE_HOME/guanlan/tiles` or `~/.cache/guanlan/tiles`.
fn cache_folder() -> Option<PathBuf> {
    let own = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    Some(own.or_else(home)?.join("guanlan/tiles"))
}

/// Writes a copy; readers see the old one or the new one.
fn keep(path: &Path, bytes: &[u8], tag: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let partial = path.with_extension(format!("{}-{:?}.partial", std::process::id(), std::thread::current().id()));
    fs::File::create(&partial).and_then(|mut file| file.write_all(bytes))?;
    fs::rename(&partial, path)?;
    fs::write(path.with_extension("tag"), tag)
}

/// Removes the oldest copies beyond `most` bytes.
fn sweep(cache: &Path, most: u64) {
    let folders = fs::read_dir(cache).into_iter().flatten().flatten();
    let files = folders.filter_map(|f| fs::read_dir(f.path()).ok()).flatten().flatten();
    let mut all: Vec<(SystemTime, u64, PathBuf)> = files
        .filter_map(|f| {
            let meta = f.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((meta.modified().ok()?, meta.len(), f.path()))
        })
        .collect();
    let mut total: u64 = all.iter().map(|f| f.1).sum();
    all.sort();
    for (_, size, path) in all {
        if total <= most {
            break;
        }
        if fs::remove_file(path).is_ok() {
            total -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead, BufReader, Read},
        net::TcpListener,
        sync::atomic::{AtomicUsize, Ordering},
    };

    /// A server for a few requests: answers, how often it was asked, where it listens.
    fn serve(answers: Vec<(&'static str, &'static str)>) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        std::thread::spawn(move || {
            for (head, body) in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().and_then(Result::ok).is_some_and(|l| !l.is_empty()) {}
                count.fetch_add(1, Ordering::SeqCst);
                let length = body.len();
                let text = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                let _ = stream.write_all(text.as_bytes());
                let _ = stream.read(&mut [0; 1]);
            }
        });
        (address, asked)
    }

    #[test]
    fn what_was_fetched_is_kept_and_seen_without_the_server() {
        let dir = tempfile::tempdir().unwrap();
        let answers =
            vec![("503 Busy", ""), ("200 OK\r\nETag: \"a\"", "tiles"), ("304 Not Modified", ""), ("404 Gone", "")];
        let (address, asked) = serve(answers);
        let (server, uri) = Server::open(&format!("{address}/t/tileset.json?key=1"), Some(dir.path())).unwrap();
        assert_eq!(server.get(&uri, 100).unwrap(), b"tiles", "after a second try");
        assert_eq!(server.get(&uri, 100).unwrap(), b"tiles");
        assert_eq!(asked.load(Ordering::SeqCst), 2, "a fresh copy is taken without asking");
        // An old copy is asked for by its tag.
        let copy = server.copy(&server.address(&uri).unwrap()).unwrap();
        let old = SystemTime::now() - FRESH - FRESH;
        fs::File::options().append(true).open(&copy).unwrap().set_modified(old).unwrap();
        assert_eq!(server.get(&uri, 100).unwrap(), b"tiles");
        assert_eq!(asked.load(Ordering::SeqCst), 3);
        assert!(server.get(&format!("{address}/t/none.b3dm"), 100).unwrap_err().contains("404"));
        // The server is gone now.
        fs::File::options().append(true).open(&copy).unwrap().set_modified(old).unwrap();
        assert_eq!(server.get(&uri, 100).unwrap(), b"tiles", "an old copy is better than nothing");
        assert!(server.get(&format!("{address}/t/other.b3dm"), 100).unwrap_err().contains("cannot be reached"));
        assert!(server.retry_s().is_some());
        sweep(dir.path(), 0);
        assert!(!copy.exists());
    }

    #[test]
    fn only_the_tilesets_own_server_is_asked_and_its_key_goes_along() {
        let (server, _) = Server::open("https://h.org/t/tileset.json?key=7", Some(Path::new("/nowhere"))).unwrap();
        let address = |uri: &str| server.address(uri).map(|u| u.to_string());
        assert_eq!(address("https://h.org/t/a.glb").unwrap(), "https://h.org/t/a.glb?key=7");
        assert_eq!(address("https://h.org/t/a.glb?key=8&s=1").unwrap(), "https://h.org/t/a.glb?key=8&s=1");
        for bad in ["https://evil.org/a", "file:///etc/passwd", "http://h.org/t/a.glb", "a.glb"] {
            assert!(address(bad).is_err(), "{bad}");
        }
        assert!(Server::open("https://", None).is_err());
        assert!(is_address(Path::new("https://h/t.json")) && !is_address(Path::new("tileset.json")));
    }
}
