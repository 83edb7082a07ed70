//! Aligned rows and columns, as text. What the platform wrote is shown without characters that steer a terminal.

use std::fmt;

use digicert_one::core::printable_line;

/// A table, with a head or without.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these words above its columns.
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned).to_vec()] }
    }

    /// Adds a row; a missing cell is shown as a dash.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Option<String>; N]) {
        self.rows.push(cells.map(|cell| cell.map_or_else(|| "-".to_owned(), |text| shown(&text))).to_vec());
    }
}

/// Without control characters.
pub(crate) fn shown(text: &str) -> String {
    printable_line(text).into_owned()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            f.write_str(cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_steers_the_terminal() {
        let mut table = Table::new(["ID", "NAME"]);
        table.row([Some("1".to_owned()), Some("a\u{1b}[2Jb".to_owned())]);
        table.row([Some("234".to_owned()), None]);
        assert_eq!(table.to_string(), "ID   NAME\n1    a\\u{1b}[2Jb\n234  -");
    }
}
