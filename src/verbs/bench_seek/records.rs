//! Key figures of many records.

use std::time::Instant;

use guanlan_journal::{
    figures::{Fact, FigureQuery, FigureStep},
    history::{History, SqliteHistory},
};
use guanlan_rainstorm::Figure;

use super::day::{mix, start, timed};
use crate::exit::{Failure, failed};

/// Key figures of many records over three years, and how long questions take.
pub(super) fn figures_of_records(
    history: &mut SqliteHistory,
    records: u64,
    figures: &mut Vec<Figure>,
) -> Result<(), Failure> {
    const DAYS: u64 = 1095;
    const WHATS: [&str; 12] = [
        "opened:alert",
        "opened:citizen",
        "opened:collector",
        "level:yellow",
        "level:red",
        "moved:accepted",
        "moved:dispatched",
        "moved:handling",
        "moved:closed",
        "closed:on_time",
        "closed:late",
        "merged:citizen",
    ];
    let areas: Vec<String> = (0..24_000u64)
        .map(|i| format!("4201{:02}{:03}{:03}{:03}", i % 12, i / 12 % 16, i / 192 % 12, i / 2304))
        .collect();
    let codes: Vec<String> = (0..150u64).map(|i| format!("{:02}-{:03}", i % 12 + 1, i / 12 + 1)).collect();
    let first = start() + -(DAYS as i64) * 86_400_000;
    let mut book = history.load_figures().map_err(failed)?;
    let begun = Instant::now();
    for day in 0..DAYS {
        let n = records * (day + 1) / DAYS - records * day / DAYS;
        let at = first + day as i64 * 86_400_000;
        book.count_all((0..n).map(|i| {
            let chance = mix(day << 32 | i);
            Fact {
                at: at + (i as i64 * 86_399_000) / n.max(1) as i64,
                area: &areas[(chance % areas.len() as u64) as usize],
                // A few categories make most cases.
                code: &codes[((chance >> 20 & 0xff) * (chance >> 28 & 0xff) * 150 / 65_536) as usize],
                what: WHATS[(chance >> 40) as usize % WHATS.len()],
                amount_ms: (chance >> 44 & 0xffff) as i64 * 100,
            }
        }));
        // As often as a busy historian saves.
        if day % 10 == 9 || day + 1 == DAYS {
            history.save_figures(&mut book).map_err(failed)?;
            eprint!("\r{day} / {DAYS} d");
        }
    }
    eprintln!();
    figures.push(Figure::of("figures_filled", "records/s", vec![records as f64 / begun.elapsed().as_secs_f64()]));
    let reader = history.door(&book).figures().map_err(failed)?;
    let whole = FigureQuery { from: first, to: start(), ..FigureQuery::default() };
    let day = 86_400_000;
    let asked = [
        ("figures_total", FigureQuery { by_what: true, ..whole.clone() }),
        ("figures_by_month_category", FigureQuery { step: FigureStep::Month, by_code: 1, ..whole.clone() }),
        ("figures_by_community", FigureQuery { by_area: 12, what: "opened:".into(), ..whole.clone() }),
        ("figures_by_street_category", FigureQuery { by_area: 9, by_code: 1, what: "closed:".into(), ..whole.clone() }),
        ("figures_by_day_of_a_district", FigureQuery { step: FigureStep::Day, area: "420103".into(), ..whole.clone() }),
        (
            "figures_by_hour_last_week",
            FigureQuery { step: FigureStep::Hour, by_area: 6, from: start() + -7 * day, ..whole.clone() },
        ),
        (
            "figures_by_day_street_category_last_month",
            FigureQuery { step: FigureStep::Day, by_area: 9, by_code: 1, from: start() + -30 * day, ..whole.clone() },
        ),
    ];
    for (name, query) in asked {
        let mut samples = Vec::new();
        let mut counted = 0;
        for _ in 0..5 {
            let rows = timed(&mut samples, || reader.ask(&query).map_err(failed))?;
            counted = rows.iter().map(|r| r.count).sum::<u64>();
        }
        if name == "figures_total" && counted != records {
            return Err(failed(format!("{counted} of {records} records are in the figures")));
        }
        figures.push(Figure::of(&format!("{name}_of_{records}"), "ms", samples));
    }
    Ok(())
}
