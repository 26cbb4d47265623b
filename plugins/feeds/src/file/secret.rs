//! Secrets: a feeds file names an environment variable, never the secret itself.

use schemars::JsonSchema;
use serde::Deserialize;

/// `env:NAME`: the value of an environment variable, read when the feed starts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String", extend("pattern" = "^env:[A-Za-z_][A-Za-z0-9_]*$"))]
pub struct Secret(String);

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.strip_prefix("env:").unwrap_or_default();
        let ok = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        // The text itself may be a secret somebody wrote down here: it is not repeated.
        if ok {
            Ok(Self(name.to_owned()))
        } else {
            Err("a secret is named, not written down: expected env:NAME, for example env:WATER_PASSWORD".into())
        }
    }
}

impl Secret {
    /// The secret.
    ///
    /// # Errors
    /// When the environment has no such variable, or an empty one.
    pub fn value(&self) -> Result<String, String> {
        match std::env::var(&self.0) {
            Ok(value) if !value.is_empty() => Ok(value),
            _ => Err(format!("环境变量 {} 未设置 / the environment variable {} is not set", self.0, self.0)),
        }
    }
}
