//! Expected failures of one transport, each with a reason. A waiver whose case passes is a failure itself, so
//! that the file never outlives the fault.

use serde::Deserialize;

use crate::catalogue::cases;

/// One entry of a `waivers.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiver {
    /// The id of the case.
    pub(crate) case: String,
    /// Why it cannot pass.
    pub(crate) reason: String,
    /// Where this is documented or discussed.
    pub(crate) link: String,
    /// The version of the library that was seen to fail.
    pub(crate) since: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

/// Reads and checks a `waivers.toml`.
pub(crate) fn parse(text: &str) -> Result<Vec<Waiver>, String> {
    let file: File = toml::from_str(text).map_err(|error| format!("waivers.toml: {error}"))?;
    for (index, waiver) in file.waiver.iter().enumerate() {
        let id = &waiver.case;
        if !cases().iter().any(|case| case.id == id) {
            return Err(format!("waivers.toml: unknown case {id}"));
        }
        if file.waiver[..index].iter().any(|earlier| earlier.case == *id) {
            return Err(format!("waivers.toml: {id} is listed twice"));
        }
        if waiver.reason.trim().len() < 20 || !waiver.link.starts_with("https://") || waiver.since.trim().is_empty() {
            return Err(format!(
                "waivers.toml: {id} needs a reason (a sentence), a link (https://) and since (a version)"
            ));
        }
    }
    Ok(file.waiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(case: &str, reason: &str) -> String {
        format!(
            "[[waiver]]\ncase = \"{case}\"\nreason = \"{reason}\"\nlink = \"https://example.test\"\nsince = \"1.0\"\n"
        )
    }

    #[test]
    fn waiver_needs_a_known_case_and_a_reason_and_is_unique() {
        let good = entry("REQ-01", "the library rewrites what it finds odd");
        assert_eq!(parse(&good).expect("good").len(), 1);
        assert!(parse(&format!("{good}{good}")).expect_err("twice").contains("twice"));
        assert!(
            parse(&entry("REQ-99", "the library rewrites what it finds odd")).expect_err("unknown").contains("REQ-99")
        );
        assert!(parse(&entry("REQ-01", "because")).expect_err("thin").contains("reason"));
        assert!(parse("[[waiver]]\ncase = \"REQ-01\"\n").is_err());
        assert!(parse("").expect("empty").is_empty());
    }
}
