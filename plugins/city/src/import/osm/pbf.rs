//! OSM PBF.

use std::{
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use osmpbf::{Blob, BlobDecode, BlobReader, PrimitiveBlock, RelMemberType};
use rayon::prelude::*;

use super::data::{Data, MemberKind, Relation, Tags, Way};
use crate::import::{ImportError, Severity};

/// Features of the format that a reader must know to read a file right.
const KNOWN_FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// Blocks decoded at once; each holds at most 32 MiB.
const BATCH: usize = 16;

/// What a block holds.
enum Content {
    Header { features: Vec<String>, bounds: Option<[f64; 4]> },
    Elements(Elements),
    Unknown(String),
}

/// Elements of a block, in order.
#[derive(Default)]
struct Elements {
    nodes: Vec<(i64, [f64; 2], Tags)>,
    ways: Vec<Way>,
    relations: Vec<Relation>,
}

/// Reads a file, several blocks at a time on all cores; what they hold is added in the file's order.
pub(super) fn read(path: &Path, reader: impl Read + Send, into: Data) -> Result<Data, ImportError> {
    let mut data = Data { format: "OSM PBF", ..into };
    let mut headed = false;
    let mut blobs = BlobReader::new(reader).enumerate();
    loop {
        let batch: Vec<_> = blobs.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let wanted = !data.look;
        let decoded: Vec<_> = batch.into_par_iter().map(|(n, blob)| (n + 1, decode(blob, wanted))).collect();
        for (n, content) in decoded {
            let fail = |reason: String| ImportError::new(path, format!("block {n}"), reason);
            match content.map_err(fail)? {
                Content::Header { features, bounds } => {
                    headed = true;
                    check(&features).map_err(fail)?;
                    data.bounds = bounds;
                }
                Content::Elements(_) if !headed => {
                    return Err(fail("data comes before the OSMHeader block".into()));
                }
                Content::Elements(elements) => {
                    for (id, [lon, lat], tags) in elements.nodes {
                        data.node(id, lon, lat, tags);
                    }
                    elements.ways.into_iter().for_each(|way| data.way(way));
                    elements.relations.into_iter().for_each(|relation| data.relation(relation));
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
        if feature == "HistoricalInformation" {
            return Err("the file holds history; expected a plain extract".into());
        }
        if !KNOWN_FEATURES.contains(&feature.as_str()) {
            return Err(format!("the file requires the unknown feature {feature:?}"));
        }
    }
    Ok(())
}

/// Decodes a block; `wanted` asks for more than the places of nodes.
fn decode(blob: osmpbf::Result<Blob>, wanted: bool) -> Result<Content, String> {
    let blob = blob.map_err(|error| format!("not a PBF block, or cut off: {error}"))?;
    match blob.decode().map_err(|error| format!("the block cannot be decoded: {error}"))? {
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

fn owned<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Tags {
    Tags(tags.map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

fn elements(block: &PrimitiveBlock, wanted: bool) -> Elements {
    let mut out = Elements::default();
    for group in block.groups() {
        for node in group.nodes() {
            let tags = if wanted { owned(node.tags()) } else { Tags::default() };
            out.nodes.push((node.id(), [node.lon(), node.lat()], tags));
        }
        for node in group.dense_nodes() {
            let tags = if wanted { owned(node.tags()) } else { Tags::default() };
            out.nodes.push((node.id(), [node.lon(), node.lat()], tags));
        }
        if !wanted {
            continue;
        }
        for way in group.ways() {
            out.ways.push(Way { id: way.id(), refs: way.refs().collect(), tags: owned(way.tags()) });
        }
        for relation in group.relations() {
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
            out.relations.push(Relation { id: relation.id(), members, tags: owned(relation.tags()) });
        }
    }
    out
}
