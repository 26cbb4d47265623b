//! The tiles that are open: at most four, dragged by hand, each with the age of its picture.

use bevy::prelude::Resource;
use egui::{CornerRadius, Rect, Sense, TextureHandle, TextureOptions, pos2, vec2};
use guanlan_core::{Lang, theme::Token};
use guanlan_stage::layers::Camera;

use super::fetch::{Fetcher, News, Trouble};
use crate::{
    action::UiAction,
    look::Look,
    ui::kit,
    vm::span,
    words::{tr, tr_with},
};

/// Tiles open at once.
pub const MOST: usize = 4;
/// Width of a tile's picture, points.
const WIDE: f32 = 320.0;

/// An open camera.
pub struct Tile {
    /// The camera.
    pub id: String,
    /// Its name.
    pub name: guanlan_core::Bilingual,
    texture: Option<TextureHandle>,
    /// When the newest picture came, s of the program's clock.
    got_s: Option<f64>,
    trouble: Option<(Trouble, f64)>,
    place: usize,
    /// Dragged so far from its place, points.
    moved: egui::Vec2,
}

/// The open tiles and the thread behind them.
#[derive(Resource, Default)]
pub struct Pictures {
    tiles: Vec<Tile>,
    fetcher: Option<Fetcher>,
}

/// A trouble in words.
#[must_use]
pub fn words(trouble: &Trouble, lang: Lang) -> String {
    match trouble {
        Trouble::NoAddress => tr(lang, "k-camera-no-address").to_owned(),
        Trouble::Scheme => tr(lang, "k-camera-scheme").to_owned(),
        Trouble::Silent => tr(lang, "k-camera-silent").to_owned(),
        Trouble::Status(status) => tr_with(lang, "k-camera-status", &[("n", &status.to_string())]),
        Trouble::Unreachable(why) => tr_with(lang, "k-camera-away", &[("why", why)]),
        Trouble::NotAPicture => tr(lang, "k-camera-garbage").to_owned(),
        Trouble::TooLarge => tr(lang, "k-camera-large").to_owned(),
    }
}

impl Pictures {
    /// Open cameras.
    #[must_use]
    pub fn open_ids(&self) -> Vec<&str> {
        self.tiles.iter().map(|t| t.id.as_str()).collect()
    }

    /// Opens a camera; a fifth one closes the oldest.
    pub fn open(&mut self, camera: &Camera) {
        if self.tiles.iter().any(|t| t.id == camera.id) {
            return;
        }
        if self.tiles.len() >= MOST {
            let oldest = self.tiles[0].id.clone();
            self.close(&oldest);
        }
        let place = (0..MOST).find(|p| self.tiles.iter().all(|t| t.place != *p)).unwrap_or(0);
        let trouble = camera.picture.is_empty().then_some((Trouble::NoAddress, f64::MAX));
        if trouble.is_none() {
            if self.fetcher.is_none() {
                self.fetcher = Fetcher::start();
            }
            if let Some(fetcher) = &self.fetcher {
                fetcher.open(&camera.id, &camera.picture);
            }
        }
        let (id, name) = (camera.id.clone(), camera.name.clone());
        self.tiles.push(Tile { id, name, texture: None, got_s: None, trouble, place, moved: egui::Vec2::ZERO });
    }

    /// Closes a camera.
    pub fn close(&mut self, id: &str) {
        self.tiles.retain(|t| t.id != id);
        if let Some(fetcher) = &self.fetcher {
            fetcher.close(id);
        }
    }

    /// Closes the newest; false when none is open.
    pub fn close_last(&mut self) -> bool {
        let Some(id) = self.tiles.last().map(|t| t.id.clone()) else { return false };
        self.close(&id);
        true
    }

    /// Takes what came.
    fn follow(&mut self, ctx: &egui::Context, now_s: f64) {
        let Some(fetcher) = &self.fetcher else { return };
        for (id, news) in fetcher.news() {
            let Some(tile) = self.tiles.iter_mut().find(|t| t.id == id) else { continue };
            match news {
                News::Picture(picture) => {
                    tile.got_s = Some(now_s);
                    tile.trouble = None;
                    match &mut tile.texture {
                        Some(texture) => texture.set(picture, TextureOptions::LINEAR),
                        None => tile.texture = Some(ctx.load_texture(id, picture, TextureOptions::LINEAR)),
                    }
                }
                News::Trouble(trouble, wait) => tile.trouble = Some((trouble, now_s + wait.as_secs_f64())),
            }
        }
    }
}

