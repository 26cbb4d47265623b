//! The layer file is watched beside the drawing thread; a change is in force within a second, a bad one is told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, bounded};
use guanlan_geography::LocalFrame;

use super::cameras::{CameraAddresses, Cameras, cameras, readdress};
use super::catalogue::{Catalogue, CatalogueError, Source};
use super::state::LayerState;
use super::user::UserLayers;
use crate::{Redraw, StageSettings};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// A catalogue with what its files hold.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The layers.
    pub catalogue: Arc<Catalogue>,
    /// Their files.
    pub user: Arc<UserLayers>,
}

/// Reads a layer file, or the shipped catalogue, with all files it names.
///
/// # Errors
/// What is wrong with the layer file.
pub fn load(path: Option<&Path>, frame: &LocalFrame) -> Result<Loaded, CatalogueError> {
    let catalogue = path.map_or_else(|| Ok(Catalogue::shipped()), Catalogue::load)?;
    let user = UserLayers::read(&catalogue, frame);
    Ok(Loaded { catalogue: Arc::new(catalogue), user: Arc::new(user) })
}

/// What comes from the watching thread.
#[derive(Resource)]
pub(crate) struct Watch(Receiver<Result<Loaded, CatalogueError>>);

/// When a file was written, and its length.
pub(crate) type Written = Option<(SystemTime, u64)>;

/// When a file was written. Ask before reading it: a change while it is read is then seen.
pub(crate) fn written(path: &Path) -> Written {
    std::fs::metadata(path).and_then(|m| Ok((m.modified()?, m.len()))).ok()
}

/// When the files of a catalogue were written.
fn stamps(path: &Path, catalogue: Option<&Catalogue>) -> Vec<Written> {
    let files = catalogue.into_iter().flat_map(|c| &c.layers).filter_map(|l| match &l.source {
        Source::File { path, .. } | Source::Tileset { path, .. } | Source::Cameras { file: Some(path), .. } => {
            Some(path.as_path())
        }
        _ => None,
    });
    std::iter::once(path).chain(files).map(written).collect()
}

impl Watch {
    /// Watches a layer file, read as it was `written`, and the files it names.
    pub(crate) fn start(path: PathBuf, frame: LocalFrame, first: Arc<Catalogue>, written: Written) -> Self {
        let (tx, rx) = bounded(1);
        let watch = move || {
            let mut catalogue = first;
            let mut seen = stamps(&path, Some(&catalogue));
            seen[0] = written;
            loop {
                std::thread::sleep(EVERY);
                let now = stamps(&path, Some(&catalogue));
                if now == seen {
                    continue;
                }
                let before = self::written(&path);
                let result = load(Some(&path), &frame);
                if let Ok(loaded) = &result {
                    catalogue = loaded.catalogue.clone();
                }
                seen = stamps(&path, Some(&catalogue));
                seen[0] = before;
                if tx.send(result).is_err() {
                    return;
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("guanlan-layers".into()).spawn(watch) {
            tracing::warn!("the layer file is not watched: {error}");
        }
        Self(rx)
    }
}

/// Puts a changed catalogue into force; a bad one leaves the old one and says why.
pub(crate) fn follow_file(watch: Option<Res<Watch>>, mut layers: ResMut<LayerState>, mut redraw: ResMut<Redraw>) {
    let Some(result) = watch.and_then(|w| w.0.try_recv().ok()) else { return };
    match result {
        Ok(loaded) => layers.replace(loaded.catalogue, loaded.user),
        Err(error) => {
            layers.trouble = error.to_string();
            layers.revision += 1;
        }
    }
    redraw.scene();
}

/// Cameras follow the catalogue.
pub(crate) fn follow_cameras(
    layers: Res<LayerState>,
    settings: Res<StageSettings>,
    mut all: ResMut<Cameras>,
    mut seen: Local<Option<(usize, usize)>>,
    addresses: Option<Res<CameraAddresses>>,
    mut asked: Local<(Option<Instant>, BTreeMap<String, String>)>,
) {
    let key = (Arc::as_ptr(layers.catalogue()) as usize, Arc::as_ptr(&layers.user) as usize);
    let mut same = *seen == Some(key);
    if let Some(addresses) = addresses.filter(|_| asked.0.is_none_or(|at| at.elapsed() >= EVERY)) {
        let now = addresses.now();
        same &= now == asked.1;
        *asked = (Some(Instant::now()), now);
    }
    if same {
        return;
    }
    *seen = Some(key);
    let mut rows = cameras(&settings.city, layers.catalogue(), &layers.user);
    readdress(&mut rows, &asked.1);
    if *all.rows != rows {
        all.rows = Arc::new(rows);
        all.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_a_bad_one_is_told_and_the_old_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("layers.toml");
        let text = super::super::catalogue::SHIPPED;
        std::fs::write(&path, text).unwrap();
        let frame = LocalFrame::new(4549, [0.0, 0.0]);
        let at = written(&path);
        let first = load(Some(&path), &frame).unwrap();
        let mut app = App::new();
        app.insert_resource(LayerState::new(first.catalogue.clone()))
            .init_resource::<Redraw>()
            .insert_resource(Watch::start(path.clone(), frame, first.catalogue, at))
            .add_systems(Update, follow_file);
        let until = |app: &mut App, ok: &dyn Fn(&LayerState) -> bool| {
            for _ in 0..1600 {
                app.update();
                if ok(app.world().resource::<LayerState>()) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(25));
            }
            panic!("nothing came of the change");
        };
        std::fs::write(&path, text.replace("zh = \"力量\"", "zh = \"队伍\"")).unwrap();
        let name = |s: &LayerState| {
            s.catalogue().layers.iter().find(|l| l.id == "crews").map(|l| l.name.zh.clone()).unwrap_or_default()
        };
        until(&mut app, &|s| name(s) == "队伍");
        std::fs::write(&path, "format = 1\nlayers = 5\n").unwrap();
        until(&mut app, &|s| s.trouble.contains("layers.toml:2"));
        assert_eq!(name(app.world().resource::<LayerState>()), "队伍", "the old one stays");
        std::fs::write(&path, text).unwrap();
        until(&mut app, &|s| name(s) == "力量" && s.trouble.is_empty());
    }
}
