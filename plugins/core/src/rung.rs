//! The ladder 社区-街道-区-市: who is called when nobody answers an alert.

use serde::{Deserialize, Serialize};

use crate::{role::Role, text::Bilingual};

/// A rung of the ladder. `Ord` goes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// 社区: the officer on duty.
    #[default]
    Community,
    /// 街道: the shift supervisor.
    Street,
    /// 区: the district's commander.
    District,
    /// 市: the leader.
    City,
}

impl Rung {
    /// All rungs, lowest first.
    pub const ALL: [Self; 4] = [Self::Community, Self::Street, Self::District, Self::City];

    /// The rung above; `None` at the top.
    #[must_use]
    pub const fn up(self) -> Option<Self> {
        match self {
            Self::Community => Some(Self::Street),
            Self::Street => Some(Self::District),
            Self::District => Some(Self::City),
            Self::City => None,
        }
    }

    /// The rung below; `None` at the bottom.
    #[must_use]
    pub const fn down(self) -> Option<Self> {
        match self {
            Self::Community => None,
            Self::Street => Some(Self::Community),
            Self::District => Some(Self::Street),
            Self::City => Some(Self::District),
        }
    }

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Community => Bilingual::new("社区", "Community"),
            Self::Street => Bilingual::new("街道", "Street"),
            Self::District => Bilingual::new("区", "District"),
            Self::City => Bilingual::new("市", "City"),
        }
    }

    /// The seat that is called.
    #[must_use]
    pub const fn seat(self) -> Role {
        match self {
            Self::Community => Role::Acceptor,
            Self::Street | Self::District => Role::Supervisor,
            Self::City => Role::Leader,
        }
    }
}
