//! Roles of the 数字城管 workflow (DOMAIN §1.3): who may do what is decided by role.

use serde::{Deserialize, Serialize};

use crate::text::Bilingual;

/// A seat in the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 采集员/监督员: reports and checks on site.
    Collector,
    /// 受理员: accepts, registers and closes cases.
    Acceptor,
    /// 值班长: supervises the shift, may cancel.
    Supervisor,
    /// 派遣员: sends cases to departments and crews.
    Dispatcher,
    /// 专业部门: assigns handlers.
    Department,
    /// 处置人员: handles on site.
    Handler,
    /// 领导: is briefed.
    Leader,
    /// The room's own rules (automatic filing).
    System,
}

impl Role {
    /// All seats a person can take, in the order of the workflow.
    pub const SEATS: [Self; 7] = [
        Self::Collector,
        Self::Acceptor,
        Self::Supervisor,
        Self::Dispatcher,
        Self::Department,
        Self::Handler,
        Self::Leader,
    ];

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Collector => Bilingual::new("监督员", "Collector"),
            Self::Acceptor => Bilingual::new("受理员", "Acceptor"),
            Self::Supervisor => Bilingual::new("值班长", "Supervisor"),
            Self::Dispatcher => Bilingual::new("派遣员", "Dispatcher"),
            Self::Department => Bilingual::new("专业部门", "Department"),
            Self::Handler => Bilingual::new("处置人员", "Handler"),
            Self::Leader => Bilingual::new("领导", "Leader"),
            Self::System => Bilingual::new("系统", "System"),
        }
    }
}
