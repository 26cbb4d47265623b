//! Themes as files: every colour on the screen, read, judged, and read again when the file changes.
//!
//! A broken file never changes the picture: what was shown stays, and the reason is said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bevy::prelude::*;
use guanlan_core::file_words::{Phrases, both, line_at, refused};
use guanlan_core::theme::{Palette, Srgb8, Theme, Token, rules};
use guanlan_core::{Bilingual, Lang};
use serde::Deserialize;

use crate::StageSettings;

/// A changed file is seen this often, s.
const POLL_S: f32 = 1.0;

/// What the user asked for: the name of a theme of ours or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ThemeChoice {
    /// The quiet night city.
    #[default]
    CommandDark,
    /// The same city with the lamp on.
    Daylight,
    /// A theme file.
    File(PathBuf),
}

impl ThemeChoice {
    /// The theme of this name, or of this file.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "command_dark" | "command-dark" | "dark" => Self::CommandDark,
            "daylight" => Self::Daylight,
            file => Self::File(file.into()),
        }
    }
}

/// English patterns of what is wrong with a theme file, and their Chinese.
const PHRASES: &Phrases = &[
    ("colors.*: no such token", "colors.{1}：没有这个色名"),
    ("colors.* = \"*\": expected \"#RRGGBB\"", "colors.{1} = \"{2}\"：应为 \"#RRGGBB\""),
    ("\"*\" on \"*\": contrast *, expected at least *", "{1} 在 {2} 上对比度 {3}，至少应为 {4}"),
];

/// The Chinese of a reason, or of each of several.
fn chinese(reason: &str) -> String {
    let of = |part: &str| Lang::Zh.part_of(&both(PHRASES, part)).to_owned();
    let whole = of(reason);
    if whole != reason { whole } else { reason.split("; ").map(of).collect::<Vec<_>>().join("；") }
}

/// Why a theme file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThemeError {
    /// It can not be read.
    #[error("无法读取主题文件 {path}: {source} / cannot read theme file {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no theme.
    #[error("主题文件 {path} 有误: {} / theme file {path} is wrong: {reason}", chinese(reason))]
    Wrong {
        /// The file.
        path: String,
        /// What was expected.
        reason: String,
    },
    /// People could not read it.
    #[error("主题 {path} 不易辨读: {} / theme {path} can not be read well: {reason}", chinese(reason))]
    Unreadable {
        /// The file.
        path: String,
        /// Every rule it breaks.
        reason: String,
    },
}

/// A theme file as it is written.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThemeFile {
    /// Theme whose colours hold where this one says nothing.
    #[serde(default)]
    pub base: Base,
    /// Name on the screen.
    pub name: ThemeName,
    /// Token → `#RRGGBB`.
    #[serde(default)]
    pub colors: BTreeMap<String, String>,
}

/// Themes that a file may build on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Dark.
    #[default]
    CommandDark,
    /// Light.
    Daylight,
}

/// Name of a theme in both languages.
#[derive(Clone, Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThemeName {
    /// Chinese.
    pub zh: String,
    /// English.
    #[serde(default)]
    pub en: String,
}

/// JSON Schema of a theme file: every token by name, each a colour.
#[must_use]
pub fn schema() -> schemars::Schema {
    let mut schema = schemars::schema_for!(ThemeFile);
    let tokens: serde_json::Map<String, serde_json::Value> = Token::ALL
        .iter()
        .filter_map(|t| serde_json::to_value(t).ok()?.as_str().map(str::to_owned))
        .map(|name| (name, serde_json::json!({ "type": "string", "pattern": "^#[0-9A-Fa-f]{6}$" })))
        .collect();
    if let Some(colors) = schema.pointer_mut("/properties/colors").and_then(serde_json::Value::as_object_mut) {
        colors.insert("properties".into(), tokens.into());
        colors.insert("additionalProperties".into(), false.into());
    }
    schema
}

/// Reads a theme from its text; `path` only names it.
///
/// # Errors
/// [`ThemeError`] when it is no theme or breaks a rule of contrast.
pub fn parse(text: &str, path: &str) -> Result<(Bilingual, Palette), ThemeError> {
    let wrong = |reason: String| ThemeError::Wrong { path: path.into(), reason };
    let file: ThemeFile = toml::from_str(text).map_err(|e| {
        let line = e.span().map_or(1, |s| line_at(text, s.start));
        wrong(format!("line {line}: {}", refused(text, line, e.message())))
    })?;
    let mut values = Vec::new();
    for (name, value) in &file.colors {
        let token: Token = serde_json::from_value(serde_json::Value::String(name.clone()))
            .map_err(|_| wrong(format!("colors.{name}: no such token")))?;
        let color =
            Srgb8::parse(value).ok_or_else(|| wrong(format!("colors.{name} = \"{value}\": expected \"#RRGGBB\"")))?;
        values.push((token, color));
    }
    let base = match file.base {
        Base::CommandDark => Theme::CommandDark,
        Base::Daylight => Theme::Daylight,
    };
    let palette = Palette::of(base).with(values);
    let broken: Vec<String> =
        rules::check(&palette).iter().filter(|b| b.eyes.is_empty()).map(ToString::to_string).collect();
    if !broken.is_empty() {
        return Err(ThemeError::Unreadable { path: path.into(), reason: broken.join("; ") });
    }
    Ok((Bilingual::new(&file.name.zh, &file.name.en), palette))
}

