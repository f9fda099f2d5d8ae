//! Rows for people and for programs: an aligned table, or CSV.

/// Rows under columns. Every row is as long as the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// Between two columns of a table.
const GAP: &str = "  ";

impl Table {
    pub fn new(columns: &[&str]) -> Self {
        Self { columns: columns.iter().map(|it| (*it).to_owned()).collect(), rows: Vec::new() }
    }

    /// Aligned columns; numbers stand to the right.
    pub fn aligned(&self) -> String {
        let width = |index: usize| {
            let cells = self.rows.iter().map(|row| &row[index]);
            cells.chain([&self.columns[index]]).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let is_number = |index: usize| {
            let mut cells = self.rows.iter().map(|row| &row[index]).filter(|cell| !cell.is_empty());
            cells.all(|cell| cell.parse::<f64>().is_ok())
        };
        let to_right: Vec<bool> = (0..self.columns.len()).map(is_number).collect();
        let mut out = String::new();
        for row in [&self.columns].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    line.push_str(GAP);
                }
                let padding = " ".repeat(widths[index].saturating_sub(cell.chars().count()));
                match to_right[index] {
                    true => line.extend([padding.as_str(), cell]),
                    false => line.extend([cell, padding.as_str()]),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// RFC 4180, with a header.
    pub fn csv(&self) -> String {
        let mut out = String::new();
        for row in [&self.columns].into_iter().chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            out.push_str(&cells.join(","));
            out.push('\n');
        }
        out
    }
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests;
