//! Reading layer files: from text, from disk, on top of the shipped layers.

use std::path::Path;

use guanlan_city::import::tiles3d::is_address;
use guanlan_core::file_words::{line_at, refused};

use super::{Catalogue, CatalogueError, SHIPPED, Source};

impl Catalogue {
    /// Reads a layer file. `file` is what errors call it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and field. Nothing is used then.
    pub fn parse(file: &str, text: &str) -> Result<Self, CatalogueError> {
        let read: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            CatalogueError { file: file.into(), line, field: "toml".into(), message: refused(text, line, e.message()) }
        })?;
        let read = if read.extend { Self::shipped().with(read) } else { read };
        read.check(file, text)?;
        Ok(read)
    }

    /// Reads a layer file from disk; paths in it become relative to its folder.
    ///
    /// # Errors
    /// As [`Self::parse`], or the file can not be read.
    pub fn load(path: &Path) -> Result<Self, CatalogueError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| CatalogueError {
            file: file.clone(),
            line: 0,
            field: "file".into(),
            message: e.to_string(),
        })?;
        let mut read = Self::parse(&file, &text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for layer in &mut read.layers {
            match &mut layer.source {
                Source::File { path, .. } => *path = folder.join(&*path),
                Source::Cameras { file: Some(path), .. } => *path = folder.join(&*path),
                Source::Tileset { path, .. } if !is_address(path) => *path = folder.join(&*path),
                _ => {}
            }
        }
        Ok(read)
    }

    /// The catalogue that comes with the program.
    #[must_use]
    pub fn shipped() -> Self {
        let read: Result<Self, _> = toml::from_str(SHIPPED);
        // The shipped file is part of the program; a test reads it.
        read.unwrap_or_default()
    }

    /// These layers with those of `other` on top: the same id is replaced in its place.
    fn with(mut self, other: Self) -> Self {
        for group in other.groups {
            match self.groups.iter_mut().find(|g| g.id == group.id) {
                Some(old) => *old = group,
                None => self.groups.push(group),
            }
        }
        for layer in other.layers {
            match self.layers.iter_mut().find(|l| l.id == layer.id) {
                Some(old) => *old = layer,
                None => self.layers.push(layer),
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Layer, schema};
    use super::*;
    use guanlan_core::ObservedProperty;

    const ONE: &str = r##"format = 1

[[group]]
id = "mine"
name = { zh = "我的" }

[[layer]]
id = "trees"
name = { zh = "古树", en = "Old trees" }
group = "mine"
source = { kind = "file", path = "trees.geojson" }
provenance = { zh = "园林普查 2025", en = "Tree survey 2025" }
owner = { zh = "园林绿化局", en = "Parks" }
opacity = 0.8
style = { color = "#55AA66", by = "age", classes = [{ min = 300.0, color = "level_orange" }] }
legend = [{ swatch = "dot", color = "#55AA66", words = { zh = "古树", en = "Old tree" } }]
"##;

    fn error(text: &str) -> CatalogueError {
        Catalogue::parse("my.toml", text).unwrap_err()
    }

    #[test]
    fn the_shipped_catalogue_is_valid_and_names_everything_twice() {
        let all = Catalogue::parse("default.toml", SHIPPED).unwrap();
        assert_eq!(all, Catalogue::shipped());
        assert!(all.layers.len() >= 20);
        for layer in &all.layers {
            assert!(!layer.name.en.is_empty() && !layer.owner.en.is_empty(), "{}", layer.id);
            assert!(layer.legend.iter().all(|l| !l.words.en.is_empty()), "{}", layer.id);
        }
        for property in ObservedProperty::ALL {
            let is = |l: &Layer| l.source == Source::Sensors { property: property.key().into() };
            assert!(all.layers.iter().any(is), "no layer shows {property:?}");
        }
    }

    #[test]
    fn a_file_of_ones_own_is_read_and_can_extend_the_shipped_one() {
        let one = Catalogue::parse("my.toml", ONE).unwrap();
        assert_eq!(one.layers.len(), 1);
        assert!(one.layers[0].on && (one.layers[0].opacity - 0.8).abs() < 1e-6);
        let more = Catalogue::parse("my.toml", &ONE.replace("format = 1", "format = 1\nextend = true")).unwrap();
        assert_eq!(more.layers.len(), Catalogue::shipped().layers.len() + 1);
    }

    #[test]
    fn errors_name_file_line_and_field() {
        let e = error(&ONE.replace("0.8", "1.8"));
        assert_eq!((e.line, e.field.as_str()), (14, "layer 'trees'.opacity"));
        let told = "my.toml:14: layer 'trees'.opacity: 1.8 不在 0 到 1 之间 / 1.8 is not within 0 to 1";
        assert_eq!(e.to_string(), told);
        let e = error(&ONE.replace("group = \"mine\"", "group = \"yours\""));
        assert!(e.line == 10 && e.message.contains("expected one of mine"), "{e}");
        let e = error(&ONE.replace("level_orange", "level_pink"));
        assert!(e.line == 15 && e.message.contains("level_pink"), "{e}");
        let e = error(&ONE.replace("opacity", "opaqueness"));
        assert!(e.line == 14 && e.message.contains("opaqueness"), "{e}");
        let e = error(&ONE.replace("format = 1", "format = 9"));
        assert_eq!((e.line, e.field.as_str()), (1, "format"));
        let twice = format!("{ONE}\n{}", &ONE[ONE.find("[[layer]]").unwrap()..]);
        let e = error(&twice);
        assert!(e.line == 19 && e.message.contains("twice"), "{e}");
        let e =
            error(&ONE.replace("kind = \"file\", path = \"trees.geojson\"", "kind = \"sensors\", property = \"x\""));
        assert!(e.line == 11 && e.message.contains("road_water_depth"), "{e}");
        let e = error(&ONE[..ONE.find("legend").unwrap()]);
        assert!(e.message.contains("legend"), "{e}");
        let e = error("format = ");
        assert_eq!(e.line, 1);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for cut in 0..ONE.len() {
            if ONE.is_char_boundary(cut) {
                let _ = Catalogue::parse("cut.toml", &ONE[..cut]);
                let _ = Catalogue::parse("cut.toml", &ONE[cut..]);
            }
        }
    }

    #[test]
    fn the_schema_knows_the_fields() {
        let text = serde_json::to_string(&schema()).unwrap();
        for field in ["provenance", "owner", "update_s", "legend", "closed_roads"] {
            assert!(text.contains(field), "{field}");
        }
    }
}
