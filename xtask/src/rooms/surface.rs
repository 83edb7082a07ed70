//! The number of public types of the crates that a program meets, as rustdoc lists them, and its ceiling: every type is a
//! concept to learn, so a new one is worth a thought.

use std::fs;

use super::rules::Broken;
use crate::cargo;
use crate::failure::Failure;

/// The crates whose types are counted, all features enabled.
const CRATES: [&str; 6] = ["core", "client", "credentials", "identity", "account", "provisioning"];
/// The most public types of all of them. Lower it when it can be lowered.
const CEILING: usize = 180;
/// What counts: structs, enums, traits and type aliases.
const KINDS: [&str; 4] = ["struct.", "enum.", "trait.", "type."];

/// Counts the types, prints the counts, and reports a total above the ceiling.
pub(super) fn check() -> Result<Option<Broken>, Failure> {
    let packages: Vec<String> = CRATES.iter().map(|name| format!("--package=digicert-one-{name}")).collect();
    let mut arguments = vec!["doc", "--no-deps", "--all-features", "--quiet"];
    arguments.extend(packages.iter().map(String::as_str));
    cargo::output(&arguments)?;
    let folder = cargo::target_directory()?.join("doc");
    let mut counts = Vec::new();
    for name in CRATES {
        let path = folder.join(format!("digicert_one_{name}/all.html"));
        let page = fs::read_to_string(&path)
            .map_err(|error| Failure::new(format_args!("cannot read {}: {error}", path.display())))?;
        counts.push((name, types(&page)));
    }
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!("rooms: {total} public types (at most {CEILING}): {}", each.join(", "));
    Ok((total > CEILING).then(|| Broken {
        what: format!("{total} public types, and the ceiling is {CEILING}"),
        why: "every public type is a concept that a user has to learn".to_owned(),
        remedy: "make a type private, or merge two; else raise CEILING in xtask/src/rooms/surface.rs and say why"
            .to_owned(),
    }))
}

/// Counts the types in rustdoc's list of all items.
fn types(page: &str) -> usize {
    let is_type = |link: &&str| {
        let file = link.split('"').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        KINDS.iter().any(|kind| file.starts_with(kind))
    };
    page.split("<li><a href=\"").skip(1).filter(is_type).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_and_constants_of_rustdoc_are_not_counted() {
        let page = "<ul><li><a href=\"struct.A.html\">A</a></li><li><a href=\"x/enum.B.html\">x::B</a></li>\
                    <li><a href=\"trait.C.html\">C</a></li><li><a href=\"type.D.html\">D</a></li>\
                    <li><a href=\"fn.e.html\">e</a></li><li><a href=\"constant.F.html\">F</a></li></ul>";
        assert_eq!(types(page), 4);
    }
}