/// Draws the tiles. Returns what they cover.
pub fn tiles_ui(
    ctx: &egui::Context,
    pictures: &mut Pictures,
    map: Rect,
    now_s: f64,
    look: &Look,
    actions: &mut Vec<UiAction>,
) -> Vec<Rect> {
    pictures.follow(ctx, now_s);
    let k = look.sizes.small / 13.0;
    let mut covered = Vec::new();
    for tile in &mut pictures.tiles {
        let aspect = tile.texture.as_ref().map_or(9.0 / 16.0, |t| (t.aspect_ratio().recip()).clamp(0.4, 1.4));
        let picture = vec2(WIDE, WIDE * aspect) * k;
        let size = picture + vec2(0.0, 44.0 * k);
        let (column, row) = (tile.place % 2, tile.place / 2);
        let first = pos2(
            map.right() - (size.x + 8.0) * (column as f32 + 1.0),
            map.bottom() - 40.0 - (WIDE * 0.72 * k + 8.0) * (row as f32 + 1.0),
        );
        let room = Rect::from_min_max(map.min, (map.max - size).max(map.min));
        let corner = room.clamp(first + tile.moved);
        let area = egui::Area::new(egui::Id::new(("tile", &tile.id)))
            .order(egui::Order::Middle)
            .fixed_pos(corner)
            .constrain(false)
            .fade_in(false);
        let response = area.show(ctx, |ui| {
            let (rect, whole) = ui.allocate_exact_size(size, Sense::click_and_drag());
            if whole.dragged() {
                // From where it is seen: what was dragged beyond the map's edge does not count.
                tile.moved = corner - first + whole.drag_delta();
            }
            ui.painter().rect(rect, CornerRadius::same(6), look.panel(), look.hairline(), egui::StrokeKind::Inside);
            let head = rect.left_top() + vec2(10.0, 11.0 * k);
            let font = look.medium(look.sizes.small);
            kit::words_at(ui.painter(), head, egui::Align2::LEFT_CENTER, tile.name.get(look.lang), font, look.text());
            let close = Rect::from_center_size(rect.right_top() + vec2(-14.0, 11.0 * k), vec2(20.0, 20.0));
            let cross = ui.interact(close, ui.id().with("close"), Sense::click());
            let ink = if cross.hovered() { look.text() } else { look.second() };
            kit::words_at(
                ui.painter(),
                close.center(),
                egui::Align2::CENTER_CENTER,
                "×",
                look.medium(look.sizes.title),
                ink,
            );
            if cross.clicked() {
                actions.push(UiAction::CloseCamera(tile.id.clone()));
            }
            let screen = Rect::from_min_size(rect.left_top() + vec2(0.0, 22.0 * k), picture);
            ui.painter().rect_filled(screen, CornerRadius::ZERO, look.color(Token::Space));
            if let Some(texture) = &tile.texture {
                let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                let tint = if tile.trouble.is_some() { egui::Color32::from_gray(120) } else { egui::Color32::WHITE };
                ui.painter().image(texture.id(), screen, uv, tint);
            }
            status(ui, tile, screen, now_s, look);
            let age = tile.got_s.map_or_else(String::new, |at| {
                tr_with(look.lang, "k-ago", &[("span", &span(look.lang, ((now_s - at) * 1000.0) as i64))])
            });
            let foot = rect.left_bottom() + vec2(10.0, -11.0 * k);
            let font = look.regular(look.sizes.small);
            kit::words_at(ui.painter(), foot, egui::Align2::LEFT_CENTER, &age, font, look.second());
        });
        covered.push(response.response.rect);
    }
    covered
}

/// Why there is no picture, over its place.
fn status(ui: &egui::Ui, tile: &Tile, screen: Rect, now_s: f64, look: &Look) {
    let lang = look.lang;
    let (head, line) = match &tile.trouble {
        None if tile.texture.is_some() => return,
        None => (tr(lang, "k-camera-opening").to_owned(), String::new()),
        Some((trouble, again_s)) => {
            let again = if *again_s - now_s < 1e6 && *again_s > now_s {
                tr_with(lang, "k-camera-again", &[("span", &span(lang, ((again_s - now_s) * 1000.0) as i64))])
            } else {
                String::new()
            };
            (words(trouble, lang), again)
        }
    };
    let painter = ui.painter().with_clip_rect(screen);
    let galley = painter.layout(head, look.medium(look.sizes.small), look.text(), screen.width() - 24.0);
    let at = screen.center() - vec2(galley.size().x * 0.5, galley.size().y * 0.5 + 8.0);
    let back = Rect::from_min_size(at, galley.size()).expand(6.0);
    painter.rect_filled(back, CornerRadius::same(4), look.panel());
    let below = at.y + galley.size().y + 14.0;
    painter.galley(at, galley, look.text());
    let font = look.regular(look.sizes.small);
    kit::words_at(&painter, pos2(screen.center().x, below), egui::Align2::CENTER_CENTER, &line, font, look.second());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(id: &str) -> Camera {
        Camera {
            id: id.into(),
            name: guanlan_core::Bilingual::same(id),
            place_m: [0.0, 0.0],
            height_m: 6.0,
            heading_deg: None,
            fov_deg: 70.0,
            range_m: 60.0,
            picture: String::new(),
            state: String::new(),
            owner: String::new(),
        }
    }

    #[test]
    fn a_fifth_tile_closes_the_oldest_and_places_are_used_again() {
        let mut pictures = Pictures::default();
        for id in ["a", "b", "c", "d", "b", "e"] {
            pictures.open(&camera(id));
        }
        assert_eq!(pictures.open_ids(), ["b", "c", "d", "e"]);
        let mut places: Vec<usize> = pictures.tiles.iter().map(|t| t.place).collect();
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2, 3]);
        assert!(pictures.close_last() && pictures.open_ids() == ["b", "c", "d"]);
        assert!(pictures.tiles.iter().all(|t| t.trouble == Some((Trouble::NoAddress, f64::MAX))));
        for lang in [Lang::Zh, Lang::En] {
            assert!(!words(&Trouble::Unreachable("refused".into()), lang).starts_with("k-"));
        }
    }
}
