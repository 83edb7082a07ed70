//! The two demos, as people and as programs read them.

use serde_json::Value;

use crate::stage::{TRANSPORTS, d1, document, text};

#[test]
fn demo_shows_three_successes_and_three_failures_on_every_transport() {
    let output = d1(&["--json", "demo"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let document = document(&output);
    let stories = |name: &str| document[name].as_array().expect("a list").clone();
    let expected = 3 * TRANSPORTS.len();
    assert_eq!((stories("successes").len(), stories("failures").len()), (expected, expected));
    for story in stories("successes").into_iter().chain(stories("failures")) {
        assert_eq!(story["as_described"], true, "{story:#}");
    }
    let codes: Vec<_> = stories("failures").iter().map(|story| story["diagnosis"]["code"].clone()).collect();
    let (keyless, half) = codes[..2 * TRANSPORTS.len()].split_at(TRANSPORTS.len());
    assert!(keyless.iter().all(|code| code == "AUT-01") && half.iter().all(|code| code == "AUT-02"), "{codes:?}");
}

#[test]
fn midnight_demo_fails_without_rotation_only() {
    let output = d1(&["--json", "demo", "--midnight"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let document = document(&output);
    assert_eq!((&document["as_described"], &document["key_ends"]), (&true.into(), &"2026-12-31T23:59:59Z".into()));
    let halves = document["halves"].as_array().expect("a list");
    let counts: Vec<_> = halves.iter().map(|half| (&half["rotation"], &half["good"], &half["refused"])).collect();
    let (without, with) = ((&false.into(), &125.into(), &4.into()), (&true.into(), &129.into(), &0.into()));
    assert_eq!(counts, [without, with]);
    let of = |half: usize, kind: &str| -> Vec<Value> {
        let events = halves[half]["events"].as_array().expect("a list").iter();
        events.filter(|event| event["kind"] == kind).cloned().collect()
    };
    assert_eq!((of(0, "reminder").len(), of(1, "reminder").len()), (4, 2));
    assert_eq!((of(0, "rotation").len(), of(1, "rotation").len(), of(1, "refused").len()), (0, 3, 0));
    for half in [0, 1] {
        assert!(of(half, "call").iter().any(|call| call["at"] == "2026-12-31T23:59:59Z"), "the last second works");
    }
    assert!(of(1, "call").iter().any(|call| call["at"] == "2027-01-01T00:00:00Z"), "with rotation, so does midnight");
    let refused = of(0, "refused");
    assert!(refused.iter().all(|call| call["at"] == "2027-01-01T00:00:00Z"));
    let codes: Vec<_> = refused.iter().map(|call| &call["diagnosis"]["code"]).collect();
    assert_eq!(codes, ["ID-15", "AUT-01"]);
    assert!(refused.iter().all(|call| call["diagnosis"]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty())));
}

#[test]
fn midnight_demo_prints_a_time_line() {
    let output = d1(&["demo", "--midnight"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    let place = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words} is missing: {said}"));
    let order = [
        "Without rotation: ci-bot calls",
        "2026-12-31T00:00:00Z  reminder",
        "2026-12-31T23:59:59Z  call      200, ci-bot",
        "2027-01-01T00:00:00Z  refused",
        "ID-15",
        "AUT-01",
        "129 calls: 125 good, 4 refused.",
        "With rotation",
        "2026-12-18T00:00:00Z  rotation",
        "the old API token is disabled",
        "129 calls: 129 good, 0 refused.",
        "Both went as they should",
    ];
    let places: Vec<usize> = order.iter().map(|words| place(words)).collect();
    assert!(places.is_sorted(), "{said}");
}

/// A line without what differs between two runs: origins, milliseconds, versions, and the width of columns.
fn shape(line: &str) -> String {
    let varies = |word: &&str| {
        let number = word.trim_start_matches('(').starts_with(|it: char| it.is_ascii_digit()) && word.contains('.');
        word.contains("localhost:") || number
    };
    line.split_whitespace().filter(|word| !varies(word)).collect::<Vec<_>>().join(" ")
}

#[test]
fn demo_prints_the_lines_that_the_readme_shows() {
    let readme = include_str!("../../../../README.md");
    let block = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of output");
    let output = d1(&["demo"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = printed.lines().map(shape);
    for line in block.lines().filter(|line| *line != "...") {
        assert!(lines.any(|printed| printed == shape(line)), "not printed, or not in this order: {line}\n{printed}");
    }
}
