//! docs/formats.md has every format, on every stack, and only `ok`.

use digicert_one_testbed::Format;

#[test]
fn formats_page_has_all_rows_and_no_empty_cell() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats.md");
    let page = std::fs::read_to_string(path).expect("docs/formats.md is there");
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Format |")).collect();
    let expected: Vec<String> =
        Format::ALL.iter().map(|format| format!("| {} | ok | ok | ok | ok | ok |", format.name())).collect();
    assert_eq!(rows, expected, "run: cargo xtask matrix");
}
