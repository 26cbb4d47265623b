//! `guanlan import`: real data → city pack.

use std::{cell::RefCell, path::Path, time::Instant};

use guanlan_city::{
    City,
    import::LoadOptions,
    pack::{self, Opened},
};
use guanlan_core::{Bilingual, Lang};
use serde_json::{Value, json};

use crate::{
    args::ImportArgs,
    exit::{Outcome, bad_input, failed},
    locale::pick,
    progress::Progress,
    scene::all_there,
    verbs::inspect::{class, problem, refused},
};

pub fn run(args: &ImportArgs, lang: Lang) -> Outcome {
    all_there(&args.files, lang)?;
    if args.out.is_file() {
        return Err(bad_input(format!(
            "--out {}: {}",
            args.out.display(),
            pick(lang, "是文件，应为文件夹", "is a file, expected a folder")
        )));
    }
    let begun = Instant::now();
    let mut facts = json!({ "pack": args.out });
    if !args.files.is_empty() {
        let options = LoadOptions {
            crs_override: args.crs,
            name: args.name.as_ref().map(Bilingual::same),
            lang,
            mix_heights: args.mix_heights,
            ..LoadOptions::default()
        };
        let progress = RefCell::new(Progress::new());
        let opened = pack::import(&args.out, &args.files, &options, &|text| progress.borrow_mut().step(text))
            .map_err(|error| refused(&error, lang))?;
        drop(progress);
        if let Some(reason) = &opened.unsaved {
            return Err(failed(format!("{}: {reason}", pick(lang, "城市包无法写入", "the pack cannot be written"))));
        }
        merge(&mut facts, facts_of(&opened, begun));
        if !args.json {
            print_facts(&opened, &args.out, begun, lang);
        }
    }
    let mut whole = true;
    if args.verify {
        let checked = pack::verify(&args.out).map_err(bad_input)?;
        whole = checked.damaged.is_empty();
        if !args.json {
            say!(
                "{} {} · {} kB",
                pick(lang, "校验通过的分片", "parts whole"),
                checked.parts - checked.damaged.len(),
                checked.bytes.div_ceil(1000)
            );
            for line in &checked.damaged {
                say!("  ! {line}");
            }
            for path in &checked.changed {
                say!("  ! {}: {}", path.display(), pick(lang, "导入后已改动", "changed since the import"));
            }
        }
        merge(&mut facts, json!({ "verified": checked }));
    }
    let text = serde_json::to_string_pretty(&facts).map_err(failed)?;
    if let Some(path) = &args.report {
        std::fs::write(path, format!("{text}\n")).map_err(|e| failed(format!("--report {}: {e}", path.display())))?;
    }
    if args.json {
        say!("{text}");
    }
    if whole { Ok(()) } else { Err(failed(pick(lang, "城市包已损坏", "the pack is damaged"))) }
}

fn merge(into: &mut Value, more: Value) {
    if let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) {
        into.extend(more);
    }
}

fn facts_of(opened: &Opened, begun: Instant) -> Value {
    let city = &opened.city;
    json!({
        "name": city.name,
        "crs": format!("EPSG:{}", city.epsg),
        "origin": city.origin,
        "extent": city.extent,
        "counts": counts(city),
        "read": opened.report.read,
        "classes": opened.report.tally(),
        "sources": city.sources,
        "problems": opened.report.problems,
        "rebuilt": opened.rebuilt,
        "notices": opened.notices,
        "wall_s": begun.elapsed().as_secs_f64(),
        "cpu_s": cpu_s(),
        "peak_memory_bytes": peak_memory_bytes(),
    })
}

fn counts(city: &City) -> Value {
    json!({
        "buildings": city.buildings.len(),
        "roads": city.roads.len(),
        "surfaces": city.surfaces.len(),
        "areas": city.areas.len(),
        "components": city.components.len(),
        "places": city.places.len(),
        "sensors": city.sensors.len(),
        "units": city.units.len(),
        "landmarks": city.landmarks.len(),
        "barriers": city.barriers.len(),
        "tilesets": city.tilesets.len(),
        "painted_triangles": city.skins.iter().map(guanlan_city::model::Skin::len).sum::<usize>(),
        "pictures": city.pictures.len(),
        "terrain_cells": city.terrain.as_ref().map_or(0, |t| t.z_m.len()),
        "drain_nodes": city.drainage.as_ref().map_or(0, |d| d.nodes.len()),
        "conduits": city.drainage.as_ref().map_or(0, |d| d.conduits.len()),
    })
}

fn print_facts(opened: &Opened, out: &Path, begun: Instant, lang: Lang) {
    for notice in &opened.notices {
        say!("! {}", notice.get(lang));
    }
    for p in &opened.report.problems {
        say!("  - {}", problem(p, lang));
    }
    let tallies = opened.report.tally();
    if !tallies.is_empty() {
        let heads = [("读取", "read"), ("修复", "repaired"), ("略过", "skipped"), ("推测", "guessed")];
        let heads: Vec<String> = heads.iter().map(|(zh, en)| format!("{:>9}", pick(lang, zh, en))).collect();
        say!("{}", heads.join(" "));
        for (name, t) in &tallies {
            let numbers = [t.read, t.repaired, t.skipped, t.guessed].map(|n| format!("{n:>9}"));
            say!("{}  {}", numbers.join(" "), class(name, lang));
        }
    }
    let counts: Vec<String> = match counts(&opened.city) {
        Value::Object(map) => map.iter().filter(|(_, n)| **n != 0).map(|(k, n)| format!("{k} {n}")).collect(),
        _ => Vec::new(),
    };
    say!("{} EPSG:{} · {}", opened.city.name.get(lang), opened.city.epsg, counts.join(" · "));
    let made = match opened.rebuilt.len() {
        0 => pick(lang, "无改动，未重建", "nothing had changed").to_owned(),
        n => format!("{n} {}", pick(lang, "个分片新建", "parts made")),
    };
    say!("{} · {made} · {:.1} s", out.display(), begun.elapsed().as_secs_f64());
}

/// Processor time of this process so far, all threads, s; 0 where the system does not tell.
fn cpu_s() -> f64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/stat") else { return 0.0 };
    // After the name in brackets: state is field 3, utime 14 and stime 15, in hundredths of a second.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |n: usize| fields.get(n - 3).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(14) + ticks(15)) / 100.0
}

/// Most memory this process has held, bytes; 0 where the system does not tell.
fn peak_memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("");
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) * 1024
}
