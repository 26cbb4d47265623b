//! Which layers are shown, and how strongly.

use std::sync::Arc;

use bevy::prelude::Resource;
use guanlan_core::{ObservedProperty, WaterAspect, theme::Theme};

use super::catalogue::{Catalogue, Layer, Source};
use super::user::UserLayers;

/// The choice for one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Choice {
    on: bool,
    opacity: f32,
}

/// The catalogue in force and what the person at this screen made of it. Stage and markers ask it what to draw:
///
/// ```ignore
/// if layers.revision != seen { show(layers.opacity("crews")) }   // 0 is hidden
/// ```
#[derive(Resource, Clone, Debug)]
pub struct LayerState {
    catalogue: Arc<Catalogue>,
    choices: Vec<Choice>,
    solo: Option<String>,
    /// Opacity of the sensors of each property, by its place in [`ObservedProperty::ALL`].
    sensors: [f32; ObservedProperty::ALL.len()],
    /// What files of the catalogue hold.
    pub user: Arc<UserLayers>,
    /// Grows with every change.
    pub revision: u64,
    /// Why the newest file is not in force; empty when it is.
    pub trouble: String,
}

impl Default for LayerState {
    fn default() -> Self {
        Self::new(Arc::new(Catalogue::shipped()))
    }
}

