//! Lines appended to a file. The cursor is the file's identity and the offset behind the last committed line; a rotated
//! file is read to its end before the new one.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::courier::{Closed, Courier};
use crate::{
    file::kinds::{Begin, Format, Tail},
    intake::wall_now,
    map::{Came, csv_line, documents},
};
use guanlan_core::Input;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// A longer line is no line.
const LONGEST: usize = 8 << 20;
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// Identity of a file and how far it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cursor {
    inode: u64,
    offset: u64,
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        let (inode, offset) = text.split_once(' ')?;
        Some(Self { inode: inode.parse().ok()?, offset: offset.parse().ok()? })
    }

    fn text(self) -> String {
        format!("{} {}", self.inode, self.offset)
    }
}

/// Follows a file until the room closes.
pub async fn follow(spec: Tail, courier: Arc<Courier>) {
    let path = courier.path(&spec.path);
    let mut cursor = Cursor::read(&courier.cursor());
    loop {
        match read_on(&spec, &path, &courier, &mut cursor).await {
            Ok(()) => {}
            Err(Trouble::Closed) => return,
            Err(Trouble::Io(error)) => courier.fail(&format!("{}: {error}", path.display())).await,
        }
    }
}

enum Trouble {
    Io(io::Error),
    Closed,
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Closed> for Trouble {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// A file of the folder with this identity: a log that was renamed by its rotation.
fn renamed(path: &Path, inode: u64) -> Option<PathBuf> {
    let dir = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(dir).ok()?;
    entries.flatten().find(|e| e.metadata().is_ok_and(|m| m.is_file() && m.ino() == inode)).map(|e| e.path())
}

async fn read_on(spec: &Tail, path: &Path, courier: &Courier, cursor: &mut Option<Cursor>) -> Result<(), Trouble> {
    let at = match *cursor {
        Some(at) => at,
        None => {
            let meta = std::fs::metadata(path)?;
            let offset = if spec.begin == Begin::End { meta.len() } else { 0 };
            Cursor { inode: meta.ino(), offset }
        }
    };
    // The file we were in, wherever it is called now; gone files end here.
    let (mut file, mut at) = match File::open(path) {
        Ok(file) if file.metadata()?.ino() == at.inode => (file, at),
        opened => match renamed(path, at.inode) {
            Some(old) => (File::open(old)?, at),
            None => {
                let file = opened?;
                let inode = file.metadata()?.ino();
                (file, Cursor { inode, offset: 0 })
            }
        },
    };
    courier.up();
    let mut columns = columns(spec, path, &mut file)?;
    let mut waited = false;
    loop {
        let len = file.metadata()?.len();
        if len < at.offset {
            // Truncated and begun anew (copytruncate).
            at.offset = 0;
            columns = None;
        }
        if len > at.offset {
            file.seek(SeekFrom::Start(at.offset))?;
            let mut bytes = vec![0; CHUNK.min(usize::try_from(len - at.offset).unwrap_or(CHUNK))];
            let n = file.read(&mut bytes)?;
            bytes.truncate(n);
            let mut whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            if whole == 0 && n == CHUNK {
                // A line longer than a chunk: take more, up to the limit.
                bytes.resize(LONGEST, 0);
                let mut filled = n;
                while filled < LONGEST {
                    let more = file.read(&mut bytes[filled..])?;
                    if more == 0 {
                        break;
                    }
                    filled += more;
                }
                bytes.truncate(filled);
                whole = bytes.iter().position(|b| *b == b'\n').map_or(0, |i| i + 1);
                if whole == 0 && filled == LONGEST {
                    courier.refuse(&path.display().to_string(), "a line of more than 8 MB", &bytes[..200]);
                    whole = LONGEST;
                    bytes.fill(b'\n');
                }
            }
            if whole > 0 {
                let inputs = lines(spec, path, courier, &bytes[..whole], &mut columns, at.offset);
                let next = Cursor { inode: at.inode, offset: at.offset + whole as u64 };
                courier.deliver(inputs.1, inputs.0, &path.display().to_string(), Some(&next.text())).await?;
                at = next;
                *cursor = Some(at);
                waited = false;
                continue;
            }
        }
        // At the end: has another file taken the name?
        let current = std::fs::metadata(path).map(|m| m.ino()).ok().filter(|inode| *inode != at.inode);
        if let Some(inode) = current {
            let name = path.display().to_string();
            let left = usize::try_from(file.metadata()?.len().saturating_sub(at.offset)).unwrap_or(LONGEST);
            if left > 0 && !std::mem::replace(&mut waited, true) {
                // The writer may still be at its last line.
                tokio::time::sleep(LOOK).await;
                continue;
            }
            let next = Cursor { inode, offset: 0 };
            let (mut inputs, mut count) = (Vec::new(), 0);
            if (1..LONGEST).contains(&left) {
                // Nobody will finish it any more: it is a line as it is.
                file.seek(SeekFrom::Start(at.offset))?;
                let mut bytes = vec![0; left];
                let n = file.read(&mut bytes)?;
                bytes.truncate(n);
                (inputs, count) = lines(spec, path, courier, &bytes, &mut columns, at.offset);
            }
            courier.deliver(count, inputs, &name, Some(&next.text())).await?;
            *cursor = Some(next);
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Names of the columns: the file's first line.
fn columns(spec: &Tail, path: &Path, file: &mut File) -> Result<Option<Vec<String>>, Trouble> {
    if !is_csv(spec, path) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut head = vec![0; 64 * 1024];
    let n = file.read(&mut head)?;
    head.truncate(n);
    let Some(end) = head.iter().position(|b| *b == b'\n') else { return Ok(None) };
    Ok(names(&String::from_utf8_lossy(&head[..end])))
}

fn names(line: &str) -> Option<Vec<String>> {
    match csv_line(&[], line.trim_start_matches('\u{feff}').trim_end())? {
        crate::map::Document::Csv { mut records, .. } => records.pop(),
        crate::map::Document::Json(_) => None,
    }
}

fn is_csv(spec: &Tail, path: &Path) -> bool {
    match spec.format {
        Format::Csv => true,
        Format::Json => false,
        Format::Auto => path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")),
    }
}

fn lines(
    spec: &Tail,
    path: &Path,
    courier: &Courier,
    bytes: &[u8],
    columns: &mut Option<Vec<String>>,
    offset: u64,
) -> (Vec<Input>, u64) {
    let (mut inputs, mut count) = (Vec::new(), 0);
    let name = path.display().to_string();
    let csv = is_csv(spec, path);
    for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let document = if csv {
            let text = String::from_utf8_lossy(line);
            if columns.is_none() || (offset == 0 && i == 0) {
                *columns = names(&text);
                continue;
            }
            csv_line(columns.as_deref().unwrap_or_default(), text.trim_end())
                .ok_or_else(|| "payload: not CSV".to_owned())
        } else {
            documents(Format::Json, line).map_err(|e| e.to_string())
        };
        count += 1;
        match document {
            Ok(document) => {
                let came = Came { topic: &name, at: wall_now(), own_time: false };
                inputs.extend(courier.map(&document, came).inputs);
            }
            Err(reason) => courier.refuse(&name, &reason, line),
        }
    }
    (inputs, count)
}
