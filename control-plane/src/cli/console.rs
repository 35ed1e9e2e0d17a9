//! Where a command writes: results to one side, what is for people only to the other.

use std::io::{ErrorKind, Write};

use super::error::{CliError, Exit};

/// Standard output and standard error, or what stands for them in a test.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Console {
    pub fn standard() -> Console {
        Console {
            out: Box::new(std::io::stdout()),
            err: Box::new(std::io::stderr()),
        }
    }

    pub fn new(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Console {
        Console { out, err }
    }

    /// Writes to standard output.
    pub fn print(&mut self, text: &str) -> Result<(), CliError> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => CliError::Closed,
            _ => CliError::output(error),
        })
    }

    /// Writes a line to standard output.
    pub fn line(&mut self, text: &str) -> Result<(), CliError> {
        self.print(&format!("{text}\n"))
    }

    /// Ends a command with what it says of its outcome.
    pub fn conclude(&mut self, outcome: Result<String, CliError>) -> Exit {
        match outcome.and_then(|text| self.line(&text)) {
            Ok(()) => Exit::Success,
            Err(error) => {
                self.note(&error.to_string());
                error.exit()
            }
        }
    }

    /// Writes a line to standard error. When that fails there is nobody left to tell.
    pub fn note(&mut self, text: &str) {
        if !text.is_empty() {
            writeln!(self.err, "{text}").and_then(|()| self.err.flush()).ok();
        }
    }
}
