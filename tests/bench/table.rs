//! What was measured, and how it is printed.

use std::io::Write;
use std::path::Path;

use crate::load::{self, Report};

/// Calls in flight, and for how long. Below the 500 that a stock gateway takes.
const IN_FLIGHT: u32 = 300;
const SECONDS: u32 = 10;

/// One run of one network.
#[derive(Debug, Default)]
pub struct Figures {
    /// From the request to the first committed transaction.
    pub seconds: f64,
    /// Proportional set size of all nodes and the contract at rest, in bytes.
    pub memory: u64,
    pub submit: Option<Report>,
    pub evaluate: Option<Report>,
    /// One call at a time: what a user feels.
    pub alone: Option<Report>,
}

impl Figures {
    pub async fn load(&mut self, connection: &Path) -> anyhow::Result<()> {
        load::warm(connection).await?;
        self.alone = Some(load::run("submit", 1, SECONDS, connection).await?);
        self.submit = Some(load::run("submit", IN_FLIGHT, SECONDS, connection).await?);
        self.evaluate = Some(load::run("evaluate", IN_FLIGHT, SECONDS, connection).await?);
        Ok(())
    }
}

/// Columns of figures, one a network, and remarks.
#[derive(Default)]
pub struct Table {
    columns: Vec<(&'static str, Vec<Figures>)>,
    notes: Vec<String>,
}

type Row = (&'static str, fn(&[Figures]) -> Option<f64>);

const ROWS: &[Row] = &[
    ("request to first commit, median s", |runs| {
        median(runs.iter().map(|run| run.seconds))
    }),
    ("memory at rest, median MB (PSS)", |runs| {
        median(runs.iter().map(|run| run.memory as f64 / 1e6))
    }),
    ("submits/s, 300 in flight", |runs| {
        loaded(runs, |run| &run.submit).map(|report| report.per_second)
    }),
    ("  commit p50 ms", |runs| {
        loaded(runs, |run| &run.submit).map(|report| report.p50)
    }),
    ("  commit p99 ms", |runs| {
        loaded(runs, |run| &run.submit).map(|report| report.p99)
    }),
    ("  failed calls", |runs| loaded(runs, |run| &run.submit).map(failed)),
    ("commit p50 ms, one at a time", |runs| {
        loaded(runs, |run| &run.alone).map(|report| report.p50)
    }),
    ("commit p99 ms, one at a time", |runs| {
        loaded(runs, |run| &run.alone).map(|report| report.p99)
    }),
    ("evaluates/s, 300 in flight", |runs| {
        loaded(runs, |run| &run.evaluate).map(|report| report.per_second)
    }),
    ("  p50 ms", |runs| {
        loaded(runs, |run| &run.evaluate).map(|report| report.p50)
    }),
    ("  p99 ms", |runs| {
        loaded(runs, |run| &run.evaluate).map(|report| report.p99)
    }),
    ("  failed calls", |runs| loaded(runs, |run| &run.evaluate).map(failed)),
];

fn loaded(runs: &[Figures], which: fn(&Figures) -> &Option<Report>) -> Option<&Report> {
    runs.iter().find_map(|run| which(run).as_ref())
}

fn failed(report: &Report) -> f64 {
    report.failures.values().sum::<u64>() as f64
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

impl Table {
    pub fn add(&mut self, name: &'static str, runs: Vec<Figures>) {
        self.columns.push((name, runs));
    }

    pub fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    /// Prints the table, with the ratio of the first two columns.
    pub fn print(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.columns.is_empty() {
            return self.print_notes(&mut out);
        }
        write!(out, "{:38}", "")?;
        for (name, runs) in &self.columns {
            write!(out, "{:>12}", format!("{name} ({})", runs.len()))?;
        }
        writeln!(out, "{}", if self.columns.len() > 1 { "       ratio" } else { "" })?;
        for (label, value) in ROWS {
            write!(out, "{label:38}")?;
            let values: Vec<Option<f64>> = self.columns.iter().map(|(_, runs)| value(runs)).collect();
            for value in &values {
                write!(
                    out,
                    "{:>12}",
                    value.map_or("-".to_owned(), |value| format!("{value:.2}"))
                )?;
            }
            if let [Some(ours), Some(theirs)] = values[..]
                && theirs > 0.0
            {
                write!(out, "{:>12.2}", ours / theirs)?;
            }
            writeln!(out)?;
        }
        self.print_notes(&mut out)
    }

    fn print_notes(&self, out: &mut impl Write) -> anyhow::Result<()> {
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        Ok(())
    }
}
