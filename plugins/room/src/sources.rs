//! 数据目录: every source of a picture — streams, positions, cases, warnings, rain, cameras — with its owner, what it
//! promises and keeps, and how good it is.
//!
//! A source that has streams is counted by sensing ([`guanlan_sensing::CatalogueRow`]). One that has none keeps a promise
//! of messages (`promised_s` of the feeds file); it delivers while it is up and has said something, and its crews while
//! their positions are fresh; what was refused of it is not good. The score is the same: 50 % good, 30 % kept, 20 %
//! shared.

use guanlan_core::{Bilingual, Stamp, input::FeedFigures};
use guanlan_sensing::CatalogueRow;

use crate::{FeedView, Picture};

/// A crew's position is fresh this long where its source promises nothing, ms.
const FRESH_MS: i64 = 10 * 60_000;
/// The rate of messages is taken over this, ms.
const RATE_OVER_MS: i64 = 300_000;

/// One source of the catalogue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// What its streams promise and keep; of a source without streams: its crews and its messages.
    pub row: CatalogueRow,
    /// How the owner shares it; empty when not said.
    pub share: Bilingual,
    /// It works; `None` where no connector speaks for it.
    pub up: Option<bool>,
    /// Messages since its connector started.
    pub messages: u64,
    /// Of those, refused.
    pub refused: u64,
    /// Lost connections and failed polls.
    pub failures: u64,
    /// The last error.
    pub trouble: String,
}

/// Every source, by name.
#[must_use]
pub fn sources(picture: &Picture) -> Vec<Source> {
    let mut all: Vec<Source> = Vec::new();
    for row in picture.catalogue.rows.iter() {
        let mut source = Source { row: row.clone(), ..Source::default() };
        if let Some(feed) = picture.feeds.get(&row.feed) {
            told(&mut source, feed);
            // The promise of the feeds file counts where it is kept less than that of the streams.
            let (promised, came) = messages(&feed.figures, picture.now);
            let row = &mut source.row;
            if promised > 0.0 && came < promised && came / promised < row.kept {
                (row.promised_per_min, row.kept_per_min, row.kept) = (promised, came, came / promised);
            }
        }
        source.row = source.row.scored();
        all.push(source);
    }
    for (name, feed) in
        picture.feeds.iter().filter(|(name, _)| !picture.catalogue.rows.iter().any(|r| r.feed == **name))
    {
        all.push(without_streams(picture, name, feed));
    }
    all.sort_by(|a, b| a.row.feed.cmp(&b.row.feed));
    all
}

/// What its connector says.
fn told(source: &mut Source, feed: &FeedView) {
    source.share = feed.figures.share.clone();
    source.up = Some(feed.up);
    source.messages = feed.figures.messages;
    source.refused = feed.figures.refused;
    source.failures = feed.figures.failures;
    source.trouble.clone_from(&feed.message);
}

fn without_streams(picture: &Picture, name: &str, feed: &FeedView) -> Source {
    let (f, now) = (&feed.figures, picture.now);
    let (promised, came) = messages(f, now);
    let heard = f.last.is_some();
    let fresh_ms = if f.promised_s > 0 { i64::from(f.promised_s) * 3_000 } else { FRESH_MS };
    let (mut units, mut fresh) = (0_u32, 0_u32);
    for id in picture.origins.units_of(name) {
        units += 1;
        fresh += u32::from(picture.units.get(id).and_then(|u| u.fixed).is_some_and(|at| now - at <= fresh_ms));
    }
    let seen = f.messages.max(f.refused);
    let row = CatalogueRow {
        feed: name.to_owned(),
        connector: f.connector.clone(),
        owner: f.owner.clone(),
        streams: units,
        promised_per_min: promised,
        kept_per_min: came,
        kept: match promised > 0.0 {
            true => (came / promised).min(1.0),
            false => f64::from(u8::from(feed.up)),
        },
        shared: match units {
            0 => f64::from(u8::from(feed.up && heard)),
            n => f64::from(fresh) / f64::from(n),
        },
        good: if seen > 0 { 1.0 - f.refused as f64 / seen as f64 } else { 0.0 },
        lag_s: f.lag_ms as f64 / 1000.0,
        ..CatalogueRow::default()
    };
    let mut source = Source { row: row.scored(), ..Source::default() };
    told(&mut source, feed);
    source
}

/// Messages a minute: promised, and kept so far. A source that has fallen silent keeps less with every minute.
fn messages(f: &FeedFigures, now: Stamp) -> (f64, f64) {
    let promised = if f.promised_s > 0 { 60.0 / f64::from(f.promised_s) } else { 0.0 };
    let Some(last) = f.last else { return (promised, 0.0) };
    let silent_ms = (now - last).max(1);
    let by_silence = 60_000.0 / silent_ms as f64;
    let came = match promised > 0.0 {
        // One message within the promised time keeps the promise, however rare messages are.
        true if by_silence >= promised => f.per_min.max(promised),
        true => by_silence,
        false if silent_ms <= RATE_OVER_MS => f.per_min,
        false => 0.0,
    };
    (promised, came)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(promised_s: u32, per_min: f64, last: Option<i64>) -> FeedFigures {
        FeedFigures { promised_s, per_min, last: last.map(Stamp::from_secs), ..FeedFigures::default() }
    }

    #[test]
    fn a_promise_is_kept_until_its_time_is_over() {
        let at = |f: &FeedFigures, s: i64| messages(f, Stamp::from_secs(s));
        let hourly = figures(3600, 0.0, Some(1000));
        assert_eq!(at(&hourly, 1000 + 3000), (1.0 / 60.0, 1.0 / 60.0), "one an hour is enough");
        let (promised, came) = at(&hourly, 1000 + 7200);
        assert!((came / promised - 0.5).abs() < 1e-9, "silent for two");
        let minutely = figures(60, 4.0, Some(1000));
        assert_eq!(at(&minutely, 1030), (1.0, 4.0));
        assert_eq!(at(&figures(60, 0.0, None), 1030), (1.0, 0.0), "never heard");
        assert_eq!(at(&figures(0, 4.0, Some(1000)), 1030), (0.0, 4.0));
        assert_eq!(at(&figures(0, 4.0, Some(1000)), 9000), (0.0, 0.0));
    }
}
