//! One segment file: records of `length | crc32 | bytes`, both numbers 32 bits little-endian.
//!
//! A record is whole or it is not there: a scan stops at the first one whose length runs past the end of the file or
//! whose checksum is wrong.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use bytes::Bytes;

/// Bytes in front of each record.
pub const RECORD_HEADER: u64 = 8;

/// The header of the record that holds `bytes`.
pub fn record_header(bytes: &[u8]) -> io::Result<[u8; 8]> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a block of 4 GiB or more cannot be stored"))?;
    let mut header = [0; 8];
    header[..4].copy_from_slice(&length.to_le_bytes());
    header[4..].copy_from_slice(&crc32fast::hash(bytes).to_le_bytes());
    Ok(header)
}

/// Reads the record at `offset` of a file of `size` bytes. An error of kind `InvalidData` says that no whole record is there.
pub fn read_record(file: &File, offset: u64, size: u64) -> io::Result<Bytes> {
    let mut header = [0; 8];
    file.read_exact_at(&mut header, offset)?;
    let (length, crc) = split_header(&header);
    if size
        .checked_sub(offset + RECORD_HEADER)
        .is_none_or(|rest| rest < u64::from(length))
    {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the record runs past the end of its file",
        ));
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, offset + RECORD_HEADER)?;
    if crc32fast::hash(&bytes) != crc {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the record's checksum is wrong",
        ));
    }
    Ok(bytes.into())
}

/// Calls `each` with the offset of every whole record in order; returns where the last one ends.
pub fn scan(file: &File, mut each: impl FnMut(u64)) -> io::Result<u64> {
    let size = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(64 * 1024, file);
    let mut offset = 0;
    let mut buffer = Vec::new();
    while size - offset >= RECORD_HEADER {
        let mut header = [0; 8];
        reader.read_exact(&mut header)?;
        let (length, crc) = split_header(&header);
        let end = offset + RECORD_HEADER + u64::from(length);
        if end > size {
            break;
        }
        buffer.resize(length as usize, 0);
        reader.read_exact(&mut buffer)?;
        // A file system may leave zeros where an append did not reach the disk; a block is never empty.
        if length == 0 || crc32fast::hash(&buffer) != crc {
            break;
        }
        each(offset);
        offset = end;
    }
    Ok(offset)
}

fn split_header(header: &[u8; 8]) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = *header;
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}
