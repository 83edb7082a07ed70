//! "Did you mean": for names in configuration files, where a letter is soon wrong.

/// Words for an error, or none if nothing is near.
pub(crate) fn suggest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    // One measure favours a common beginning (`cert`), the other sees through letters in the wrong order (`kye`).
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
    fn the_nearest_is_suggested_and_nothing_far() {
        assert_eq!(suggest("ci-prd", ["demo", "ci-prod", "ci"]), " (did you mean ci-prod?)");
        assert_eq!(suggest("kye", ["other", "key"]), " (did you mean key?)");
        assert_eq!(suggest("cert", ["host", "certificate"]), " (did you mean certificate?)");
        assert_eq!(suggest("zebra", ["demo", "ci-prod"]), "");
    }
}
