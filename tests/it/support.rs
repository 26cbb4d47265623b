//! The built program under test: verbs that end, rooms on free ports, an HTTP client, an MQTT
//! publisher. Everything is bounded in time and loopback only; a room dies with its handle.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest time a room may take to open its doors, on a busy machine.
const OPEN_WITHIN: Duration = Duration::from_secs(60);

/// A folder of its own for a test.
pub fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("it-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of real test files beside the repository, if it is there.
pub fn shared_data() -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data"));
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: no real data at {}", path.display());
    None
}

/// The program, with one cache for all tests and nothing of the caller's environment that matters to it.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanlan"));
    command
        .env("XDG_CACHE_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("it-cache"))
        .env("XDG_DATA_HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("it-data"))
        .env_remove("GUANLAN_TOKENS")
        .env_remove("GUANLAN_LOG")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .stdin(Stdio::null());
    command
}

/// What a verb that ended left.
pub struct Ran {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\nstdout: {}\nstderr: {}", self.out, self.err))
    }

    /// Fails unless the exit code is `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Runs a command to its end, or kills it after two minutes.
#[track_caller]
pub fn run(command: &mut Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let out = read_all(child.stdout.take().unwrap());
    let err = read_all(child.stderr.take().unwrap());
    let deadline = Instant::now() + Duration::from_secs(120);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} did not end in 120 s\n{}", err.join().unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    Ran { code: status.code().unwrap_or(-1), out: out.join().unwrap(), err: err.join().unwrap() }
}

/// Runs the program with these arguments.
#[track_caller]
pub fn guanlan<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    run(program().args(args))
}

/// Generates and packs the demo city once, so that rooms opened at the same time do not all do it.
pub fn demo_city() {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let script = repository().join("scenes/drills/cloudburst-east.toml");
        guanlan(["drill".as_ref(), "check".as_ref(), script.as_os_str()]).expect(0);
    });
}

/// Looks again and again until there is something, and fails after `limit`.
#[track_caller]
pub fn wait<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Milliseconds since the epoch.
pub fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// An instant as RFC 3339 in UTC (civil-from-days, H. Hinnant).
pub fn rfc3339(ms: i64) -> String {
    let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{:03}Z", rest % 1000)
}

/// A SensorThings Observation.
pub fn observation(at_ms: i64, result: f64) -> String {
    json!({ "phenomenonTime": rfc3339(at_ms), "result": result }).to_string()
}

/// The runtime of all clients.
pub fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        // A second choice is refused harmlessly.
        let _ = rustls::crypto::ring::default_provider().install_default();
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Content type without parameters.
    pub kind: String,
    /// Body.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// Fails unless the status is `status`; then the body as JSON.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Fails unless this is an RFC 9457 problem of that status with words; then its words.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!((self.status, self.kind.as_str()), (status, "application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self:?}");
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|t| !t.is_empty()), "{field}: {self:?}");
        }
        problem["detail"].as_str().unwrap().to_owned()
    }
}

/// A client of one room's API.
#[derive(Clone)]
pub struct Http {
    base: String,
    client: reqwest::Client,
    token: Option<String>,
}