/// Reads a theme file and makes it [`Theme::Custom`].
///
/// # Errors
/// See [`ThemeError`].
pub fn load(path: &Path) -> Result<Theme, ThemeError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ThemeError::Read { path: name.clone(), source })?;
    let (_, palette) = parse(&text, &name)?;
    palette.install();
    Ok(Theme::Custom)
}

impl ThemeChoice {
    /// The theme to begin with; a file is read now.
    ///
    /// # Errors
    /// See [`ThemeError`].
    pub fn open(&self) -> Result<Theme, ThemeError> {
        match self {
            Self::CommandDark => Ok(Theme::CommandDark),
            Self::Daylight => Ok(Theme::Daylight),
            Self::File(path) => load(path),
        }
    }
}

/// Follows a theme file.
pub struct ThemeFilePlugin(pub PathBuf);

/// The file followed and when it was last changed.
#[derive(Resource)]
struct Followed {
    path: PathBuf,
    changed: Option<SystemTime>,
    waited_s: f32,
}

impl Plugin for ThemeFilePlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Followed { path: self.0.clone(), changed: stamp(&self.0), waited_s: 0.0 })
            .add_systems(PreUpdate, follow);
    }
}

fn stamp(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|m| m.modified()).ok()
}

/// Looks at the file once a second; a good change is shown at once.
fn follow(mut followed: ResMut<Followed>, mut settings: ResMut<StageSettings>, time: Res<Time<Real>>) {
    followed.waited_s += time.delta_secs();
    if followed.waited_s < POLL_S {
        return;
    }
    followed.waited_s = 0.0;
    let changed = stamp(&followed.path);
    if changed.is_none() || changed == followed.changed {
        return;
    }
    followed.changed = changed;
    match load(&followed.path) {
        Ok(theme) => settings.theme = theme,
        Err(error) => tracing::warn!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(name: &str) -> String {
        std::fs::read_to_string(format!("{}/../../assets/themes/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn shipped_files_say_what_the_program_carries() {
        for (name, theme) in [("command_dark", Theme::CommandDark), ("daylight", Theme::Daylight)] {
            let text = shipped(name);
            let (title, palette) = parse(&text, name).unwrap();
            assert_eq!(palette, Palette::of(theme), "{name}");
            assert!(!title.zh.is_empty() && !title.en.is_empty());
            let file: ThemeFile = toml::from_str(&text).unwrap();
            assert_eq!(file.colors.len(), Token::ALL.len(), "{name} names every token");
        }
    }

    #[test]
    fn the_schema_names_every_token() {
        let schema = schema();
        let tokens = schema.pointer("/properties/colors/properties").and_then(|v| v.as_object()).unwrap();
        assert_eq!(tokens.len(), Token::ALL.len());
        assert!(tokens.contains_key("level_red") && tokens.contains_key("land"));
    }

    #[test]
    fn wrong_files_say_what_is_wrong() {
        let reason = |text: &str| parse(text, "mine.toml").unwrap_err().to_string();
        let head = "[name]\nzh = \"试\"\n[colors]\n";
        assert!(reason("colors = 3").contains("mine.toml"));
        assert!(reason(&format!("{head}lnad = \"#000000\"")).contains("colors.lnad: no such token"));
        assert!(reason(&format!("{head}land = \"black\"")).contains("expected \"#RRGGBB\""));
        let drowned = reason(&format!("{head}level_red = \"#101828\""));
        assert!(drowned.contains("level_red") && drowned.contains("at least 4.3"), "{drowned}");
        assert!(drowned.contains("level_red 在 land 上对比度"), "{drowned}");
        assert!(reason(&format!("{head}lnad = \"#000000\"")).contains("colors.lnad：没有这个色名"));
        assert!(reason("colour = 3").contains("第 1 行：没有名为“colour”的字段"));
    }

    #[test]
    fn a_theme_may_leave_tokens_out() {
        let (_, palette) =
            parse("base = \"daylight\"\n[name]\nzh = \"试\"\n[colors]\nriver = \"#6FA8BF\"", "x").unwrap();
        assert_eq!(palette.color(Token::River), Srgb8::hex(0x6F_A8BF));
        assert_eq!(palette.color(Token::Land), Theme::Daylight.color(Token::Land));
    }

    #[test]
    fn names_and_files_are_told_apart() {
        assert_eq!(ThemeChoice::of("daylight"), ThemeChoice::Daylight);
        assert_eq!(ThemeChoice::of("my/own.toml"), ThemeChoice::File("my/own.toml".into()));
        assert!(matches!(ThemeChoice::File("absent.toml".into()).open(), Err(ThemeError::Read { .. })));
    }
}
