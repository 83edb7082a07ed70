//! Links in Markdown: where they point, and whether the file and the heading exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::cargo;
use crate::failure::Failure;

/// The target of a link, without its heading, as a path from the root of the workspace; none for other sites.
pub(crate) fn target_path(page: &Path, target: &str) -> Option<PathBuf> {
    // An item of rustdoc is written as a path or as a bare name.
    let is_item = target.contains("::") || (target.starts_with(char::is_uppercase) && !target.contains(['.', '/']));
    let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || is_item;
    let file = target.split('#').next().unwrap_or_default();
    if is_elsewhere {
        return None;
    }
    if file.is_empty() {
        return Some(page.to_path_buf());
    }
    let mut path = page.parent().unwrap_or(Path::new("")).to_path_buf();
    for component in Path::new(file).components() {
        match component {
            Component::ParentDir if path.pop() => {}
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    Some(path)
}

/// The text with the target of each link replaced by what `replacement` makes of it. Code is left alone.
pub(crate) fn replace(text: &str, mut replacement: impl FnMut(&str) -> String) -> String {
    let mut fenced = false;
    let mut result = String::new();
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](").filter(|_| !fenced) {
            result.push_str(before);
            result.push_str("](");
            // An odd number of marks before it: the brackets are in code.
            let is_code = line[..line.len() - after.len()].matches('`').count() % 2 == 1;
            let end = after.find(')').filter(|_| !is_code).unwrap_or(0);
            if end > 0 {
                result.push_str(&replacement(&after[..end]));
            }
            rest = &after[end..];
        }
        result.push_str(rest);
    }
    result
}

/// Fails if a link of these pages leads to a file or a heading that does not exist.
pub(crate) fn check(pages: &[PathBuf]) -> Result<usize, Failure> {
    let mut headings: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let (mut count, mut broken) = (0, Vec::new());
    for page in pages {
        let mut targets = Vec::new();
        replace(&read(page)?, |target| {
            targets.push(target.to_owned());
            String::new()
        });
        for target in targets {
            let Some(path) = target_path(page, &target) else { continue };
            count += 1;
            let is_there = cargo::root().join(&path).exists();
            let heading = target.split_once('#').map(|(_, heading)| heading);
            let heading = heading.filter(|_| is_there && path.extension().is_some_and(|it| it == "md"));
            if heading.is_some() && !headings.contains_key(&path) {
                headings.insert(path.clone(), slugs(&read(&path)?));
            }
            if !is_there || heading.is_some_and(|heading| !headings[&path].contains(heading)) {
                broken.push(format!("  {}: {target}", page.display()));
            }
        }
    }
    if broken.is_empty() {
        return Ok(count);
    }
    Err(Failure::new(format_args!("links: no such file or heading:\n{}", broken.join("\n"))))
}

fn read(page: &Path) -> Result<String, Failure> {
    fs::read_to_string(cargo::root().join(page))
        .map_err(|error| Failure::new(format_args!("{}: {error}", page.display())))
}

/// The anchors of the headings, as mdBook and the usual hosts of repositories make them.
fn slugs(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut slugs = BTreeSet::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let Some(title) = line.strip_prefix('#').filter(|_| !fenced) else { continue };
        let title = replace(title.trim_start_matches('#').trim(), |_| String::new());
        let is_kept = |it: &char| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_');
        let slug: String = title.chars().filter(is_kept).map(|it| if it == ' ' { '-' } else { it }).collect();
        let slug = slug.to_lowercase();
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone()).chain(numbered).find(|slug| !slugs.contains(slug));
        slugs.extend(free);
    }
    slugs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_text_are_replaced_and_those_in_code_are_not() {
        let text = "[a](b.md#c) and `[x](y)` ![p](q.svg)\n```\n[no](no)\n```\n";
        let mut seen = Vec::new();
        let replaced = replace(text, |target| {
            seen.push(target.to_owned());
            "new".to_owned()
        });
        assert_eq!(seen, ["b.md#c", "q.svg"]);
        assert_eq!(replaced, "[a](new) and `[x](y)` ![p](new)\n```\n[no](no)\n```\n");
    }

    #[test]
    fn target_is_relative_to_its_page_unless_it_is_another_site() {
        let path = |target| target_path(Path::new("docs/errors/AUT-01.md"), target);
        assert_eq!(path("../errors.md#aut"), Some(PathBuf::from("docs/errors.md")));
        assert_eq!(path("#here"), Some(PathBuf::from("docs/errors/AUT-01.md")));
        assert_eq!(path("https://example.com/a.md"), None);
    }

    #[test]
    fn heading_becomes_an_anchor_and_its_repetition_another() {
        let slugs = slugs("# `d1`: first call\n```\n# not a heading\n```\n## Exit codes\n## Exit codes\n");
        let expected = ["d1-first-call", "exit-codes", "exit-codes-1"];
        assert_eq!(slugs.into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn link_to_a_missing_file_or_heading_is_named() {
        let error = check(&[PathBuf::from("xtask/src/testdata/broken-links.md")]).expect_err("broken").to_string();
        assert!(error.contains("absent.md") && error.contains("#absent") && !error.contains("#present"), "{error}");
    }
}
