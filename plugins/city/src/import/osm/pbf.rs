//! OSM PBF.

use std::{
    io::Read,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use osmpbf::{BlobDecode, BlobReader, PrimitiveBlock, RelMemberType};

use super::data::{Data, MemberKind, Relation, Tags, Way};
use crate::import::{ImportError, Severity};

/// Features of the format that a reader must know to read a file right.
const KNOWN_FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// Reads a file block by block.
pub(super) fn read(path: &Path, reader: impl Read + Send) -> Result<Data, ImportError> {
    let mut data = Data { format: "OSM PBF", ..Data::default() };
    let mut headed = false;
    for (n, blob) in BlobReader::new(reader).enumerate() {
        let fail = |reason: String| ImportError::new(path, format!("block {}", n + 1), reason);
        let blob = blob.map_err(|error| fail(format!("not a PBF block, or cut off: {error}")))?;
        match blob.decode().map_err(|error| fail(format!("the block cannot be decoded: {error}")))? {
            BlobDecode::OsmHeader(header) => {
                headed = true;
                for feature in header.required_features() {
                    if feature == "HistoricalInformation" {
                        return Err(fail("the file holds history; expected a plain extract".into()));
                    }
                    if !KNOWN_FEATURES.contains(&feature.as_str()) {
                        return Err(fail(format!("the file requires the unknown feature {feature:?}")));
                    }
                }
                data.bounds = header.bbox().map(|b| [b.left, b.bottom, b.right, b.top]);
            }
            BlobDecode::OsmData(_) if !headed => {
                return Err(fail("data comes before the OSMHeader block".into()));
            }
            BlobDecode::OsmData(block) => {
                // The decoder itself panics on some impossible values (unknown member types, sums of
                // deltas beyond 64 bits in checked builds); such a block makes the file unusable.
                catch_unwind(AssertUnwindSafe(|| add(&mut data, &block)))
                    .map_err(|_| fail("the block holds values that the format does not allow".into()))?;
            }
            BlobDecode::Unknown(kind) => {
                let reason = format!("a block of unknown type {kind:?}");
                data.report.note(Severity::Skipped, format!("block {}", n + 1), reason);
            }
        }
    }
    if headed { Ok(data) } else { Err(ImportError::new(path, "", "no OSMHeader block")) }
}

fn owned<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> Tags {
    Tags(tags.map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
}

fn add(data: &mut Data, block: &PrimitiveBlock) {
    for group in block.groups() {
        for node in group.nodes() {
            data.node(node.id(), node.lon(), node.lat(), owned(node.tags()));
        }
        for node in group.dense_nodes() {
            data.node(node.id(), node.lon(), node.lat(), owned(node.tags()));
        }
        for way in group.ways() {
            data.ways.push(Way { id: way.id(), refs: way.refs().collect(), tags: owned(way.tags()) });
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
            data.relations.push(Relation { id: relation.id(), members, tags: owned(relation.tags()) });
        }
    }
}
