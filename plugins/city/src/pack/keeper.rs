//! The keeper of an import's pieces in a pack's folder.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use guanlan_core::Bilingual;

use super::{
    files,
    inputs::{digest, digest_of, hex, stat},
    layers,
    manifest::{Entry, Input, Manifest, Versions},
    part::KEY_DIGITS,
};
use crate::import::{
    ImportError, archive,
    place_files::{Content, Sketch, Source},
    steps::{Keeper, Make, Piece, Recipe, Role},
};

/// Finds kept pieces, makes the others, and writes down what was used.
pub(super) struct PackKeeper<'a> {
    dir: &'a Path,
    /// What the pack held before, when it is of this version.
    known: Option<Manifest>,
    pub inputs: Vec<Input>,
    pub parts: Vec<Entry>,
    /// Pieces made anew: role and name.
    pub rebuilt: Vec<String>,
    pub notices: Vec<Bilingual>,
    /// The first part that could not be written.
    pub fault: Option<String>,
}

impl<'a> PackKeeper<'a> {
    pub fn new(dir: &'a Path, known: Option<Manifest>) -> Self {
        Self {
            dir,
            known,
            inputs: Vec::new(),
            parts: Vec::new(),
            rebuilt: Vec::new(),
            notices: Vec::new(),
            fault: None,
        }
    }

    /// A kept piece, when its file is there and whole.
    fn kept(&mut self, file: &str, key: &str, recipe: &Recipe) -> Option<Piece> {
        let bytes = std::fs::read(self.dir.join(file)).ok()?;
        match layers::read(&bytes, key) {
            Ok(piece) => {
                let known = self.known.as_ref().and_then(|m| m.parts.iter().find(|p| p.key == key)).cloned();
                let entry = known.unwrap_or_else(|| entry(file, key, recipe, &bytes, &piece));
                self.parts.push(entry);
                Some(piece)
            }
            Err(damage) => {
                tracing::warn!("city pack {}: {file}: {damage}; made again", self.dir.display());
                self.notices.push(Bilingual::new(
                    format!("城市包分片损坏，已重建：{file}（{damage}）"),
                    format!("a damaged part of the city pack was made again: {file} ({damage})"),
                ));
                None
            }
        }
    }

    fn write(&mut self, file: &str, key: &str, recipe: &Recipe, piece: &mut Piece) -> Result<(), String> {
        let writer = layers::write(piece).map_err(|e| e.to_string())?;
        let mut bytes = Vec::new();
        writer.finish(key, &mut bytes).map_err(|e| e.to_string())?;
        files::write_whole(&self.dir.join(file), |to| to.write_all(&bytes)).map_err(|e| e.to_string())?;
        self.parts.push(entry(file, key, recipe, &bytes, piece));
        Ok(())
    }
}

impl Keeper for PackKeeper<'_> {
    fn look(&mut self, path: &Path) -> Result<(String, Sketch, Content), ImportError> {
        let whole = absolute(path);
        let known = self.known.as_ref().and_then(|m| m.inputs.iter().find(|i| i.path == whole));
        // Before the bytes are read: a file that changes meanwhile is looked at again the next time.
        let files = stat(&whole);
        let same = known.filter(|input| input.files == files);
        // The datasets of an archive share its bytes.
        let same = same.or_else(|| self.inputs.iter().find(|input| !files.is_empty() && input.files == files));
        let digest = match same {
            Some(input) => input.digest.clone(),
            None => digest(&files).map_err(|e| ImportError::new(path, "", format!("cannot be read: {e}")))?,
        };
        let (sketch, content) = match known.filter(|input| input.digest == digest) {
            Some(input) => (input.sketch.clone(), Content::Later),
            None => Source::look(path)?,
        };
        self.inputs.push(Input { path: whole, files, digest: digest.clone(), sketch: sketch.clone() });
        Ok((digest, sketch, content))
    }

    fn piece(&mut self, recipe: Recipe, make: Make<'_>) -> Result<(Piece, String), ImportError> {
        let key = key(&recipe);
        let file = file_name(&recipe, &key);
        if let Some(piece) = self.kept(&file, &key, &recipe) {
            return Ok((piece, key));
        }
        let mut piece = make()?;
        self.rebuilt.push(format!("{} {}", role_word(recipe.role), recipe.name));
        if let Err(error) = self.write(&file, &key, &recipe, &mut piece) {
            self.fault.get_or_insert(format!("{file}: {error}"));
        }
        Ok((piece, key))
    }
}

/// What the manifest says of a part.
fn entry(file: &str, key: &str, recipe: &Recipe, bytes: &[u8], piece: &Piece) -> Entry {
    Entry {
        file: file.to_owned(),
        role: recipe.role,
        name: recipe.name.clone(),
        key: key.to_owned(),
        bytes: bytes.len() as u64,
        sha256: sha256(bytes),
        counts: layers::counts(piece),
    }
}

/// The file as the manifest names it.
pub(super) fn absolute(path: &Path) -> PathBuf {
    archive::absolute(path)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    hex(&Sha256::digest(bytes))
}

/// Digest of the versions and of everything the piece is made of.
fn key(recipe: &Recipe) -> String {
    let versions = Versions::own();
    let layout = versions.format.to_string();
    let fixed = [layout.as_str(), &versions.program, &versions.importers, role_word(recipe.role), &recipe.name];
    let mut digest = digest_of(fixed.into_iter().chain(recipe.inputs.iter().map(String::as_str)));
    digest.truncate(KEY_DIGITS);
    digest
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Layers => "layers",
        Role::Ground => "ground",
        Role::Raster => "raster",
        Role::Mosaic => "mosaic",
        Role::Terrain => "terrain",
    }
}

fn file_name(recipe: &Recipe, key: &str) -> String {
    format!("{}-{}-{}.part", role_word(recipe.role), slug(&recipe.name), &key[..16])
}

/// A name as part of a file name.
pub(super) fn slug(name: &str) -> String {
    let plain: String =
        name.chars().take(40).map(|c| if c.is_alphanumeric() || c == '.' || c == '_' { c } else { '_' }).collect();
    plain.trim_start_matches('.').to_owned()
}
