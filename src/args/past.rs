//! `guanlan journal`, `query` and `replay`: what a store holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use guanlan_journal::figures::FigureStep;

use super::{parse::parse_step, room::RoomArgs};

/// `guanlan journal`.
#[derive(Args, Debug)]
pub struct JournalArgs {
    #[command(subcommand)]
    pub what: JournalVerb,
}

/// What to do with a journal.
#[derive(Subcommand, Debug)]
pub enum JournalVerb {
    /// Recomputes every hash.
    Verify {
        /// Journal file.
        store: PathBuf,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Writes every record as a JSON line.
    Export {
        /// Journal file.
        store: PathBuf,
        /// File to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

/// `guanlan query`.
#[derive(Args, Debug)]
pub struct QueryArgs {
    #[command(subcommand)]
    pub what: QueryVerb,
}

/// What is asked.
#[derive(Subcommand, Debug)]
pub enum QueryVerb {
    /// Key figures of case and event records, from roll-ups kept as they arrived.
    Figures {
        /// Journal file.
        store: PathBuf,
        /// From, RFC 3339; the beginning of the store's last day when absent.
        #[arg(long)]
        from: Option<String>,
        /// To, RFC 3339, exclusive; the store's end when absent.
        #[arg(long)]
        to: Option<String>,
        /// whole, month, day, hour.
        #[arg(long, default_value = "whole", value_parser = parse_step)]
        step: FigureStep,
        /// Only areas whose grid code begins so.
        #[arg(long, default_value = "")]
        area: String,
        /// Tell areas apart by this many digits: 0, 6 (district), 9 (street), 12 (community).
        #[arg(long, default_value_t = 0, value_name = "DIGITS")]
        by_area: usize,
        /// Only categories (or observed properties of alerts) that begin so.
        #[arg(long, default_value = "")]
        code: String,
        /// Tell categories apart: 0 not, 1 whole codes, n leading characters.
        #[arg(long, default_value_t = 0, value_name = "N")]
        by_code: usize,
        /// Only what begins so: opened:, moved:closed, closed:late, alert:red, dispatched …
        #[arg(long, default_value = "")]
        what: String,
        /// Tell what happened apart.
        #[arg(long)]
        by_what: bool,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// A stream's readings or roll-ups.
    Series {
        /// Journal file.
        store: PathBuf,
        /// The stream.
        sensor: String,
        /// From, RFC 3339; a day before --to when absent.
        #[arg(long)]
        from: Option<String>,
        /// To, RFC 3339; the store's end when absent.
        #[arg(long)]
        to: Option<String>,
        /// Points at most.
        #[arg(long, default_value_t = 600)]
        points: usize,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// The latest value of every stream at an instant.
    Latest {
        /// Journal file.
        store: PathBuf,
        /// RFC 3339; the store's end when absent.
        #[arg(long)]
        at: Option<String>,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
}

/// `guanlan replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Journal file.
    #[arg(value_name = "STORE")]
    pub journal: PathBuf,
    /// From, RFC 3339; the journal's beginning when absent.
    #[arg(long)]
    pub from: Option<String>,
    /// To, RFC 3339; the journal's end when absent.
    #[arg(long)]
    pub to: Option<String>,
    /// One JSON object a line: every fact, then the summary.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub room: RoomArgs,
}
