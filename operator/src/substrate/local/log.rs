//! A node's log file: reading its end, following it, and keeping it small.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_stream::try_stream;
use futures::stream::{self, BoxStream, StreamExt as _};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _, BufReader};
use tokio::time::sleep;

use crate::substrate::SubstrateError;

/// Size at which a log is moved to `node.log.1`.
const LARGEST: u64 = 16 << 20;
/// How much of the end of a log is read for its last lines.
const WINDOW: u64 = 4 << 20;

/// The last `lines` lines, then, when `follow` is set, each line as it is written.
pub async fn read(
    path: PathBuf,
    lines: usize,
    follow: bool,
) -> Result<BoxStream<'static, io::Result<String>>, SubstrateError> {
    let context = || format!("reading {}", path.display());
    let mut file = match File::open(&path).await {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && !follow => return Ok(stream::empty().boxed()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(SubstrateError::Refused("the node has not written a log yet".to_owned()));
        }
        Err(error) => return Err(SubstrateError::io(context())(error)),
    };
    let length = file.metadata().await.map_err(SubstrateError::io(context()))?.len();
    let start = length.saturating_sub(WINDOW);
    file.seek(SeekFrom::Start(start))
        .await
        .map_err(SubstrateError::io(context()))?;
    let mut bytes = Vec::new();
    (&mut file)
        .take(length - start)
        .read_to_end(&mut bytes)
        .await
        .map_err(SubstrateError::io(context()))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut last: VecDeque<String> = VecDeque::with_capacity(lines.min(1024));
    // A window that begins inside the file begins inside a line.
    for line in text.lines().skip(usize::from(start > 0)) {
        if last.len() == lines {
            last.pop_front();
        }
        if lines > 0 {
            last.push_back(line.to_owned());
        }
    }
    let tail = stream::iter(last.into_iter().map(Ok));
    match follow {
        true => Ok(tail.chain(continued(path, file, length)).boxed()),
        false => Ok(tail.boxed()),
    }
}

fn continued(path: PathBuf, file: File, mut position: u64) -> impl futures::Stream<Item = io::Result<String>> + Send {
    try_stream! {
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            let read = reader.read_until(b'\n', &mut line).await?;
            position += read as u64;
            if line.ends_with(b"\n") {
                yield String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                continue;
            }
            if fs::metadata(&path)?.len() < position {
                // Rotated: what follows is at the beginning.
                reader.seek(SeekFrom::Start(0)).await?;
                position = 0;
                line.clear();
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Moves the content of a log that has grown too large to `<log>.1`. The node keeps its file: it appends, so its next
/// line goes to the beginning.
pub fn rotate(path: &Path) -> io::Result<()> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if length <= LARGEST {
        return Ok(());
    }
    let mut old = path.as_os_str().to_owned();
    old.push(".1");
    fs::copy(path, old)?;
    OpenOptions::new().write(true).open(path)?.set_len(0)
}

/// The last line that says something, for the reason of a failure.
pub fn last_words(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let end = &bytes[bytes.len().saturating_sub(8192)..];
    let text = String::from_utf8_lossy(end);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(500).collect())
}
