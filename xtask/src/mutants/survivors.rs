//! The lists of mutants that survive, each with a reason.

use std::collections::BTreeMap;

pub(super) fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut known = BTreeMap::new();
    for entry in table.get("survivor").and_then(toml::Value::as_array).into_iter().flatten() {
        let field = |name| entry.get(name).and_then(toml::Value::as_str).filter(|text| !text.trim().is_empty());
        let (Some(reason), Some(mutants)) = (field("reason"), entry.get("mutants").and_then(toml::Value::as_array))
        else {
            return Err("each [[survivor]] needs a reason and its mutants".to_owned());
        };
        for mutant in mutants.iter().filter_map(toml::Value::as_str) {
            if known.insert(mutant.to_owned(), reason.to_owned()).is_some() {
                return Err(format!("{mutant} is listed twice"));
            }
        }
    }
    Ok(known)
}
