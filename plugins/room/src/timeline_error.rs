//! Why a timeline could not be opened, in words for the person who asked.

use std::path::PathBuf;

use crate::{drill_room::DrillError, recover::ReplayError};

/// Replays and exercises that may run at once.
pub(crate) const MAX_OTHERS: usize = 8;

/// A timeline could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimelineError {
    /// Too many at once.
    #[error("同时最多 {MAX_OTHERS} 条时间线，请先关闭一条 / at most {MAX_OTHERS} timelines at once: close one first")]
    TooMany,
    /// The room keeps its journal in memory only.
    #[error(
        "本房间没有日志文件，无法回放；请用 --store 打开 / this room has no journal file to replay: open it with --store"
    )]
    NoStore,
    /// The past cannot be shown.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The exercise cannot begin.
    #[error(transparent)]
    Drill(#[from] DrillError),
    /// The live room did not answer.
    #[error("实况房间没有响应 / the live room did not answer")]
    NoAnswer,
    /// No forecast has been made yet.
    #[error(
        "还没有预报：水情模型启动后约一分钟给出第一次预报 / there is no forecast yet: the first comes about a minute after the water model has started"
    )]
    NoForecast,
    /// The thread could not be started.
    #[error("cannot start the thread: {0}")]
    Thread(std::io::Error),
    /// No script with this name, or none at all.
    #[error("没有名为“{0}”的演练脚本；可用：{1} / there is no exercise script '{0}'; there are: {1}")]
    NoScript(String, String),
    /// The script's file.
    #[error("{path}: {source}")]
    ScriptFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The script.
    #[error(transparent)]
    Script(#[from] guanlan_drill::DrillError),
}
