//! Progress on stderr for work that takes longer than two seconds.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

/// Says what is going on, but only when it has gone on for a while.
pub struct Progress {
    begun: Instant,
    last: Option<Instant>,
    on_line: bool,
}

impl Progress {
    /// Begins to watch.
    pub fn new() -> Self {
        Self { begun: Instant::now(), last: None, on_line: false }
    }

    /// The current step. Printed after two seconds, then at most twice a second.
    pub fn step(&mut self, text: &str) {
        let now = Instant::now();
        if now - self.begun < Duration::from_secs(2)
            || self.last.is_some_and(|last| now - last < Duration::from_millis(500))
        {
            return;
        }
        self.last = Some(now);
        let mut err = std::io::stderr().lock();
        if err.is_terminal() {
            let _ = write!(err, "\r\x1b[K{text}");
            let _ = err.flush();
            self.on_line = true;
        } else {
            let _ = writeln!(err, "{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.on_line {
            let _ = writeln!(std::io::stderr());
        }
    }
}
