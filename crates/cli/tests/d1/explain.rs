//! `d1 explain`: the texts of docs/errors, offline.

use digicert_one::Code;
use serde_json::Value;

use crate::stage::{assert_failed, d1, document, text};

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn explain_prints_the_texts_of_the_page_of_each_code() {
    for code in Code::ALL {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors/");
        let page = std::fs::read_to_string(format!("{page}{code}.md")).expect("each code has a page");
        let output = d1(&["explain", code.as_str()], &[]);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", text(&output));
        for section in ["What it means", "What to do", "Does a retry help?"] {
            let (_, rest) = page.split_once(&format!("## {section}\n\n")).expect("the page has this section");
            let body = words(rest.split("\n\n").next().unwrap_or_default());
            let printed = shown.split_once(section).map(|(_, rest)| words(rest)).unwrap_or_default();
            assert!(!body.is_empty() && printed.starts_with(&body), "{code}, {section}: {shown}");
        }
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    }
}

#[test]
fn explain_without_code_lists_every_code_with_its_summary() {
    let output = d1(&["explain"], &[]);
    let shown = String::from_utf8_lossy(&output.stdout);
    for code in Code::ALL {
        assert!(shown.lines().any(|line| words(line) == words(&format!("{code} {}", code.title()))), "{code}: {shown}");
    }
    let output = d1(&["--json", "explain"], &[]);
    let document = document(&output);
    let listed: Vec<_> =
        document["codes"].as_array().expect("a list").iter().map(|code| code["code"].clone()).collect();
    assert_eq!(listed, Code::ALL.iter().map(|code| Value::from(code.as_str())).collect::<Vec<_>>());
}

#[test]
fn explain_of_an_unknown_code_shows_its_family_and_exits_with_2() {
    let output = d1(&["explain", "HS-20"], &[]);
    assert_failed(&output, 2, &["unknown code HS-20", "HS-02"]);
    let output = d1(&["explain", "C4nary!pa55"], &[]);
    assert_failed(&output, 2, &["`d1 explain` lists all codes"]);
    assert!(!text(&output).to_lowercase().contains("c4nary"), "{}", text(&output));
    let output = d1(&["--json", "explain", "hs_2"], &[]);
    let document = document(&output);
    assert_eq!(document["code"], "HS-02", "{document}");
}
