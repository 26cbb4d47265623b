//! Pictures of cameras, fetched beside the drawing: stills again and again, streams as they come.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use egui::ColorImage;

use super::mjpeg::{PART_MAX, Parts, boundary};

/// A still is fetched again after this time.
const STILL_EVERY: Duration = Duration::from_secs(2);
/// Pictures of a stream are shown at most this often.
const STREAM_EVERY: Duration = Duration::from_millis(200);
/// A camera that says nothing for so long is given up and tried again.
const PATIENCE: Duration = Duration::from_secs(8);
/// First wait after a failure; doubled with each one up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_secs(2);
/// Longest wait after a failure.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Widest picture that is kept, px.
const WIDE_MAX: u32 = 960;

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody said where the picture is.
    NoAddress,
    /// The address is neither http nor https.
    Scheme,
    /// Nothing came in time.
    Silent,
    /// The server answered with another status.
    Status(u16),
    /// No connection, in the words of the system.
    Unreachable(String),
    /// What came is no JPEG or PNG.
    NotAPicture,
    /// What came has no end.
    TooLarge,
}

/// News of a camera.
#[derive(Clone)]
pub enum News {
    /// A picture.
    Picture(ColorImage),
    /// None, and when it is tried again.
    Trouble(Trouble, Duration),
}

enum Ask {
    Open(String, String),
    Close(String),
}

/// The thread that fetches.
pub struct Fetcher {
    ask: Sender<Ask>,
    news: Receiver<(String, News)>,
}

impl Fetcher {
    /// Starts the thread; `None` where it can not.
    #[must_use]
    pub fn start() -> Option<Self> {
        let (ask, questions) = bounded::<Ask>(64);
        let (tx, news) = bounded(16);
        let work = move || {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let client = reqwest::Client::builder().connect_timeout(PATIENCE).build();
            let (Ok(runtime), Ok(client)) = (runtime, client) else { return };
            let mut open: BTreeMap<String, tokio::task::JoinHandle<()>> = BTreeMap::new();
            for question in questions {
                match question {
                    Ask::Open(id, address) => {
                        let task = runtime.spawn(follow(client.clone(), id.clone(), address, tx.clone()));
                        if let Some(old) = open.insert(id, task) {
                            old.abort();
                        }
                    }
                    Ask::Close(id) => {
                        if let Some(task) = open.remove(&id) {
                            task.abort();
                        }
                    }
                }
            }
        };
        std::thread::Builder::new().name("guanlan-cameras".into()).spawn(work).ok()?;
        Some(Self { ask, news })
    }

    /// Begins to fetch a camera.
    pub fn open(&self, id: &str, address: &str) {
        let _ = self.ask.try_send(Ask::Open(id.to_owned(), address.to_owned()));
    }

    /// Stops.
    pub fn close(&self, id: &str) {
        let _ = self.ask.try_send(Ask::Close(id.to_owned()));
    }

    /// What has come.
    pub fn news(&self) -> impl Iterator<Item = (String, News)> + '_ {
        self.news.try_iter()
    }
}

/// Fetches for ever; failures wait longer and longer, a picture forgives them.
async fn follow(client: reqwest::Client, id: String, address: String, news: Sender<(String, News)>) {
    let mut wait = WAIT;
    let tell = |what: News| match news.try_send((id.clone(), what)) {
        // The screen is slow: the next picture is as good.
        Ok(()) | Err(TrySendError::Full(_)) => true,
        Err(TrySendError::Disconnected(_)) => false,
    };
    loop {
        let mut came = false;
        let result = once(&client, &address, &mut |picture| {
            came = true;
            tell(News::Picture(picture))
        })
        .await;
        if came {
            wait = WAIT;
        }
        let pause = match result {
            Ok(()) => STILL_EVERY,
            Err(trouble) => {
                if !tell(News::Trouble(trouble, wait)) {
                    return;
                }
                let pause = wait;
                wait = (wait * 2).min(WAIT_MAX);
                pause
            }
        };
        tokio::time::sleep(pause).await;
    }
}

fn unreachable(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::Silent;
    }
    // The innermost cause is what a person can act on: refused, no such host.
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Trouble::Unreachable(cause.to_string())
}

/// One still, or a stream until it ends.
async fn once(
    client: &reqwest::Client,
    address: &str,
    show: &mut impl FnMut(ColorImage) -> bool,
) -> Result<(), Trouble> {
    if address.is_empty() {
        return Err(Trouble::NoAddress);
    }
    let lower = address.to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return Err(Trouble::Scheme);
    }
    let sent = tokio::time::timeout(PATIENCE, client.get(address).send()).await;
    let mut response = sent.map_err(|_| Trouble::Silent)?.map_err(|e| unreachable(&e))?;
    if !response.status().is_success() {
        return Err(Trouble::Status(response.status().as_u16()));
    }
    let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let mut parts = boundary(&kind).map(|b| Parts::new(&b));
    let mut still = Vec::new();
    let mut shown: Option<Instant> = None;
    loop {
        let chunk = tokio::time::timeout(PATIENCE, response.chunk()).await;
        let Some(chunk) = chunk.map_err(|_| Trouble::Silent)?.map_err(|e| unreachable(&e))? else { break };
        match &mut parts {
            None => {
                still.extend_from_slice(&chunk);
                if still.len() > PART_MAX {
                    return Err(Trouble::TooLarge);
                }
            }
            Some(parts) => {
                // Only the newest of what came at once, and no more often than an eye needs.
                let newest = parts.feed(&chunk).map_err(|_| Trouble::TooLarge)?.pop();
                if let Some(part) = newest.filter(|_| shown.is_none_or(|at| at.elapsed() >= STREAM_EVERY)) {
                    shown = Some(Instant::now());
                    if !show(decode(&part)?) {
                        return Ok(());
                    }
                }
            }
        }
    }
    if parts.is_some() {
        // A stream that ends is broken; one that never showed anything was silent.
        return Err(if shown.is_some() { Trouble::Unreachable("stream ended".into()) } else { Trouble::Silent });
    }
    show(decode(&still)?);
    Ok(())
}

