//! What a verb prints. A reader that has seen enough (`guanlan schema rules | head`) ends the verb, quietly.

use std::{
    fmt::Arguments,
    io::{ErrorKind, Write},
};

/// Prints a line on standard output, as `println!` does, but never panics.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::line(format_args!($($text)*)) };
}

/// Prints a line. Nobody reads any more: the program ends well. It cannot be written (a full disk): it ends with 1.
pub fn line(text: Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_fmt(text).and_then(|()| out.write_all(b"\n")) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    eprintln!("guanlan: stdout: {error}");
    std::process::exit(1);
}
