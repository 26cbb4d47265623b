//! A public warning as it is passed between authorities (the content of a CAP 1.2 alert).

use serde::{Deserialize, Serialize};

use crate::{
    level::AlertLevel,
    stamp::Stamp,
    text::{Bilingual, Lang},
};

/// What a warning message is (CAP `status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningStatus {
    /// For everybody to act on.
    Actual,
    /// For the participants of an exercise only.
    Exercise,
    /// For systems.
    System,
    /// A technical test.
    Test,
    /// Not yet valid.
    Draft,
}

/// What a warning message does to earlier ones (CAP `msgType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// New.
    Alert,
    /// Replaces those it refers to.
    Update,
    /// Ends those it refers to.
    Cancel,
    /// Acknowledges those it refers to.
    Ack,
    /// Rejects those it refers to.
    Error,
}

/// A warning from or to another authority.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Names the message for ever, together with sender and sent.
    pub identifier: String,
    /// Who sends it.
    pub sender: String,
    /// Who sends it, for people (CAP `senderName`); empty when the message does not say.
    #[serde(default)]
    pub sender_name: Bilingual,
    /// When it was sent.
    pub sent: Stamp,
    /// Actual, exercise …
    pub status: WarningStatus,
    /// New, update, cancel …
    pub kind: WarningKind,
    /// Identifiers of the messages it updates or cancels.
    pub references: Vec<String>,
    /// What happens, for example 暴雨 / Rainstorm.
    pub event: Bilingual,
    /// Colour, from the message's own parameter or, failing that, from its severity.
    pub level: AlertLevel,
    /// CAP `severity`, `urgency`, `certainty` as sent.
    pub severity: String,
    /// See `severity`.
    pub urgency: String,
    /// See `severity`.
    pub certainty: String,
    /// One line.
    pub headline: Bilingual,
    /// What is known.
    pub description: Bilingual,
    /// What to do.
    pub instruction: Bilingual,
    /// From when it holds.
    pub effective: Stamp,
    /// Until when it holds.
    pub expires: Option<Stamp>,
    /// Where, in words.
    pub area: Bilingual,
    /// Where: closed rings in the local frame, m (circles are made polygons by the connector).
    pub rings_m: Vec<Vec<[f64; 2]>>,
}

impl Warning {
    /// Who warns, for people: the name, or the sender's id where there is none.
    #[must_use]
    pub fn who(&self, lang: Lang) -> &str {
        match self.sender_name.get(lang) {
            "" => &self.sender,
            name => name,
        }
    }
}