impl Http {
    fn new(api: SocketAddr) -> Self {
        let _ = runtime();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).no_proxy().build().unwrap();
        Self { base: format!("http://{api}/api/v1"), client, token: None }
    }

    /// HOST:PORT.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://").trim_end_matches("/api/v1")
    }

    /// The same client with a bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Sends a request; `None` when there was no answer.
    pub fn send(&self, method: &str, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Option<Answer> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        runtime().block_on(async {
            let response = request.send().await.ok()?;
            let status = response.status().as_u16();
            let kind = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("");
            let kind = kind.split(';').next().unwrap_or("").to_owned();
            Some(Answer { status, kind, text: response.text().await.ok()? })
        })
    }

    #[track_caller]
    fn must(&self, method: &str, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, body, headers).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// GET.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.must("GET", path, None, &[])
    }

    /// GET that must be 200 with JSON.
    #[track_caller]
    pub fn read(&self, path: &str) -> Value {
        self.get(path).expect(200)
    }

    /// POST of JSON.
    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.must("POST", path, Some(body.to_string()), &[])
    }

    /// POST of anything.
    #[track_caller]
    pub fn post_text(&self, path: &str, body: &str) -> Answer {
        self.must("POST", path, Some(body.to_owned()), &[])
    }

    /// POST of JSON with an idempotency key.
    #[track_caller]
    pub fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.must("POST", path, Some(body.to_string()), &[("Idempotency-Key", key)])
    }

    /// DELETE.
    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.must("DELETE", path, None, &[])
    }

    /// A command of somebody in a seat.
    #[track_caller]
    pub fn command(&self, actor: &str, role: &str, command: Value) -> Answer {
        self.post("/commands", &json!({ "actor": actor, "role": role, "command": command }))
    }

    /// One figure of `/metrics`, by its name with labels.
    #[track_caller]
    pub fn figure(&self, name: &str) -> f64 {
        let text = self.get("/metrics").text;
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no figure {name} in\n{text}")).parse().unwrap()
    }
}

/// How a room is opened.
pub struct Plan {
    /// Journal.
    pub store: PathBuf,
    /// `--mqtt`.
    pub mqtt: String,
    /// `--api`.
    pub api: String,
    /// Further arguments.
    pub args: Vec<String>,
    /// Further environment.
    pub env: Vec<(String, String)>,
}

impl Plan {
    /// The demo city without devices, with its journal in a folder.
    pub fn demo(folder: &Path) -> Self {
        Self {
            store: folder.join("room.db"),
            mqtt: "127.0.0.1:0".into(),
            api: "127.0.0.1:0".into(),
            args: vec!["--no-devices".into()],
            env: Vec::new(),
        }
    }

    /// The command line.
    pub fn command(&self) -> Command {
        let mut command = program();
        command
            .args(["room", "--headless", "--api", &self.api, "--mqtt", &self.mqtt, "--store"])
            .arg(&self.store)
            .args(&self.args)
            .env("XDG_DATA_HOME", self.store.parent().unwrap());
        for (name, value) in &self.env {
            command.env(name, value);
        }
        command
    }
}

/// A running room.
pub struct Room {
    child: Child,
    log: Arc<Mutex<String>>,
    /// The API.
    pub http: Http,
    /// Where MQTT is spoken, for the embedded broker.
    pub mqtt: Option<SocketAddr>,
}

impl Room {
    /// Opens a room and waits until it is well.
    #[track_caller]
    pub fn open(plan: &Plan) -> Self {
        demo_city();
        let room = Self::start(plan.command(), plan.mqtt.starts_with("127."));
        wait("a healthy room", OPEN_WITHIN, || {
            let answer = room.http.send("GET", "/health", None, &[])?;
            (answer.status == 200 && answer.json()["tick"].as_u64()? > 0).then_some(())
        });
        room
    }

