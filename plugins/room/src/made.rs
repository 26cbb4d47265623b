//! Where what is no mark comes from: the rain over a place and the water on it.

use guanlan_core::{Bilingual, RainGrids};
use guanlan_sensing::OriginView;

use crate::Picture;

/// Where something that was made of many readings comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// Feed, or feeds.
    pub feed: String,
    /// Kind of connector.
    pub connector: String,
    /// Which of its issues or instants.
    pub source: String,
    /// What was done, in order.
    pub steps: Vec<Bilingual>,
    /// Who owns it.
    pub owner: Bilingual,
}

impl Made {
    /// As an origin like that of a stream.
    #[must_use]
    pub fn view(&self) -> OriginView<'_> {
        OriginView {
            feed: &self.feed,
            connector: &self.connector,
            source: &self.source,
            steps: &self.steps,
            owner: &self.owner,
        }
    }
}

/// The last grid of every rain feed, with where it comes from.
pub fn rain(picture: &Picture) -> impl Iterator<Item = (&RainGrids, Made)> {
    picture.rain_layer.feeds.iter().filter_map(move |(feed, grids)| {
        let last = grids.last()?;
        let known = picture.feeds.get(feed).map(|f| &f.figures);
        let made = Made {
            feed: feed.clone(),
            connector: known.map_or("rain", |f| f.connector.as_str()).to_owned(),
            source: format!("{} · {} × {}", last.issued.to_rfc3339(), last.cols, last.rows),
            steps: vec![
                Bilingual::new("重采样到本地坐标网格", "resampled to the local frame"),
                Bilingual::new("取整到 0.1 mm/h", "rounded to 0.1 mm/h"),
            ],
            owner: known.map(|f| f.owner.clone()).unwrap_or_default(),
        };
        Some((&**last, made))
    })
}

/// The water on the map: the model, its rain, what corrects it; `None` while no model speaks.
#[must_use]
pub fn water(picture: &Picture) -> Option<Made> {
    let report = picture.live_water.report.as_deref()?;
    let (rain, cells, gauges, covered) =
        (report.rain.name(), report.cells(), report.gauges.len(), report.rain_coverage);
    let feeds: Vec<&str> = picture.rain_layer.feeds.keys().map(String::as_str).collect();
    Some(Made {
        feed: if feeds.is_empty() { "rainstorm".to_owned() } else { feeds.join(", ") },
        connector: "rainstorm".to_owned(),
        source: format!("{} · {cells} m", report.at.to_rfc3339()),
        steps: vec![
            Bilingual::new(
                format!("降雨：{}，覆盖 {covered}%", rain.zh),
                format!("rain: {}, {covered} % of the city covered", rain.en),
            ),
            Bilingual::new(format!("二维浅水方程，网格 {cells} m"), format!("2D shallow water, cells of {cells} m")),
            Bilingual::new(
                format!("经 {gauges} 个水位计比对订正"),
                format!("held against {gauges} gauges and corrected"),
            ),
        ],
        owner: Bilingual::new("本室模型", "this room's model"),
    })
}
