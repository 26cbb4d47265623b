//! Guanlan 观澜: the command line. Arguments to configuration to run; no logic of its own.
//!
//! Exit codes: 0 ok, 2 bad usage or bad input (the message names file, line and field), 1 failure.

#![warn(clippy::pedantic)]
#![allow(clippy::module_name_repetitions, reason = "verbs are named after their module")]

#[macro_use]
mod out;

mod args;
#[cfg(feature = "views")]
mod beside;
mod exit;
mod house;
#[cfg(feature = "views")]
mod lived;
mod locale;
mod memory;
mod past;
mod progress;
mod room_files;
mod scene;
mod shipped;
mod verbs;
#[cfg(feature = "views")]
mod views;
#[cfg(feature = "views")]
mod water_on;

use clap::Parser;

use crate::{args::Cli, exit::Failure};

fn main() -> std::process::ExitCode {
    memory::keep_small();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("GUANLAN_LOG").unwrap_or_else(|_| "error,guanlan=warn".into()),
        )
        .with_target(false)
        .init();
    let cli = Cli::parse_from(args::language_behind_the_verb(std::env::args_os()));
    match verbs::run(cli) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            if !message.is_empty() {
                eprintln!("guanlan: {message}");
            }
            std::process::ExitCode::from(code)
        }
    }
}
