//! OSM PBF.

use std::{
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use osmpbf::{BlobDecode, BlobReader, PrimitiveBlock, RelMemberType};
use rayon::prelude::*;

use super::blocks::{Frame, Frames};
use super::data::{Data, MemberKind, Relation, Tags, Way};
use crate::import::{ImportError, Severity};

/// Features of the format that a reader must know to read a file right.
const KNOWN_FEATURES: [&str; 3] = ["OsmSchema-V0.6", "DenseNodes", "HistoricalInformation"];

/// Blocks decoded at once; each holds at most 32 MiB.
const BATCH: usize = 16;

/// What a block holds.
enum Content {
    Header { features: Vec<String>, bounds: Option<[f64; 4]> },
    Elements(Elements),
    Unknown(String),
}

/// Elements of a block, in order; of those that a history says were deleted, the ids.
#[derive(Default)]
struct Elements {
    nodes: Vec<(i64, Option<[f64; 2]>, Tags)>,
    ways: Vec<Result<Way, i64>>,
    relations: Vec<Result<Relation, i64>>,
}

/// Reads a file, several blocks at a time on all cores; what they hold is added in the file's order.
pub(super) fn read(path: &Path, reader: impl Read + Send, into: Data) -> Result<Data, ImportError> {
    let mut data = Data { format: "OSM PBF", ..into };
    let mut headed = false;
    let mut frames = Frames::new(reader);
    let (mut end, mut n) = (0_u64, 0_usize);
    loop {
        let batch: Vec<_> = frames.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let wanted = !data.look;
        let decoded: Vec<_> = batch.into_par_iter().map(|frame| decode(frame, wanted)).collect();
        for (offset, content) in decoded {
            (end, n) = (offset.unwrap_or(end), n + 1);
            let fail = |reason: String| ImportError::new(path, format!("block {n}, byte {end}"), reason);
            match content.map_err(fail)? {
                Content::Header { features, bounds } => {
                    headed = true;
                    check(&features).map_err(fail)?;
                    data.again.history = features.iter().any(|f| f == "HistoricalInformation");
                    data.bounds = bounds;
                }
                Content::Elements(_) if !headed => {
                    return Err(fail("data comes before the OSMHeader block".into()));
                }
                Content::Elements(elements) => {
                    for (id, place, tags) in elements.nodes {
                        match place {
                            Some([lon, lat]) => data.node(id, lon, lat, tags),
                            None => data.gone(MemberKind::Node, id),
                        }
                    }
                    for way in elements.ways {
                        match way {
                            Ok(way) => data.way(way),
                            Err(id) => data.gone(MemberKind::Way, id),
                        }
                    }
                    for relation in elements.relations {
                        match relation {
                            Ok(relation) => data.relation(relation),
                            Err(id) => data.gone(MemberKind::Relation, id),
                        }
                    }
                }
                Content::Unknown(kind) => {
                    let reason = format!("a block of unknown type {kind:?}");
                    data.report.note(Severity::Skipped, format!("block {n}"), reason);
                }
            }
        }
    }
    if headed { Ok(data) } else { Err(ImportError::new(path, "", "no OSMHeader block")) }
}

fn check(features: &[String]) -> Result<(), String> {
    for feature in features {
        if !KNOWN_FEATURES.contains(&feature.as_str()) {
            return Err(format!("the file requires the unknown feature {feature:?}"));
        }
    }
    Ok(())
}

/// Decodes a block and tells its place; `wanted` asks for more than the places of nodes.
fn decode(frame: Result<Frame, String>, wanted: bool) -> (Option<u64>, Result<Content, String>) {
    let offset = frame.as_ref().ok().map(|frame| frame.offset);
    (offset, frame.and_then(Frame::plain).and_then(|bytes| content(&bytes, wanted)))
}

fn content(bytes: &[u8], wanted: bool) -> Result<Content, String> {
    let undecoded = |error: osmpbf::Error| format!("the block cannot be decoded: {error}");
    let blob = BlobReader::new(bytes).next().ok_or("the block is empty")?.map_err(undecoded)?;
    match blob.decode().map_err(undecoded)? {
        BlobDecode::OsmHeader(header) => Ok(Content::Header {
            features: header.required_features().to_vec(),
            bounds: header.bbox().map(|b| [b.left, b.bottom, b.right, b.top]),
        }),
        BlobDecode::OsmData(block) => {
            // The decoder itself panics on some impossible values (unknown member types, sums of
            // deltas beyond 64 bits in checked builds); such a block makes the file unusable.
            catch_unwind(AssertUnwindSafe(|| elements(&block, wanted)))
                .map(Content::Elements)
                .map_err(|_| "the block holds values that the format does not allow".into())
        }
        BlobDecode::Unknown(kind) => Ok(Content::Unknown(kind.to_owned())),
    }
}

fn elements(block: &PrimitiveBlock, wanted: bool) -> Elements {
    let mut out = Elements::default();
    for group in block.groups() {
        for node in group.nodes() {
            let tags = if wanted { node.tags().collect() } else { Tags::default() };
            let place = node.info().visible().then(|| [node.lon(), node.lat()]);
            out.nodes.push((node.id(), place, tags));
        }
        for node in group.dense_nodes() {
            let tags = if wanted { node.tags().collect() } else { Tags::default() };
            let seen = node.info().is_none_or(|info| info.visible());
            out.nodes.push((node.id(), seen.then(|| [node.lon(), node.lat()]), tags));
        }
        if !wanted {
            continue;
        }
        for way in group.ways() {
            out.ways.push(if way.info().visible() {
                Ok(Way { id: way.id(), refs: way.refs().collect(), tags: way.tags().collect() })
            } else {
                Err(way.id())
            });
        }
        for relation in group.relations() {
            if !relation.info().visible() {
                out.relations.push(Err(relation.id()));
                continue;
            }
            let members = relation
                .members()
                .map(|member| {
                    let kind = match member.member_type {
                        RelMemberType::Node => MemberKind::Node,
                        RelMemberType::Way => MemberKind::Way,
                        RelMemberType::Relation => MemberKind::Relation,
                    };
                    (kind, member.member_id, member.role().unwrap_or_default().to_owned())
                })
                .collect();
            out.relations.push(Ok(Relation { id: relation.id(), members, tags: relation.tags().collect() }));
        }
    }
    out
}
