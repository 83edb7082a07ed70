//! `cargo xtask matrix`: the table format × transport of docs/formats.md, from a run of the format test on
//! every stack. The tests require `ok` everywhere; the page shows the results.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::cargo;
use crate::failure::Failure;
use crate::page::Page;
use crate::stacks::STACKS;

const PAGE: Page = Page { path: "docs/formats.md", maker: "cargo xtask matrix" };

pub(crate) fn run() -> Result<(), Failure> {
    let folder = cargo::root().join("target").join("matrix");
    let unwritten = |error: std::io::Error| Failure::new(format_args!("{}: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(unwritten)?;
    let mut columns = Vec::new();
    for stack in STACKS {
        let file = folder.join(format!("{}.tsv", stack.name));
        stack.test("formats", &[], false, &[("D1_MATRIX_FILE", file.display().to_string())])?;
        columns.push(fs::read_to_string(&file).map_err(unwritten)?);
    }
    PAGE.write(&table(&columns)?)
}

/// Rows in the order of the first stack; every stack must have each of them.
fn table(columns: &[String]) -> Result<String, Failure> {
    let cells = |column: &String| -> Vec<(String, String)> {
        column.lines().filter_map(|line| line.split_once('\t')).map(|(row, cell)| (row.into(), cell.into())).collect()
    };
    let rows = columns.first().map(cells).unwrap_or_default();
    let columns: Vec<BTreeMap<String, String>> =
        columns.iter().map(|column| cells(column).into_iter().collect()).collect();
    let mut text = String::from("| Format |");
    for stack in STACKS {
        let _ = write!(text, " {} |", stack.name);
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(STACKS.len()));
    for (row, _) in &rows {
        let _ = write!(text, "| {row} |");
        for (column, stack) in columns.iter().zip(STACKS) {
            let cell = column
                .get(row)
                .ok_or_else(|| Failure::new(format_args!("{} has no cell for \"{row}\"", stack.name)))?;
            let _ = write!(text, " {} |", cell.replace('|', "\\|"));
        }
        text.push('\n');
    }
    let _ = writeln!(text, "\n{} formats on {} stacks.", rows.len(), STACKS.len());
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_for_every_stack() {
        let column = "one\tok\ntwo\tID-04\n".to_owned();
        let text = table(&vec![column.clone(); STACKS.len()]).expect("complete");
        assert!(text.contains("| two | ID-04 | ID-04 | ID-04 | ID-04 |"), "{text}");
        let mut columns = vec![column; STACKS.len()];
        columns[1] = "one\tok\n".to_owned();
        assert!(table(&columns).is_err());
    }
}
