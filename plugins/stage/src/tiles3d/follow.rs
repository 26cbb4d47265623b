//! Which tilesets there are: the city's own and those a layer file declares, opened on threads of their own, following
//! the switches of their layers.

use std::sync::Arc;

use bevy::prelude::*;
use guanlan_city::City;
use guanlan_city::import::tiles3d::{self, Issues, TileSource, TileTree, Tileset, open_source};
use guanlan_city::model::TilesetLayer;
use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;

use super::{Layer, TileLayers, cache::Cache, select::Selection};
use crate::StageSettings;
use crate::layers::{LayerState, catalogue::Source};
use crate::redraw::Redraw;

/// Layer of the catalogue that switches the city's own tilesets.
pub(super) const CITY: &str = "tilesets";

/// A place for a tileset, opened or not. Numbers stay: what a loader brings late finds nothing under an old one.
pub(super) struct Slot {
    /// Layer of the catalogue whose switch it follows.
    pub(super) id: String,
    name: Bilingual,
    /// What a layer file declares; `None` for a tileset of the city.
    declared: Option<(TilesetLayer, Option<f32>)>,
    root: Entity,
    on: bool,
    /// It was taken out of the catalogue.
    gone: bool,
}

fn open(layer: &TilesetLayer, lift_m: Option<f32>, city: &City) -> Result<(Arc<dyn TileSource>, TileTree), String> {
    let (source, uri) = open_source(std::path::Path::new(&layer.path))?;
    let bytes = source.get(&uri, tiles3d::tileset::MAX_JSON)?;
    let mut issues = Issues::default();
    let tileset = Tileset::read(&bytes, &uri, source.as_ref(), &mut issues);
    let tileset = tileset.ok_or_else(|| issues.fatal().map_or_else(|| "no tile".into(), ToString::to_string))?;
    let frame = LocalFrame::new(city.epsg, city.origin);
    let lift_m = f64::from(lift_m.unwrap_or_else(|| layer.lift_m(city.terrain.as_ref())));
    let tree = TileTree::new(&tileset, &uri, frame, lift_m, &mut issues);
    Ok((source, tree))
}

impl TileLayers {
    /// Opens a tileset on a thread of its own.
    pub(super) fn add(
        &mut self,
        id: &str,
        layer: &TilesetLayer,
        declared: Option<Option<f32>>,
        root: Entity,
        city: &Arc<City>,
    ) {
        let n = self.slots.len();
        let lift_m = declared.flatten();
        self.slots.push(Slot {
            id: id.to_owned(),
            name: layer.name.clone(),
            declared: declared.map(|lift_m| (layer.clone(), lift_m)),
            root,
            on: true,
            gone: false,
        });
        self.layers.push(None);
        let (layer, city, send) = (layer.clone(), city.clone(), self.opener.clone());
        let open = move || drop(send.send((n, open(&layer, lift_m, &city))));
        match std::thread::Builder::new().name(format!("tileset-{n}")).spawn(open) {
            Ok(_) => self.opening += 1,
            Err(error) => tracing::error!("no thread to open a tileset: {error}"),
        }
    }

    /// Takes in the tilesets that were opened since.
    pub(super) fn take_opened(&mut self) {
        while let Ok((n, opened)) = self.opened.try_recv() {
            self.opening -= 1;
            self.dirty = true;
            match opened {
                Ok((source, tree)) if !self.slots[n].gone => {
                    let Slot { name, root, on, .. } = &self.slots[n];
                    let (name, root, on) = (name.clone(), *root, *on);
                    let (cache, selection) = (Cache::default(), Selection::default());
                    self.layers[n] = Some(Layer { name, root, on, source, tree, cache, selection });
                }
                Ok(_) => {}
                Err(why) => tracing::warn!("tileset {}: {why}", self.slots[n].name.en),
            }
        }
    }
}

