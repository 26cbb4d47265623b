//! How the program ends.

use std::fmt::Display;

/// A failed run: what is printed and which code the shell gets.
#[derive(Debug)]
pub struct Failure {
    /// 2 bad usage or input, 1 anything else.
    pub code: u8,
    /// Printed on stderr when not empty.
    pub message: String,
}

/// Result of a verb.
pub type Outcome = Result<(), Failure>;

/// The user gave something wrong: exit 2.
pub fn bad_input(message: impl Display) -> Failure {
    Failure { code: 2, message: message.to_string() }
}

/// The program could not do it: exit 1.
pub fn failed(message: impl Display) -> Failure {
    Failure { code: 1, message: message.to_string() }
}
