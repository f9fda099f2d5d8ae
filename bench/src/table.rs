//! The table of a run: a line for each figure, a column for each server, and ratios.

use crate::server::Kind;
use std::fmt::Write as _;

/// Which of two values is ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Better {
    /// The smaller one.
    Less,
    /// The larger one.
    More,
    /// Neither: it says what was measured, not how well.
    Neither,
}

/// What a line of the table shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// In which unit.
    pub unit: &'static str,
    /// Which of two values is ahead.
    pub better: Better,
}

impl Figure {
    /// A cost.
    pub fn less(what: impl Into<String>, unit: &'static str) -> Self {
        Self { what: what.into(), unit, better: Better::Less }
    }

    /// A gain.
    pub fn more(what: impl Into<String>, unit: &'static str) -> Self {
        Self { what: what.into(), unit, better: Better::More }
    }

    /// Neither a cost nor a gain.
    pub fn plain(what: impl Into<String>, unit: &'static str) -> Self {
        Self { what: what.into(), unit, better: Better::Neither }
    }

    /// A value of it, for people.
    pub fn told(&self, value: f64) -> String {
        format!("{} {}", digits(value), self.unit)
    }
}

/// Lines in the order they were measured.
#[derive(Debug, Default)]
pub struct Table {
    lines: Vec<(Figure, [Option<f64>; 4])>,
    notes: Vec<String>,
}

impl Table {
    /// Notes the value of a server; the last of one figure stays.
    pub fn put(&mut self, kind: Kind, figure: Figure, value: f64) {
        let at = self.lines.iter().position(|(known, _)| known.what == figure.what);
        let at = at.unwrap_or_else(|| {
            self.lines.push((figure, [None; 4]));
            self.lines.len() - 1
        });
        self.lines[at].1[kind as usize] = Some(value);
    }

    /// Adds a remark below it.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Markdown with a column for each of `kinds`.
    pub fn markdown(&self, kinds: &[Kind]) -> String {
        let mut rows = vec![["what".to_owned(), "unit".to_owned()].to_vec()];
        rows[0].extend(kinds.iter().map(|kind| kind.name().to_owned()));
        for (figure, values) in &self.lines {
            let own = values[Kind::Barograph as usize];
            let cell = |kind: &Kind| match (values[*kind as usize], own) {
                (None, _) => "-".to_owned(),
                (Some(value), Some(own))
                    if *kind != Kind::Barograph && figure.better != Better::Neither =>
                {
                    format!("{} ({})", digits(value), ratio(figure.better, own, value))
                }
                (Some(value), _) => digits(value),
            };
            let mut row = vec![figure.what.clone(), figure.unit.to_owned()];
            row.extend(kinds.iter().map(cell));
            rows.push(row);
        }
        let mut text = lay_out(&rows);
        if !self.notes.is_empty() {
            text.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(text, "- {}", note.replace('\n', "\n  "));
        }
        text
    }
}

/// How many times Barograph is ahead of a peer; below 1 it is behind.
fn ratio(better: Better, own: f64, peer: f64) -> String {
    let times = match better {
        Better::Less => peer / own,
        Better::More | Better::Neither => own / peer,
    };
    if times.is_finite() { format!("×{}", digits(times)) } else { "–".to_owned() }
}

/// Three digits that count, without an exponent.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size => (2 - size.log10().floor() as i32).clamp(0, 6),
    };
    format!("{value:.*}", decimals as usize)
}

fn lay_out(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..rows[0].len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let _ = match column {
                0 | 1 => write!(text, "| {cell:width$} "),
                _ => write!(text, "| {cell:>width$} "),
            };
        }
        text.push_str("|\n");
        if index == 0 {
            for (column, width) in widths.iter().enumerate() {
                let colon = if column < 2 { "-" } else { ":" };
                let _ = write!(text, "|{}{colon}", "-".repeat(width + 1));
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests;
