//! Memory of processes, shared pages counted once.

use std::fs;

/// Proportional set size of the processes, in bytes. A process that has ended counts nothing.
pub fn proportional(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| one(*pid)).sum()
}

fn one(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
