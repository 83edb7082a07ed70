//! Suggestions ("did you mean") for misspelt names in configuration files.

/// Returns the text for an error; empty if no name is near.
pub(crate) fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // One measure favours a common prefix (`cert`), the other tolerates swapped letters (`kye`).
    let near = |one: &str| strsim::jaro_winkler(name, one).max(strsim::normalized_damerau_levenshtein(name, one) + 0.1);
    let near = known.into_iter().map(|one| (near(one), one)).filter(|(near, _)| *near > 0.75);
    match near.max_by(|(first, _), (second, _)| first.total_cmp(second)) {
        Some((_, one)) => format!(" (did you mean {one}?)"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_suggested_and_distant_names_are_not() {
        assert_eq!(suggest("ci-prd", ["demo", "ci-prod", "ci"]), " (did you mean ci-prod?)");
        assert_eq!(suggest("kye", ["other", "key"]), " (did you mean key?)");
        assert_eq!(suggest("cert", ["host", "certificate"]), " (did you mean certificate?)");
        assert_eq!(suggest("zebra", ["demo", "ci-prod"]), "");
    }
}