/// Opens what a layer file declares, lets go what it no longer does, and follows the switches.
pub(super) fn follow_layers(
    mut commands: Commands,
    layers: Option<Res<LayerState>>,
    mut tiles: ResMut<TileLayers>,
    settings: Res<StageSettings>,
    mut redraw: ResMut<Redraw>,
) {
    let Some(layers) = layers else { return };
    let tiles = tiles.bypass_change_detection();
    let key = (Arc::as_ptr(&layers.user) as usize, layers.revision);
    if tiles.seen.replace(key) == Some(key) {
        return;
    }
    let declared = |id: &str| {
        let tileset = layers.user.0.get(id)?.tileset.as_ref()?;
        let layer = layers.catalogue().layers.iter().find(|l| l.id == id)?;
        let Source::Tileset { lift_m, .. } = &layer.source else { return None };
        Some((tileset.clone(), *lift_m))
    };
    for n in 0..tiles.slots.len() {
        let slot = &mut tiles.slots[n];
        if slot.gone || slot.declared.is_none() || slot.declared == declared(&slot.id) {
            continue;
        }
        slot.gone = true;
        commands.entity(slot.root).despawn();
        tiles.layers[n] = None;
        redraw.scene();
    }
    for id in layers.user.0.keys() {
        let there = tiles.slots.iter().any(|s| !s.gone && s.declared.is_some() && s.id == *id);
        let Some((tileset, lift_m)) = declared(id).filter(|_| !there) else { continue };
        let root = commands.spawn((Transform::default(), Visibility::default())).id();
        tiles.add(id, &tileset, Some(lift_m), root, &settings.city);
    }
    for n in 0..tiles.slots.len() {
        let on = layers.visible(&tiles.slots[n].id);
        let slot = &mut tiles.slots[n];
        if slot.gone || slot.on == on {
            continue;
        }
        slot.on = on;
        let wanted = if on { Visibility::Inherited } else { Visibility::Hidden };
        commands.entity(slot.root).insert(wanted);
        if let Some(layer) = &mut tiles.layers[n] {
            layer.on = on;
        }
        tiles.dirty = true;
        redraw.scene();
    }
}

#[cfg(test)]
mod tests {
    use super::super::loader::Loader;
    use super::*;
    use crate::layers::Catalogue;
    use crate::layers::user::{UserLayer, UserLayers};
    use crossbeam_channel::unbounded;

    #[test]
    fn tilesets_of_a_layer_file_come_go_and_follow_their_switch() {
        let text = "format = 1\n[[group]]\nid = \"g\"\nname = { zh = \"我的\" }\n[[layer]]\nid = \"mine\"\n\
            name = { zh = \"瓦片\" }\ngroup = \"g\"\nsource = { kind = \"tileset\", path = \"t.json\" }\n\
            provenance = { zh = \"测\" }\nowner = { zh = \"局\" }\n\
            legend = [{ color = \"accent\", words = { zh = \"物\" } }]\n";
        let catalogue = Arc::new(Catalogue::parse("my.toml", text).unwrap());
        let with = |path: &str| {
            let tileset = Some(TilesetLayer { path: path.into(), ..TilesetLayer::default() });
            Arc::new(UserLayers([("mine".to_owned(), UserLayer { tileset, ..UserLayer::default() })].into()))
        };
        let (opener, opened) = unbounded();
        let mut app = App::new();
        let city: Arc<City> = Arc::default();
        app.init_resource::<Redraw>()
            .init_resource::<LayerState>()
            .insert_resource(StageSettings { city, quality: Default::default(), theme: Default::default() })
            .insert_resource(TileLayers {
                layers: Vec::new(),
                slots: Vec::new(),
                loader: Loader::new(Box::new(|| ())),
                opener,
                opened,
                opening: 0,
                seen: None,
                material: Handle::default(),
                eye: None,
                dirty: false,
                full: false,
            })
            .add_systems(Update, follow_layers);
        let slots = |app: &App| {
            let tiles = app.world().resource::<TileLayers>();
            tiles.slots.iter().map(|s| (s.gone, s.on, s.root)).collect::<Vec<_>>()
        };
        app.update();
        assert!(slots(&app).is_empty());
        app.world_mut().resource_mut::<LayerState>().replace(catalogue.clone(), with("/nowhere/a.json"));
        app.update();
        app.world_mut().resource_mut::<LayerState>().set_on("mine", false);
        app.update();
        let [(false, false, root)] = slots(&app)[..] else { panic!("{:?}", slots(&app)) };
        assert_eq!(app.world().get::<Visibility>(root), Some(&Visibility::Hidden));
        // Another file under the same layer takes its place; what is not declared goes.
        app.world_mut().resource_mut::<LayerState>().replace(catalogue, with("/nowhere/b.json"));
        app.update();
        assert_eq!(slots(&app).iter().map(|s| s.0).collect::<Vec<_>>(), [true, false]);
        assert!(app.world().get_entity(root).is_err());
        app.world_mut().resource_mut::<LayerState>().replace(Arc::new(Catalogue::shipped()), Arc::default());
        app.update();
        assert!(slots(&app).iter().all(|s| s.0));
    }
}