impl LayerState {
    /// A catalogue as it says itself.
    #[must_use]
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        let choices = catalogue.layers.iter().map(|l| Choice { on: l.on, opacity: l.opacity }).collect();
        let mut state = Self {
            catalogue,
            choices,
            solo: None,
            sensors: [1.0; ObservedProperty::ALL.len()],
            user: Arc::default(),
            revision: 1,
            trouble: String::new(),
        };
        state.derive();
        state
    }

    /// The catalogue in force.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    fn index(&self, id: &str) -> Option<usize> {
        self.catalogue.layers.iter().position(|l| l.id == id)
    }

    fn of_layer(&self, index: usize) -> f32 {
        let (layer, choice) = (&self.catalogue.layers[index], self.choices[index]);
        match &self.solo {
            // Alone means alone, even where it was off.
            Some(solo) if *solo == layer.id => choice.opacity,
            Some(_) if !layer.base => 0.0,
            _ if choice.on => choice.opacity,
            _ => 0.0,
        }
    }

    /// Opacity a layer is drawn with: 0 when it is hidden. A layer the catalogue does not name is drawn in full.
    #[must_use]
    pub fn opacity(&self, id: &str) -> f32 {
        self.index(id).map_or(1.0, |i| self.of_layer(i))
    }

    /// True when something of a layer is drawn.
    #[must_use]
    pub fn visible(&self, id: &str) -> bool {
        self.opacity(id) > 0.004
    }

    /// Opacity of the layers with this source: the strongest of them, 0 when all are hidden, 1 when there is none.
    #[must_use]
    pub fn opacity_of(&self, is: impl Fn(&Source) -> bool) -> f32 {
        let mut all = self.catalogue.layers.iter().enumerate().filter(|(_, l)| is(&l.source)).peekable();
        if all.peek().is_none() {
            return 1.0;
        }
        all.map(|(i, _)| self.of_layer(i)).fold(0.0, f32::max)
    }

    /// Opacity of the sensors that observe a property: a table look-up, made for columns.
    #[must_use]
    pub fn sensor_opacity(&self, property: ObservedProperty) -> f32 {
        self.sensors[property as usize]
    }

    /// What was chosen for a layer: on, opacity.
    #[must_use]
    pub fn choice(&self, id: &str) -> (bool, f32) {
        self.index(id).map_or((false, 1.0), |i| (self.choices[i].on, self.choices[i].opacity))
    }

    /// The layer shown alone.
    #[must_use]
    pub fn solo(&self) -> Option<&str> {
        self.solo.as_deref()
    }

    /// Shows or hides a layer. Of the water one thing is shown at a time.
    pub fn set_on(&mut self, id: &str, on: bool) {
        if let Some(i) = self.index(id) {
            if on && self.aspect(i).is_some() {
                for k in 0..self.choices.len() {
                    let other = self.aspect(k).is_none();
                    self.choices[k].on &= other;
                }
            }
            self.choices[i].on = on;
            self.changed();
        }
    }

    fn aspect(&self, index: usize) -> Option<WaterAspect> {
        match self.catalogue.layers[index].source {
            Source::Flood { shows } => Some(shows),
            _ => None,
        }
    }

    /// What is shown of the water, and the layer that says so; `None` while it is hidden. The last wins where a file
    /// switches several on; without such a layer the depth is shown.
    #[must_use]
    pub fn water(&self) -> Option<(WaterAspect, Option<&Layer>)> {
        let all = self.catalogue.layers.iter().enumerate();
        let mut of_water = all.filter_map(|(i, l)| Some((i, l, self.aspect(i)?))).peekable();
        if of_water.peek().is_none() {
            return Some((WaterAspect::Depth, None));
        }
        let shown = of_water.filter(|(i, ..)| self.of_layer(*i) > 0.004).last();
        shown.map(|(_, layer, aspect)| (aspect, Some(layer)))
    }

    /// Opacity of the water; 0 when it is hidden.
    #[must_use]
    pub fn water_opacity(&self) -> f32 {
        self.water().map_or(0.0, |(_, layer)| layer.map_or(1.0, |l| self.opacity(&l.id)))
    }

    /// Sets a layer's opacity, 0–1.
    pub fn set_opacity(&mut self, id: &str, opacity: f32) {
        if let Some(i) = self.index(id) {
            self.choices[i].opacity = opacity.clamp(0.0, 1.0);
            self.changed();
        }
    }

    /// Shows a layer alone, or all again.
    pub fn set_solo(&mut self, id: Option<&str>) {
        self.solo = id.filter(|id| self.index(id).is_some()).map(str::to_owned);
        self.changed();
    }

    /// Shows or hides every layer of a group.
    pub fn set_group(&mut self, group: &str, on: bool) {
        for i in 0..self.choices.len() {
            // A whole group shows of the water what was chosen, else its depth.
            let further = on && self.aspect(i).is_some_and(|a| a != WaterAspect::Depth);
            if self.catalogue.layers[i].group == group && !further {
                self.choices[i].on = on && !(self.aspect(i).is_some() && self.water_is_chosen(i));
            }
        }
        self.changed();
    }

    /// Something of the water besides this layer is switched on.
    fn water_is_chosen(&self, but: usize) -> bool {
        (0..self.choices.len()).any(|k| k != but && self.choices[k].on && self.aspect(k).is_some())
    }

    /// Another catalogue comes into force: layers that stay keep what was chosen, unless the file itself changed it.
    pub fn replace(&mut self, catalogue: Arc<Catalogue>, user: Arc<UserLayers>) {
        let choice = |layer: &Layer| {
            let fresh = Choice { on: layer.on, opacity: layer.opacity };
            let Some(i) = self.index(&layer.id) else { return fresh };
            let old = &self.catalogue.layers[i];
            if old.on == layer.on && (old.opacity - layer.opacity).abs() < 1e-6 { self.choices[i] } else { fresh }
        };
        let choices = catalogue.layers.iter().map(choice).collect();
        self.choices = choices;
        self.catalogue = catalogue;
        self.user = user;
        self.trouble.clear();
        if self.solo.as_deref().is_some_and(|id| self.index(id).is_none()) {
            self.solo = None;
        }
        self.changed();
    }

    /// Legend colours of a layer in a theme.
    #[must_use]
    pub fn swatch(&self, line: &super::catalogue::LegendLine, theme: Theme) -> guanlan_core::theme::Srgb8 {
        super::paint::color_of(&line.color, theme)
    }

    fn changed(&mut self) {
        self.derive();
        self.revision += 1;
    }

    fn derive(&mut self) {
        for (k, property) in ObservedProperty::ALL.into_iter().enumerate() {
            let of = |s: &Source| matches!(s, Source::Sensors { property: p } if p == property.key());
            self.sensors[k] = self.opacity_of(of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_by_their_number() {
        for (k, p) in ObservedProperty::ALL.into_iter().enumerate() {
            assert_eq!(p as usize, k);
        }
    }

    #[test]
    fn hidden_is_zero_and_alone_hides_all_but_the_base() {
        let mut s = LayerState::default();
        let first = s.revision;
        assert!(s.visible("crews") && s.visible("terrain"));
        s.set_on("crews", false);
        assert!(!s.visible("crews") && s.revision > first);
        s.set_opacity("cases", 0.5);
        assert!((s.opacity("cases") - 0.5).abs() < 1e-6);
        s.set_solo(Some("crews"));
        assert!(s.visible("crews"), "alone it is shown even where it was off");
        assert!(!s.visible("cases") && s.visible("terrain"), "the base stays");
        assert!(s.sensor_opacity(ObservedProperty::RoadWaterDepth) == 0.0);
        s.set_solo(None);
        assert!(!s.visible("crews") && s.visible("cases"));
        assert!((s.opacity("unknown") - 1.0).abs() < 1e-6);
        s.set_group("operations", false);
        assert!(!s.visible("cases"));
    }

    #[test]
    fn of_the_water_one_thing_is_shown_at_a_time() {
        let mut s = LayerState::default();
        let shown = |s: &LayerState| s.water().map(|(a, _)| a);
        assert_eq!(shown(&s), Some(WaterAspect::Depth));
        s.set_on("flood-arrival", true);
        assert_eq!(shown(&s), Some(WaterAspect::Arrival));
        assert!(!s.choice("flood").0 && s.visible("rain"), "the others of the water go, nothing else does");
        s.set_opacity("flood-arrival", 0.5);
        assert!((s.water_opacity() - 0.5).abs() < 1e-6);
        s.set_group("water", true);
        assert_eq!(shown(&s), Some(WaterAspect::Arrival), "a whole group keeps what was chosen");
        s.set_on("flood-arrival", false);
        assert_eq!((shown(&s), s.water_opacity()), (None, 0.0));
        s.set_group("water", true);
        assert_eq!(shown(&s), Some(WaterAspect::Depth));
        s.set_solo(Some("flood-speed"));
        assert_eq!(shown(&s), Some(WaterAspect::Speed));
        let named = |a: &WaterAspect| s.catalogue().layers.iter().any(|l| l.source == Source::Flood { shows: *a });
        assert!(WaterAspect::ALL.iter().all(named), "each has its layer");
    }

    #[test]
    fn legends_of_the_water_say_its_classes() {
        let s = LayerState::default();
        for layer in &s.catalogue().layers {
            let Source::Flood { shows } = layer.source else { continue };
            if shows == WaterAspect::Depth {
                continue;
            }
            let said: Vec<_> = layer.legend.iter().map(|l| (&*l.color, &*l.words.zh, &*l.words.en)).collect();
            let meant: Vec<_> = shows.classes().iter().map(|c| (c.color, c.zh, c.en)).collect();
            assert_eq!(said, meant, "{}", layer.id);
        }
    }

    #[test]
    fn a_new_file_keeps_what_was_chosen() {
        let mut s = LayerState::default();
        s.set_on("cases", false);
        let mut next = Catalogue::shipped();
        next.layers.retain(|l| l.id != "trails");
        if let Some(crews) = next.layers.iter_mut().find(|l| l.id == "crews") {
            crews.opacity = 0.3;
        }
        s.replace(Arc::new(next), Arc::default());
        assert!(!s.visible("cases"), "chosen by a person");
        assert!((s.opacity("crews") - 0.3).abs() < 1e-6, "changed in the file");
        assert!((s.opacity("trails") - 1.0).abs() < 1e-6, "gone from the file: nothing holds it back");
    }
}