/// A JPEG or PNG as pixels, at most [`WIDE_MAX`] wide.
///
/// # Errors
/// It is neither, or larger than any camera's.
pub fn decode(bytes: &[u8]) -> Result<ColorImage, Trouble> {
    let mut reader =
        image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().map_err(|_| Trouble::NotAPicture)?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(8192);
    limits.max_image_height = Some(8192);
    limits.max_alloc = Some(256 << 20);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| Trouble::NotAPicture)?;
    let picture = if picture.width() > WIDE_MAX { picture.thumbnail(WIDE_MAX, 8192) } else { picture };
    let pixels = picture.to_rgba8();
    let size = [pixels.width() as usize, pixels.height() as usize];
    Ok(ColorImage::from_rgba_unmultiplied(size, pixels.as_raw()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    fn jpeg(shade: u8) -> Vec<u8> {
        let picture = image::RgbImage::from_pixel(64, 36, image::Rgb([shade, 40, 40]));
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// A camera on this machine: answers by path, one connection after another.
    fn camera() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                std::thread::spawn(move || {
                    let mut request = [0; 1024];
                    let n = stream.read(&mut request).unwrap_or(0);
                    let text = String::from_utf8_lossy(&request[..n]).into_owned();
                    let path = text.split(' ').nth(1).unwrap_or("/").to_owned();
                    let _ = answer(&mut stream, &path);
                });
            }
        });
        address
    }

    fn answer(stream: &mut impl Write, path: &str) -> std::io::Result<()> {
        let mut whole = |kind: &str, body: &[u8]| {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len())?;
            stream.write_all(body)
        };
        match path {
            "/still.jpg" => whole("image/jpeg", &jpeg(200)),
            "/words" => whole("text/html", b"<html>no picture here</html>"),
            "/stream" => {
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--cut\r\n\r\n")?;
                for shade in [10, 120, 240] {
                    let body = jpeg(shade);
                    write!(stream, "--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", body.len())?;
                    stream.write_all(&body)?;
                    stream.write_all(b"\r\n")?;
                    stream.flush()?;
                    std::thread::sleep(Duration::from_millis(260));
                }
                Ok(())
            }
            _ => write!(stream, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        }
    }

    fn collect(fetcher: &Fetcher, id: &str, enough: impl Fn(&[News]) -> bool) -> Vec<News> {
        let mut all = Vec::new();
        for _ in 0..400 {
            all.extend(fetcher.news().filter(|(i, _)| i == id).map(|n| n.1));
            if enough(&all) {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        all
    }

    fn shade(news: &News) -> Option<u8> {
        match news {
            News::Picture(p) => Some(p.pixels[0].r()),
            News::Trouble(..) => None,
        }
    }

    fn trouble(news: &[News]) -> Option<Trouble> {
        news.iter().find_map(|n| match n {
            News::Trouble(t, _) => Some(t.clone()),
            News::Picture(_) => None,
        })
    }

    #[test]
    fn stills_and_streams_come_and_everything_else_says_why() {
        let address = camera();
        let fetcher = Fetcher::start().unwrap();
        fetcher.open("still", &format!("{address}/still.jpg"));
        let still = collect(&fetcher, "still", |n| !n.is_empty());
        assert!(shade(&still[0]).is_some_and(|s| s > 190), "a red picture");
        fetcher.close("still");
        fetcher.open("stream", &format!("{address}/stream"));
        let stream = collect(&fetcher, "stream", |n| n.iter().filter_map(shade).count() >= 3);
        let shades: Vec<u8> = stream.iter().filter_map(shade).take(3).collect();
        assert!(shades.len() == 3 && shades[0] < 40 && shades[2] > 220, "{shades:?}");
        fetcher.close("stream");
        for (id, path, why) in [("none", "/nothing", Trouble::Status(404)), ("words", "/words", Trouble::NotAPicture)] {
            fetcher.open(id, &format!("{address}{path}"));
            assert_eq!(trouble(&collect(&fetcher, id, |n| !n.is_empty())), Some(why));
            fetcher.close(id);
        }
        fetcher.open("shut", "http://127.0.0.1:9/x.jpg");
        let news = collect(&fetcher, "shut", |n| !n.is_empty());
        assert!(matches!(trouble(&news), Some(Trouble::Unreachable(_))));
        fetcher.open("rtsp", "rtsp://127.0.0.1/live");
        assert_eq!(trouble(&collect(&fetcher, "rtsp", |n| !n.is_empty())), Some(Trouble::Scheme));
        fetcher.open("empty", "");
        assert_eq!(trouble(&collect(&fetcher, "empty", |n| !n.is_empty())), Some(Trouble::NoAddress));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic() {
        let good = jpeg(9);
        assert_eq!(decode(&good).unwrap().size, [64, 36]);
        for cut in (0..good.len()).step_by(7) {
            let _ = decode(&good[..cut]);
        }
        assert_eq!(decode(b"").err(), Some(Trouble::NotAPicture));
    }
}
