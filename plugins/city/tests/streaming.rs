//! Readers hold what they yield, not the file: measured by an allocator that counts.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use guanlan_city::{
    demo::sprawl,
    import::{cityjson, osm},
};
use guanlan_geography::LocalFrame;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes of what a reader yields, and the most that was held meanwhile.
fn held<T>(read: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let out = read();
    (out, LIVE.load(Relaxed) - before, PEAK.load(Relaxed) - before)
}

/// Held besides what is yielded, whatever the size of the file: batches on their way through, bytes.
const BESIDES: usize = 24 << 20;

#[test]
fn readers_hold_what_they_yield() {
    let dir = tempfile::tempdir().unwrap();
    let frame = LocalFrame::new(4549, [500_000.0, 3_350_000.0]);
    let n = 30_000;
    let check = |name: &str, write: fn(&Path, usize) -> std::io::Result<()>, times: usize| {
        let path = dir.path().join(name);
        write(&path, n).unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len() as usize;
        let read = || match name.ends_with(".osm") {
            true => osm::read(&path, &frame, None).unwrap().0.buildings.len(),
            false => cityjson::read(&path, &frame, None).unwrap().0.buildings.len(),
        };
        // Libraries set themselves up at their first use.
        read();
        let (part, result, peak) = held(|| match name.ends_with(".osm") {
            true => osm::read(&path, &frame, None).map(|(p, _)| p.buildings).unwrap(),
            false => cityjson::read(&path, &frame, None).map(|(p, _)| p.buildings).unwrap(),
        });
        println!("{name}: file {bytes}, result {result}, peak {peak}");
        assert_eq!(part.len(), n);
        assert!(peak < times * result + BESIDES, "{name}: file {bytes}, result {result}, peak {peak}");
    };
    // A growing list is held twice while it moves; a CityJSON file's vertices are held with it.
    check("town.city.jsonl", sprawl::write_cityjson_seq, 2);
    check("town.city.json", sprawl::write_cityjson, 3);
    // OSM refers to nodes that may stand anywhere before: they, the ways and their tags are held.
    check("town.osm", sprawl::write_osm, 8);
}
