//! Addresses of a feeds file.

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mqtt {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// mqtts.
    pub tls: bool,
}

/// `mqtt://HOST[:1883]`, `tcp://`, `mqtts://HOST[:8883]`, `ssl://`.
///
/// # Errors
/// What was expected.
pub fn mqtt(url: &str) -> Result<Mqtt, String> {
    let wrong = || format!("'{url}': expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT]");
    let (rest, tls) = match url.split_once("://") {
        Some(("mqtt" | "tcp", rest)) => (rest, false),
        Some(("mqtts" | "ssl", rest)) => (rest, true),
        _ => return Err(wrong()),
    };
    if rest.contains('@') {
        return Err("user and password belong into `user` and `password` (env:NAME), not into the address".into());
    }
    let rest = rest.trim_end_matches('/');
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong())?),
        _ => (rest, if tls { 8883 } else { 1883 }),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains('/') {
        return Err(wrong());
    }
    Ok(Mqtt { host: host.to_owned(), port, tls })
}

/// Where lines or events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stream {
    /// We connect.
    Connect(String),
    /// They connect.
    Listen(String),
    /// They send.
    Udp(String),
}

/// `tcp://HOST:PORT`, `listen://ADDR:PORT`, `udp://ADDR:PORT`.
///
/// # Errors
/// What was expected.
pub fn stream(url: &str) -> Result<Stream, String> {
    let wrong = || format!("'{url}': expected tcp://HOST:PORT, listen://ADDRESS:PORT or udp://ADDRESS:PORT");
    let (kind, place) = url.split_once("://").ok_or_else(wrong)?;
    let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(wrong());
    }
    match kind {
        "tcp" => Ok(Stream::Connect(place.to_owned())),
        "listen" => Ok(Stream::Listen(place.to_owned())),
        "udp" => Ok(Stream::Udp(place.to_owned())),
        _ => Err(wrong()),
    }
}

/// Is it a topic filter, shared or not?
#[must_use]
pub fn is_filter(text: &str) -> bool {
    let filter = match text.strip_prefix("$share/") {
        Some(rest) => match rest.split_once('/') {
            Some((group, filter)) if !group.is_empty() && !group.contains(['+', '#']) => filter,
            _ => return false,
        },
        None => text,
    };
    let levels: Vec<&str> = filter.split('/').collect();
    let last = levels.len() - 1;
    !filter.is_empty()
        && levels.iter().enumerate().all(|(i, level)| match *level {
            "+" => true,
            "#" => i == last,
            other => !other.contains(['+', '#', '\0']),
        })
}

/// May a topic fit both filters?
#[must_use]
pub fn overlap(a: &str, b: &str) -> bool {
    let plain = |f: &'_ str| {
        f.strip_prefix("$share/").and_then(|r| r.split_once('/')).map_or(f.to_owned(), |(_, f)| f.to_owned())
    };
    let (a, b) = (plain(a), plain(b));
    let (mut a, mut b) = (a.split('/'), b.split('/'));
    loop {
        match (a.next(), b.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
            (Some(x), Some(y)) if x == y => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_streams_and_filters() {
        assert_eq!(mqtt("mqtts://h").unwrap(), Mqtt { host: "h".into(), port: 8883, tls: true });
        assert_eq!(mqtt("tcp://[::1]:1884/").unwrap(), Mqtt { host: "::1".into(), port: 1884, tls: false });
        for wrong in ["h:1883", "mqtt://", "mqtt://h:many", "http://h", "mqtt://u:p@h", "mqtt://h/path"] {
            assert!(mqtt(wrong).is_err(), "{wrong}");
        }
        assert_eq!(stream("udp://0.0.0.0:4242"), Ok(Stream::Udp("0.0.0.0:4242".into())));
        assert!(stream("serial:///dev/tty").is_err() && stream("tcp://h").is_err());
        for good in ["a/+/b", "#", "$share/g/a/#", "+"] {
            assert!(is_filter(good), "{good}");
        }
        for wrong in ["", "a/#/b", "a+", "$share/g", "$share//a", "$share/+/a"] {
            assert!(!is_filter(wrong), "{wrong}");
        }
    }

    #[test]
    fn overlapping_filters() {
        for (a, b) in
            [("v1.1/Observations", "v1.1/+"), ("a/#", "a"), ("+/b", "a/+"), ("$share/g/a/b", "a/b"), ("#", "x/y")]
        {
            assert!(overlap(a, b) && overlap(b, a), "{a} {b}");
        }
        for (a, b) in [("v1.1/+/Observations", "v1.1/+"), ("a/b", "a/c"), ("a/+/c", "a/b/d"), ("a", "a/b")] {
            assert!(!overlap(a, b) && !overlap(b, a), "{a} {b}");
        }
        let own = crate::run::mqtt::OWN_TOPICS;
        for (i, a) in own.iter().enumerate() {
            assert!(own[i + 1..].iter().all(|b| !overlap(a, b)), "{a}");
        }
    }
}
