//! The files of a block store: segments named by the first block they hold, and one index of offsets.
//!
//! The segments are the truth. The index holds eight bytes per block, the offset in its segment, and is written again
//! from the segments wherever it may be stale.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::segment;

const SUFFIX: &str = ".blocks";
const INDEX: &str = "offsets";
const ENTRY: u64 = 8;

/// One open segment.
#[derive(Debug, Clone)]
pub struct Segment {
    pub first: u64,
    pub file: Arc<File>,
    pub size: u64,
}

/// Segments in order of their first block, and the index.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    index: File,
    segments: Vec<Segment>,
    next: u64,
}

impl Files {
    /// Opens the files in `dir` and cuts what a crash has left behind the last whole record.
    pub fn open(dir: &Path) -> io::Result<Files> {
        let index = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(INDEX))?;
        let mut files = Files {
            dir: dir.to_owned(),
            index,
            segments: Vec::new(),
            next: 0,
        };
        let firsts = segment_numbers(dir)?;
        let indexed = files.index.metadata()?.len() / ENTRY;
        for (at, first) in firsts.iter().copied().enumerate() {
            let following = firsts.get(at + 1).copied();
            files.open_segment(first, following, indexed)?;
        }
        files.index.set_len(files.next * ENTRY)?;
        Ok(files)
    }

    fn open_segment(&mut self, first: u64, following: Option<u64>, indexed: u64) -> io::Result<()> {
        if first != self.next {
            return Err(invalid(format!(
                "block {} is missing: the next segment starts at {first}",
                self.next
            )));
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.segment_path(first))?;
        let mut size = file.metadata()?.len();
        match following {
            // The index was synced before the following segment was begun.
            Some(following) if following <= indexed => self.next = following,
            _ => {
                let mut offsets = Vec::new();
                let end = segment::scan(&file, |offset| offsets.extend_from_slice(&offset.to_le_bytes()))?;
                self.index.write_all_at(&offsets, first * ENTRY)?;
                self.next = first + offsets.len() as u64 / ENTRY;
                if following.is_some_and(|following| following != self.next) {
                    return Err(invalid(format!("block {} is damaged, and blocks follow it", self.next)));
                }
                if end < size {
                    tracing::warn!(
                        block = self.next,
                        bytes = size - end,
                        "cut an unfinished write off the block store"
                    );
                    file.set_len(end)?;
                    file.sync_all()?;
                    size = end;
                }
            }
        }
        self.segments.push(Segment {
            first,
            file: Arc::new(file),
            size,
        });
        Ok(())
    }

    /// Number of the next block.
    pub fn next(&self) -> u64 {
        self.next
    }

    pub fn last_segment(&self) -> Option<&Segment> {
        self.segments.last()
    }

    /// Adds the next block, in a new segment when the last one holds `segment_size` bytes.
    pub fn append(&mut self, bytes: &[u8], segment_size: u64) -> io::Result<()> {
        let header = segment::record_header(bytes)?;
        if self.segments.last().is_none_or(|last| last.size >= segment_size) {
            self.begin_segment()?;
        }
        let last = self
            .segments
            .last_mut()
            .ok_or_else(|| invalid("no segment".to_owned()))?;
        let mut record = Vec::with_capacity(bytes.len() + header.len());
        record.extend_from_slice(&header);
        record.extend_from_slice(bytes);
        // Written at the known end: what a failed append has left behind is overwritten by the next one.
        last.file.write_all_at(&record, last.size)?;
        self.index.write_all_at(&last.size.to_le_bytes(), self.next * ENTRY)?;
        last.size += record.len() as u64;
        self.next += 1;
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<()> {
        if let Some(last) = self.segments.last() {
            last.file.sync_data()?;
            self.index.sync_data()?;
        }
        let path = self.segment_path(self.next);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        File::open(&self.dir)?.sync_all()?;
        self.segments.push(Segment {
            first: self.next,
            file: Arc::new(file),
            size: 0,
        });
        Ok(())
    }

    /// Where block `number` is; `None` past the end.
    pub fn locate(&self, number: u64) -> io::Result<Option<Location>> {
        if number >= self.next {
            return Ok(None);
        }
        let mut entry = [0; 8];
        self.index.read_exact_at(&mut entry, number * ENTRY)?;
        let after = self.segments.partition_point(|segment| segment.first <= number);
        let segment = self.segments[..after].last().cloned();
        Ok(segment.map(|segment| Location {
            segment,
            offset: u64::from_le_bytes(entry),
        }))
    }

    fn segment_path(&self, first: u64) -> PathBuf {
        self.dir.join(format!("{first:020}{SUFFIX}"))
    }
}

/// Where a block's record is. Read without holding the store's lock.
#[derive(Debug)]
pub struct Location {
    segment: Segment,
    offset: u64,
}

impl Location {
    pub fn read(&self) -> io::Result<Bytes> {
        segment::read_record(&self.segment.file, self.offset, self.segment.size)
    }
}

fn segment_numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)) {
            numbers.push(
                number
                    .parse()
                    .map_err(|_| invalid(format!("{number}{SUFFIX} is no segment of this store")))?,
            );
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
