//! What the connectors beside the gateway say about themselves. The gateway does not know them: whoever
//! composes the house hands it these.

use serde::Serialize;
use utoipa::ToSchema;

/// A figure for `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Name, without the program's prefix.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// True when it only ever grows.
    pub counter: bool,
    /// Now.
    pub value: f64,
}

/// A message that was refused whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refused {
    /// When it came, RFC 3339.
    pub at: String,
    /// From whom.
    pub source: String,
    /// Topic or address.
    pub topic: String,
    /// Field and reason.
    pub reason: String,
    /// Its beginning, as text.
    pub payload: String,
}

/// How the gateway asks the connectors.
pub struct Feeds {
    /// Figures now.
    pub figures: Box<dyn Fn() -> Vec<Figure> + Send + Sync>,
    /// Refused messages that are kept, latest last.
    pub refused: Box<dyn Fn() -> Vec<Refused> + Send + Sync>,
    /// The connectors of the feeds file: their health, and what is posted for them.
    pub supervisor: Option<std::sync::Arc<guanlan_feeds::Supervisor>>,
}

impl Feeds {
    /// What was posted for the live room, with its origins.
    pub(crate) fn posted(&self, inputs: Vec<guanlan_core::Input>, place: &str) -> Vec<guanlan_core::Input> {
        match &self.supervisor {
            Some(supervisor) => supervisor.intake().posted(inputs, place),
            None => inputs,
        }
    }
}

impl Default for Feeds {
    /// No connectors.
    fn default() -> Self {
        Self { figures: Box::new(Vec::new), refused: Box::new(Vec::new), supervisor: None }
    }
}
