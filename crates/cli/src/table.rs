//! Rows and columns as text: aligned where they fit the terminal, else one cell a line. What the platform wrote is shown without characters
//! that steer a terminal.

use std::fmt;

use digicert_one::core::printable_line;

use crate::page::{Page, Style};

/// Between two columns.
const GAP: usize = 2;

/// A table, with a head or without.
#[derive(Default)]
pub(crate) struct Table {
    head: Option<Vec<String>>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these words above its columns.
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: Some(head.map(str::to_owned).to_vec()), rows: Vec::new() }
    }

    /// Adds a row; a missing cell is shown as a dash.
    pub(crate) fn row<const N: usize>(&mut self, cells: [Option<String>; N]) {
        self.rows.push(cells.map(|cell| cell.map_or_else(|| "-".to_owned(), |text| shown(&text))).to_vec());
    }

    /// Adds the table to a page: aligned if each line fits, else a block for each row, in which nothing is cut off.
    pub(crate) fn print(&self, page: &mut Page) {
        let widths = self.widths();
        let line = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        match (&self.head, page.width()) {
            (Some(head), Some(width)) if line > width => self.print_blocks(head, width, page),
            _ => self.print_aligned(&widths, page),
        }
    }

    fn print_aligned(&self, widths: &[usize], page: &mut Page) {
        if let Some(head) = &self.head {
            page.styled(Style::Heading, &aligned(head, widths));
        }
        for (number, row) in self.rows.iter().enumerate() {
            let gap = if number > 0 || self.head.is_some() { "\n" } else { "" };
            page.add(&format!("{gap}{}", aligned(row, widths)));
        }
    }

    fn print_blocks(&self, head: &[String], width: usize, page: &mut Page) {
        let label = head.iter().map(|name| name.chars().count()).max().unwrap_or_default() + GAP;
        for (number, row) in self.rows.iter().enumerate() {
            page.add(if number > 0 { "\n\n" } else { "" });
            for (number, (name, cell)) in head.iter().zip(row).enumerate() {
                page.add(if number > 0 { "\n" } else { "" });
                page.styled(Style::Heading, name);
                let longest = cell.split(' ').map(|word| word.chars().count()).max().unwrap_or_default();
                if label + longest <= width {
                    page.add(&" ".repeat(label - name.chars().count()));
                    page.hanging(label, cell);
                } else {
                    page.add("\n  ");
                    page.hanging(GAP, cell);
                }
            }
        }
    }

    fn widths(&self) -> Vec<usize> {
        let rows = || self.head.iter().chain(&self.rows);
        let columns = rows().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| rows().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        (0..columns).map(|column| width(column).unwrap_or_default()).collect()
    }
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    cells.collect::<Vec<_>>().join(&" ".repeat(GAP)).trim_end().to_owned()
}

/// Without control characters.
pub(crate) fn shown(text: &str) -> String {
    printable_line(text).into_owned()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page::new(false, None);
        self.print(&mut page);
        f.write_str(&page.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55";

    fn printed(table: &Table, width: usize) -> String {
        let mut page = Page::new(false, Some(width));
        table.print(&mut page);
        page.finish()
    }

    #[test]
    fn columns_are_aligned_and_nothing_steers_the_terminal() {
        let mut table = Table::new(["ID", "NAME"]);
        table.row([Some("1".to_owned()), Some("a\u{1b}[2Jb".to_owned())]);
        table.row([Some("234".to_owned()), None]);
        assert_eq!(table.to_string(), "ID   NAME\n1    a\\u{1b}[2Jb\n234  -");
    }

    #[test]
    fn table_wider_than_the_terminal_has_a_block_for_each_row() {
        let mut table = Table::new(["ID", "NAME", "ROLES"]);
        let roles = "AM_ACCOUNT_USER AM_ACCOUNT_ADMIN CM_USER";
        for name in ["ci-bot", "deploy"] {
            table.row([ID, name, roles].map(|cell| Some(cell.to_owned())));
        }
        let text = printed(&table, 40);
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
        let block = format!("ID\n  {ID}\nNAME   deploy\nROLES  AM_ACCOUNT_USER AM_ACCOUNT_ADMIN\n       CM_USER");
        assert!(text.ends_with(&format!("\n\n{block}")), "{text}");
        assert_eq!(printed(&table, 120), table.to_string());
    }
}
