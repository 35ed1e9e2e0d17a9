//! Skipping a test by name, with the reason. Never silently: the test harness captures `eprintln!`, so a skip goes around it.

use std::io::Write as _;

/// Says that a test is skipped, and why.
pub fn skip(test: &str, reason: &str) {
    say(&format!("SKIPPED {test}: {reason}"));
}

/// Writes a line to standard error, past the capture of the test harness.
pub fn say(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .expect("standard error is open");
}
