//! What is in an archive: its datasets, what belongs to them, and what does not.

use std::{
    fs::File,
    io::{BufRead, BufReader, Cursor, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::import::{
    format::{EXPECTED, Format, by_extension, sniff},
    packed,
};

pub(super) type Zip = ZipArchive<BufReader<File>>;

/// Archives in an archive are not opened.
const ARCHIVES: [&str; 7] = [".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".kmz"];
/// Extensions that say which format a file is in.
const SURE: [&str; 14] =
    ["shp", "gpkg", "tif", "tiff", "asc", "hgt", "osm", "pbf", "inp", "glb", "gltf", "geojson", "jsonl", "cityjsonl"];
/// Extensions that say it only when the content does.
const PERHAPS: [&str; 6] = ["json", "cityjson", "xml", "txt", "dat", "grd"];
/// Bytes by which a text is told.
const HEAD: u64 = 4096;
/// Most datasets of an archive.
const MOST: usize = 2000;
/// Names that a message lists.
const SHOWN: usize = 6;

/// A file in an archive.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// With its folders, divided by `/`.
    pub name: String,
    /// Its number in the archive.
    pub number: usize,
    /// Bytes when it is unpacked, as the archive says.
    pub bytes: u64,
    /// It asks for a password.
    pub locked: bool,
}

/// Table of contents.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub members: Vec<Member>,
    /// Members that are datasets, in order of their names.
    pub datasets: Vec<usize>,
    /// The one of them that is a tileset, of which all beside it and below is part.
    pub tileset: Option<usize>,
    /// Names of members that are neither datasets nor files beside one.
    pub left: Vec<String>,
}

impl Index {
    /// Reads an archive's table of contents and tells its datasets.
    pub fn read(path: &Path) -> Result<(Zip, Self), String> {
        let file = File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
        let damaged = |e: zip::result::ZipError| format!("the zip archive is damaged or cut off: {e}; get it again");
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
        let mut index = Self { members: members(&mut zip)?, ..Self::default() };
        let mut nested = Vec::new();
        let root = root_tileset(&index.members).filter(|&i| is_tileset(&mut zip, &index.members[i]));
        let mut tilesets: Vec<usize> = root.into_iter().collect();
        for (i, member) in index.members.iter().enumerate() {
            let lower = member.name.to_lowercase();
            if root.is_some_and(|root| member.name.starts_with(folder(&index.members[root].name))) {
                continue;
            }
            if ARCHIVES.iter().any(|end| lower.ends_with(end)) {
                nested.push(member.name.clone());
                continue;
            }
            match told(&mut zip, member, &lower) {
                Some(Format::Tiles3d) => tilesets.push(i),
                Some(_) => index.datasets.push(i),
                None => {}
            }
        }
        // Of tilesets that refer to each other the one that lies highest is the root.
        index.tileset = tilesets.into_iter().min_by_key(|&i| depth(&index.members[i].name));
        if let Some(root) = index.tileset {
            let folder = folder(&index.members[root].name);
            index.datasets.retain(|&d| !index.members[d].name.starts_with(folder));
            index.datasets.push(root);
        }
        if index.datasets.is_empty() {
            return Err(match &nested[..] {
                [] if index.members.is_empty() => "the archive is empty".into(),
                [] => format!(
                    "holds nothing that is read ({}), {EXPECTED}",
                    listed(index.members.iter().map(|m| &*m.name))
                ),
                nested => format!(
                    "holds archives ({}), which are not opened in an archive; unpack it and give them",
                    listed(nested.iter().map(String::as_str))
                ),
            });
        }
        if index.datasets.len() > MOST {
            let text =
                format!("holds {} datasets, at most {MOST} are read of an archive; unpack it", index.datasets.len());
            return Err(text);
        }
        let members = &index.members;
        index.datasets.sort_by(|a, b| members[*a].name.cmp(&members[*b].name));
        index.left = (0..members.len()).filter(|&i| !index.is_used(i)).map(|i| members[i].name.clone()).collect();
        Ok((zip, index))
    }

    /// A dataset, or a file of one.
    fn is_used(&self, i: usize) -> bool {
        let of_tiles = |root: usize| self.members[i].name.starts_with(folder(&self.members[root].name));
        self.tileset.is_some_and(of_tiles)
            || self.datasets.iter().any(|&d| d == i || belongs(&self.members[i].name, &self.members[d].name).is_some())
    }

    /// Members that a dataset needs, with the names they must have in its folder; itself first.
    pub fn parts(&self, dataset: usize) -> Vec<(usize, String)> {
        let own = &self.members[dataset].name;
        let mut parts = vec![(dataset, base(own).to_owned())];
        let others = (0..self.members.len()).filter(|i| !self.datasets.contains(i));
        parts.extend(others.filter_map(|i| Some((i, belongs(&self.members[i].name, own)?))));
        parts
    }
}

/// The files of an archive under names that cannot lead out of a folder.
fn members(zip: &mut Zip) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    for number in 0..zip.len() {
        let file = zip.by_index_raw(number).map_err(|e| format!("the zip archive is damaged: member {number}: {e}"))?;
        let name = text(file.name_raw()).replace('\\', "/");
        if name.ends_with('/') {
            continue;
        }
        let drive = name.as_bytes().get(1) == Some(&b':');
        if drive || name.starts_with('/') || name.contains('\0') || name.split('/').any(|part| part == "..") {
            return Err(format!(
                "a member's name leads out of the archive ('{}'); nothing of it is unpacked",
                name.escape_debug()
            ));
        }
        if file.is_symlink() {
            return Err(format!("a member is a link ('{name}'); nothing of the archive is unpacked"));
        }
        let name = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/");
        // What macOS and file managers leave behind.
        let junk = name.starts_with("__MACOSX/") || base(&name).starts_with('.') || base(&name) == "Thumbs.db";
        if !junk && !name.is_empty() {
            members.push(Member { name, number, bytes: file.size(), locked: file.encrypted() });
        }
    }
    Ok(members)
}

