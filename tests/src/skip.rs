//! What a test says though it succeeds: that it was skipped, and what it has measured. Never silently: the test harness
//! captures `eprintln!`, so this goes around it.

use std::io::Write as _;

pub(crate) const SKIPPED: &str = "SKIPPED ";
pub(crate) const MEASURED: &str = "MEASURED ";

/// Says that a test is skipped, and why.
pub fn skip(test: &str, reason: &str) {
    say(&format!("{SKIPPED}{test}: {reason}"));
}

/// Says a figure.
pub fn measured(figure: &str) {
    say(&format!("{MEASURED}{figure}"));
}

/// Writes a line to standard error, past the capture of the test harness.
pub fn say(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .expect("standard error is open");
}
