//! What may be wrong with the medium or the clock, as a code for programs and words for people.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// A fault of the medium or the clock. The room goes on showing and alerting in all of them; while the medium
/// refuses, nothing is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// No space is left, or a quota is used up.
    DiskFull,
    /// The file or its folder may not be written.
    ReadOnly,
    /// A page or a block is not what was written.
    Damaged,
    /// Another program holds the file.
    Busy,
    /// The device reports errors.
    Io,
    /// The wall clock was set back: the room's clock waits for it.
    ClockBack,
    /// The wall clock jumped ahead, or the machine slept.
    ClockAhead,
    /// A file people write for the room was refused.
    File,
    /// The working calendar does not know a year that is needed.
    Calendar,
    /// Too much waits for absent listeners: the oldest messages were dropped.
    Backlog,
    /// Anything else.
    Other,
}

impl Fault {
    /// The name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::ReadOnly => "read_only",
            Self::Damaged => "damaged",
            Self::Busy => "busy",
            Self::Io => "io",
            Self::ClockBack => "clock_back",
            Self::ClockAhead => "clock_ahead",
            Self::File => "file",
            Self::Calendar => "calendar",
            Self::Backlog => "backlog",
            Self::Other => "other",
        }
    }

    /// True when the medium refuses, so that nothing is acknowledged.
    #[must_use]
    pub const fn stops_acknowledging(self) -> bool {
        !matches!(self, Self::ClockBack | Self::ClockAhead | Self::File | Self::Calendar | Self::Backlog)
    }

    /// What it is and what to do, for the screen.
    #[must_use]
    pub fn text(self) -> Bilingual {
        match self {
            Self::DiskFull => Bilingual::new(
                "磁盘已满：继续显示和报警，暂停确认新数据；清出空间后自动恢复",
                "disk full: still showing and alerting, nothing new is acknowledged; goes on by itself once there is space",
            ),
            Self::ReadOnly => Bilingual::new(
                "存储只读：继续显示和报警，暂停确认新数据；恢复写权限后自动继续",
                "storage is read-only: still showing and alerting, nothing new is acknowledged; goes on once it may be written",
            ),
            Self::Damaged => Bilingual::new(
                "存储文件损坏：继续显示和报警，暂停确认新数据；请运行 guanlan journal verify 并从备份恢复",
                "storage is damaged: still showing and alerting, nothing new is acknowledged; run guanlan journal verify and restore a copy",
            ),
            Self::Busy => Bilingual::new(
                "存储被其他程序占用：释放后自动恢复",
                "storage is held by another program: goes on once it is released",
            ),
            Self::Io => Bilingual::new(
                "磁盘读写错误：继续显示和报警，暂停确认新数据；请检查磁盘",
                "disk errors: still showing and alerting, nothing new is acknowledged; check the disk",
            ),
            Self::ClockBack => Bilingual::new(
                "系统时钟被调回：房间时钟放慢直至一致，时间不会倒退",
                "the system clock was set back: the room's clock goes slower until they agree, time never runs backwards",
            ),
            Self::ClockAhead => Bilingual::new(
                "系统时钟跳前（或机器休眠）：房间已跟到新时间，期间没有数据",
                "the system clock jumped ahead (or the machine slept): the room followed it, there is no data in between",
            ),
            Self::File => Bilingual::new(
                "配置文件有误，未采用；原来的继续有效",
                "a file of the room is wrong and was not taken; the one before stays in force",
            ),
            Self::Calendar => Bilingual::new(
                "工作日历缺少年份：按周一至周五计算时限",
                "the working calendar lacks a year: limits count Monday to Friday",
            ),
            Self::Backlog => Bilingual::new(
                "离线订阅者积压过多：最早的消息已丢弃；请让订阅者重新连接或结束其会话",
                "too much waits for absent subscribers: the oldest messages were dropped; let them connect again or end their sessions",
            ),
            Self::Other => Bilingual::new(
                "存储异常：继续显示和报警，暂停确认新数据",
                "storage trouble: still showing and alerting, nothing new is acknowledged",
            ),
        }
    }

    /// The fault a database error stands for.
    pub(crate) fn of_sqlite(error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as C;
        match error.sqlite_error_code() {
            Some(C::DiskFull) => Self::DiskFull,
            Some(C::ReadOnly | C::PermissionDenied | C::CannotOpen) => Self::ReadOnly,
            Some(C::DatabaseCorrupt | C::NotADatabase) => Self::Damaged,
            Some(C::DatabaseBusy | C::DatabaseLocked | C::FileLockingProtocolFailed) => Self::Busy,
            Some(C::SystemIoFailure) => Self::Io,
            _ => Self::Other,
        }
    }
}
