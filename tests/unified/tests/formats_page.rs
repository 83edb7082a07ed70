//! docs/formats.md shows every format, on every stack, and nothing but `ok`: what the tests demand, the page says.

use digicert_one_testbed::Format;

#[test]
fn the_page_on_formats_has_a_row_for_each_and_no_empty_cell() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/formats.md");
    let page = std::fs::read_to_string(path).expect("docs/formats.md is there");
    let rows: Vec<&str> =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Format |")).collect();
    let expected: Vec<String> =
        Format::ALL.iter().map(|format| format!("| {} | ok | ok | ok | ok |", format.name())).collect();
    assert_eq!(rows, expected, "run: cargo xtask matrix");
}