    /// Starts a room and waits until its doors are open, well or not.
    #[track_caller]
    pub fn start(mut command: Command, embedded_mqtt: bool) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), log.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = writeln!(kept.lock().unwrap(), "{line}");
            }
        });
        let begun = Instant::now();
        let said = |prefix: &str, child: &mut Child| -> SocketAddr {
            loop {
                let text = log.lock().unwrap().clone();
                let found = text.lines().find_map(|l| l.strip_prefix(prefix)).and_then(|rest| {
                    let end = rest.find(['/', ' ']).unwrap_or(rest.len());
                    rest[..end].parse().ok()
                });
                if let Some(address) = found {
                    return address;
                }
                let ended = child.try_wait().unwrap();
                assert!(ended.is_none() && begun.elapsed() < OPEN_WITHIN, "the room did not open ({ended:?}):\n{text}");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        let api = said("API  http://", &mut child);
        let mqtt = embedded_mqtt.then(|| said("MQTT ", &mut child));
        Self { child, log, http: Http::new(api), mqtt }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A command that must be carried out.
    #[track_caller]
    pub fn command_ok(&self, actor: &str, role: &str, command: Value) -> Value {
        self.http.command(actor, role, command).expect(200)
    }

    /// The port of the embedded broker.
    pub fn mqtt_port(&self) -> u16 {
        self.mqtt.unwrap().port()
    }

    /// What the room has said on stderr.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A termination signal; the room must then end by itself, well.
    #[track_caller]
    pub fn stop(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = wait("the end of the room", Duration::from_secs(20), || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{}", self.log());
    }

    /// Sensors of a property.
    #[track_caller]
    pub fn sensors(&self, property: &str) -> Vec<Value> {
        let list = self.http.read(&format!("/sensors?property={property}"));
        let list = list.as_array().unwrap().clone();
        assert!(!list.is_empty(), "no sensor observes {property}");
        list
    }

    /// Publishes with QoS 1 (MQTT 3.1.1) and waits for every PUBACK.
    #[track_caller]
    pub fn publish(&self, messages: &[(String, String)]) {
        let mut options = rumqttc::MqttOptions::new("it", "127.0.0.1", self.mqtt_port());
        options.set_keep_alive(Duration::from_secs(30));
        runtime().block_on(async {
            let (client, mut events) = rumqttc::AsyncClient::new(options, messages.len() + 1);
            for (topic, payload) in messages {
                client.publish(topic, rumqttc::QoS::AtLeastOnce, false, payload.as_bytes()).await.unwrap();
            }
            let mut missing = messages.len();
            let all = async {
                while missing > 0 {
                    if let rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_)) = events.poll().await.unwrap() {
                        missing -= 1;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(20), all).await.expect("every PUBACK within 20 s");
        });
    }

    /// One observation by MQTT.
    #[track_caller]
    pub fn observe(&self, sensor: &str, at_ms: i64, result: f64) {
        self.publish(&[(format!("v1.1/Datastreams({sensor})/Observations"), observation(at_ms, result))]);
    }

    /// A gauge under water for 90 s: dwell passed, red.
    #[track_caller]
    pub fn flood(&self, sensor: &str) {
        let now = now_ms();
        let topic = format!("v1.1/Datastreams({sensor})/Observations");
        let series = [(90, 28.0), (60, 31.0), (30, 33.5), (0, 34.0)];
        let messages: Vec<_> =
            series.iter().map(|(ago, cm)| (topic.clone(), observation(now - ago * 1000, *cm))).collect();
        self.publish(&messages);
    }

    /// The open case an alert of this sensor led to.
    #[track_caller]
    pub fn case_of(&self, sensor: &str) -> String {
        wait("a red alert with its case", Duration::from_secs(10), || {
            let alerts = self.http.read("/alerts?only=red");
            let alert = alerts.as_array()?.iter().find(|a| a["sensor"] == sensor)?;
            Some(alert["case"].as_str()?.to_owned())
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the room said ---\n{}---", self.log());
        }
    }
}

/// `journal verify --json` of a store; it must be whole.
#[track_caller]
pub fn verified(store: &Path) -> Value {
    let proof = guanlan(["journal".as_ref(), "verify".as_ref(), store.as_os_str(), "--json".as_ref()]).expect(0).json();
    assert_eq!(proof["ok"], true, "{proof}");
    for name in ["records", "first", "last", "head_hash", "ok", "problem"] {
        assert!(proof.get(name).is_some(), "{name} is missing in {proof}");
    }
    assert!(proof["problem"].is_null(), "{proof}");
    proof
}

/// Bodies of all records of a store, in order.
#[track_caller]
pub fn exported(store: &Path) -> Vec<Value> {
    let text = guanlan(["journal".as_ref(), "export".as_ref(), store.as_os_str()]).expect(0).out;
    let lines = text.lines().map(|l| serde_json::from_str::<Value>(l).unwrap_or_else(|e| panic!("{e}: {l}")));
    lines.map(|mut record| record["body"].take()).collect()
}
