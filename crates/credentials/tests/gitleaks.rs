//! Tests the rule in docs/gitleaks.toml with keys generated here, so that no scanner finds one in this file.

use regex::Regex;
use toml::Table;

fn rule() -> (Table, Regex) {
    let file: Table = include_str!("../../../docs/gitleaks.toml").parse().expect("TOML");
    let rules = file["rules"].as_array().expect("a list of rules");
    let [rule] = rules.as_slice() else { panic!("one rule: {rules:?}") };
    let regex = rule["regex"].as_str().expect("text");
    (rule.as_table().expect("a table").clone(), Regex::new(regex).expect("a regular expression"))
}

fn key() -> String {
    format!("{}_{}", "01f9a3b27c".repeat(3).split_at(26).0, "9e8d7c6b5a4f3021".repeat(4))
}

#[test]
fn rule_finds_keys_in_any_context() {
    let (rule, regex) = rule();
    let group = usize::try_from(rule["secretGroup"].as_integer().expect("a number")).expect("small");
    for text in [
        key(),
        format!("export DC_API_KEY={}", key()),
        format!("\"api_key\": \"{}\",", key()),
        format!("SM_API_KEY={}\n", key()),
        format!("token_{}", key()),
        key().to_uppercase(),
    ] {
        let found = regex.captures(&text).unwrap_or_else(|| panic!("not found in {text:?}"));
        assert!(found[group].eq_ignore_ascii_case(&key()), "{text:?}");
    }
}

#[test]
fn rule_ignores_other_identifiers() {
    let (_, regex) = rule();
    let hex = "9e8d7c6b5a4f3021".repeat(4);
    for text in [
        "123e4567-e89b-12d3-a456-426614174000".to_owned(),
        hex.clone(),
        format!("sha256:{hex}"),
        format!("{}_{hex}", "0".repeat(25)),
        format!("{}_{hex}0", "0".repeat(26)),
        format!("0{}", key()),
        key().replace('_', "-"),
        String::new(),
    ] {
        assert!(!regex.is_match(&text), "{text:?}");
    }
}
