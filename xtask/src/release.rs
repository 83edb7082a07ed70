//! `cargo xtask release --dry-run`: what a release would do, and what is missing for it. It changes nothing and publishes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DependencyKind, Package};

use crate::failure::Failure;
use crate::{api, book, cargo, docs, packages, sbom};

/// What to do.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Required: there is nothing but a rehearsal
    #[arg(long, required = true)]
    dry_run: bool,
    /// Leave out what compiles: the packages and the public API
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let published = cargo::published()?;
    let mut missing = Vec::new();
    let mut note = |what: &str, result: Result<String, Failure>| match result {
        Ok(fact) => println!("  ok    {what:10} {fact}"),
        Err(failure) => {
            println!("  TODO  {what:10} {failure}");
            missing.push(what.to_owned());
        }
    };
    note("version", version(&published));
    note("changelog", version(&published).and_then(|version| changelog(&changes()?, &version)));
    note("metadata", metadata(&published));
    note("docs", docs::check().and_then(|()| book::check()).map(|()| "generated parts and links".to_owned()));
    note(
        "sbom",
        sbom::document("digicert-one-cli").map(|it| {
            format!("{} components; write it with `cargo xtask sbom`", it["components"].as_array().map_or(0, Vec::len))
        }),
    );
    let order = order(&dependencies(&published));
    if arguments.quick {
        println!("  skip  packages, api: left out by --quick");
    } else {
        note("api", api::check().map(|()| "as docs/api records".to_owned()));
        note("packages", packages::run().map(|()| "build from their archives".to_owned()));
    }
    match order {
        Ok(order) => println!("publish in this order:\n  {}", order.join("\n  ")),
        Err(circle) => note(
            "order",
            Err(Failure::new(format_args!("no order, since these need each other: {}", circle.join(", ")))),
        ),
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format_args!("release: not ready: {}", missing.join(", "))))
}

/// The one version of all packages.
fn version(published: &[Package]) -> Result<String, Failure> {
    let versions: BTreeSet<String> = published.iter().map(|package| package.version.to_string()).collect();
    match versions.len() {
        1 => Ok(versions.into_iter().collect()),
        _ => Err(Failure::new(format_args!("the packages have several versions: {versions:?}"))),
    }
}

fn changes() -> Result<String, Failure> {
    let path = cargo::root().join("CHANGELOG.md");
    fs::read_to_string(path).map_err(|error| Failure::new(format_args!("CHANGELOG.md: {error}")))
}

/// Whether the changelog has the version with its date.
fn changelog(text: &str, version: &str) -> Result<String, Failure> {
    let heading = format!("## [{version}] - ");
    match text.lines().find(|line| line.starts_with(&heading)) {
        Some(line) => Ok(line.trim_start_matches("## ").to_owned()),
        None => Err(Failure::new(format_args!("CHANGELOG.md has no line \"{heading}YYYY-MM-DD\""))),
    }
}

/// What a registry shows of a package.
fn metadata(published: &[Package]) -> Result<String, Failure> {
    let mut gaps = Vec::new();
    for package in published {
        let fields = [
            ("description", package.description.is_some()),
            ("license", package.license.is_some()),
            ("repository", package.repository.is_some()),
            ("readme", package.readme.is_some()),
            ("rust-version", package.rust_version.is_some()),
        ];
        gaps.extend(fields.iter().filter(|(_, is_set)| !is_set).map(|(field, _)| format!("{}: {field}", package.name)));
    }
    // One line for what all lack.
    let lacks = |field: &str| gaps.iter().filter(|gap| gap.ends_with(&format!(": {field}"))).count();
    if lacks("repository") == published.len() && gaps.len() == published.len() {
        return Err(Failure::new("no package has a repository: set it in Cargo.toml under [workspace.package]"));
    }
    if gaps.is_empty() { Ok("complete".to_owned()) } else { Err(Failure::new(gaps.join(", "))) }
}

/// Which packages of ours each package needs to be published first. Dependencies of tests without a version are left out of an archive.
fn dependencies(published: &[Package]) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeSet<String> = published.iter().map(|package| package.name.to_string()).collect();
    let of = |package: &Package| {
        let needed = package.dependencies.iter().filter(|to| {
            let is_stripped = to.kind == DependencyKind::Development && to.req.to_string() == "*";
            names.contains(&to.name) && !is_stripped && to.name != *package.name.as_str()
        });
        needed.map(|to| to.name.clone()).collect()
    };
    published.iter().map(|package| (package.name.to_string(), of(package))).collect()
}

/// An order in which each package comes after what it needs; or the packages for which there is none.
fn order(needs: &BTreeMap<String, BTreeSet<String>>) -> Result<Vec<String>, Vec<String>> {
    let mut order: Vec<String> = Vec::new();
    let mut left: BTreeMap<_, _> = needs.iter().collect();
    while !left.is_empty() {
        let ready: Vec<String> = left
            .iter()
            .filter(|(_, needs)| needs.iter().all(|need| order.contains(need)))
            .map(|(name, _)| (*name).clone())
            .collect();
        if ready.is_empty() {
            return Err(left.into_keys().cloned().collect());
        }
        left.retain(|name, _| !ready.contains(name));
        order.extend(ready);
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(name, needs)| ((*name).to_owned(), set(needs))).collect()
    }

    #[test]
    fn package_comes_after_what_it_needs() {
        let order = order(&needs(&[("app", &["client", "core"]), ("client", &["core"]), ("core", &[])]));
        assert_eq!(order, Ok(["core", "client", "app"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn packages_that_need_each_other_have_no_order() {
        assert!(order(&needs(&[("a", &["b"]), ("b", &["a"]), ("c", &[])])).is_err_and(|left| left == ["a", "b"]));
    }

    #[test]
    fn changelog_needs_the_version_with_a_date() {
        assert!(changelog("## [Unreleased]\n", "1.2.3").is_err());
        assert_eq!(changelog("## [1.2.3] - 2026-01-01\n", "1.2.3"), Ok("[1.2.3] - 2026-01-01".to_owned()));
    }
}