/// A name as its writer meant it: UTF-8, or what a Chinese Windows writes.
fn text(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

/// The format of a member, when it is a dataset.
fn told(zip: &mut Zip, member: &Member, lower: &str) -> Option<Format> {
    let plain = packed::without_packing(lower);
    let extension = Path::new(plain).extension().and_then(|e| e.to_str()).unwrap_or("");
    if SURE.contains(&extension) {
        return by_extension(Path::new(lower));
    }
    if !(PERHAPS.contains(&extension) || extension.is_empty()) || lower.ends_with(".aux.xml") || member.locked {
        return None;
    }
    let mut file = BufReader::new(zip.by_index(member.number).ok()?);
    match packed::packing(file.fill_buf().ok()?) {
        None => sniffed(file),
        Some(("gzip", _)) => sniffed(MultiGzDecoder::new(file)),
        // By its name; its reader says more.
        Some((_, read)) => by_extension(Path::new(lower)).filter(|_| read),
    }
}

/// By what a stream begins with.
fn sniffed(mut file: impl Read) -> Option<Format> {
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).ok()?;
    sniff(&head, &mut BufReader::new(Cursor::new(&head).chain(file)))
}

/// The member that is named like a tileset's document and lies highest.
fn root_tileset(members: &[Member]) -> Option<usize> {
    let named = |i: &usize| base(&members[*i].name).eq_ignore_ascii_case("tileset.json");
    (0..members.len()).filter(named).min_by_key(|&i| depth(&members[i].name))
}

fn is_tileset(zip: &mut Zip, member: &Member) -> bool {
    told(zip, member, &member.name.to_lowercase()) == Some(Format::Tiles3d)
}

/// Folders that a name lies in.
fn depth(name: &str) -> usize {
    name.matches('/').count()
}

/// The folders of a name, with the last `/`.
fn folder(name: &str) -> &str {
    &name[..name.len() - base(name).len()]
}

/// The file name without its folders.
fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a member belongs to a dataset: the name it must have in that one's folder.
///
/// Files of the same name with other extensions do; models and networks name files of their folder and below.
fn belongs(name: &str, dataset: &str) -> Option<String> {
    let below = name.strip_prefix(folder(dataset))?;
    let (stem, extension) = base(dataset).rsplit_once('.').unwrap_or((base(dataset), ""));
    let same = below.get(..stem.len()).is_some_and(|s| s.to_lowercase() == stem.to_lowercase());
    if same && !below.contains('/') && below[stem.len()..].starts_with('.') {
        // A writer may have changed the case of one of them.
        return Some(format!("{stem}{}", &below[stem.len()..]));
    }
    let names_files = ["json", "cityjson", "jsonl", "gltf", "inp"].iter().any(|e| extension.eq_ignore_ascii_case(e));
    names_files.then(|| below.to_owned())
}

/// The first of some names.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let more = if all.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", all[..all.len().min(SHOWN)].join(", "))
}
