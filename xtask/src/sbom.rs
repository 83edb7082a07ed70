//! `cargo xtask sbom`: the dependencies of a package as CycloneDX 1.5 in JSON, from what cargo resolves for it with its default features.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use cargo_metadata::{DependencyKind, MetadataCommand, Package, PackageId};
use serde_json::{Value, json};

use crate::cargo;
use crate::failure::Failure;

/// Of what, and where to.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Package whose dependencies are listed
    #[arg(long, value_name = "NAME", default_value = "digicert-one-cli")]
    package: String,
    /// File to write
    #[arg(long, value_name = "FILE", default_value = "sbom.cdx.json")]
    output: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let document = document(&arguments.package)?;
    let count = document["components"].as_array().map_or(0, Vec::len);
    let shown = arguments.output.display();
    fs::write(&arguments.output, format!("{document:#}\n"))
        .map_err(|error| Failure::new(format_args!("sbom: {shown}: {error}")))?;
    println!("sbom: {shown} has the {count} dependencies of {}", arguments.package);
    Ok(())
}

/// The dependencies that are linked or built for this package, on any platform, without those of its tests.
pub(crate) fn document(name: &str) -> Result<Value, Failure> {
    let manifest = cargo::published()?.into_iter().find(|package| *package.name == *name);
    let manifest = manifest.ok_or_else(|| Failure::new(format_args!("sbom: no published package is named {name}")))?;
    let metadata = MetadataCommand::new()
        .cargo_path(cargo::path())
        .current_dir(cargo::root())
        .exec()
        .map_err(|error| Failure::new(format_args!("sbom: cargo metadata: {error}")))?;
    // `cargo metadata` unites the features of the workspace; `cargo tree` shows what this package alone has.
    let tree =
        ["tree", "--edges", "normal,build", "--target", "all", "--prefix", "none", "--format", "{p}", "--package"];
    let tree = cargo::output(&[&tree[..], &[name]].concat())?;
    let listed: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default()))
        .collect();
    let is_listed = |package: &Package| listed.contains(&(package.name.as_str(), package.version.to_string().as_str()));
    let reached: BTreeSet<&PackageId> =
        metadata.packages.iter().filter(|package| is_listed(package)).map(|package| &package.id).collect();
    let nodes = metadata.resolve.as_ref().map(|resolve| resolve.nodes.as_slice()).unwrap_or_default();
    let depends: BTreeMap<&PackageId, Vec<&PackageId>> = nodes
        .iter()
        .map(|node| {
            let counts = |kind: DependencyKind| matches!(kind, DependencyKind::Normal | DependencyKind::Build);
            let used = node.deps.iter().filter(|to| to.dep_kinds.iter().any(|kind| counts(kind.kind)));
            (&node.id, used.map(|to| &to.pkg).filter(|to| reached.contains(to)).collect())
        })
        .collect();
    let packages: BTreeMap<_, _> = metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let purl = |id: &PackageId| packages.get(id).map(|it| format!("pkg:cargo/{}@{}", it.name, it.version));
    let component = |id: &PackageId, kind: &str| {
        let package = packages.get(id)?;
        let licence = package.license.as_ref().map(|license| json!([{ "expression": license.replace('/', " OR ") }]));
        let mut component = json!({
            "type": kind, "bom-ref": purl(id), "purl": purl(id), "name": package.name.to_string(),
            "version": package.version.to_string(),
        });
        if let Some(licence) = licence {
            component["licenses"] = licence;
        }
        Some(component)
    };
    let others = reached.iter().filter(|id| **id != &manifest.id);
    let edges = reached.iter().map(|id| {
        let to: Vec<_> = depends.get(id).into_iter().flatten().filter_map(|to| purl(to)).collect();
        json!({ "ref": purl(id), "dependsOn": to })
    });
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(&manifest.id, "application") },
        "components": others.filter_map(|id| component(id, "library")).collect::<Vec<_>>(),
        "dependencies": edges.collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_have_licences_and_every_edge_leads_to_one() {
        let document = document("digicert-one-core").expect("a document");
        let components = document["components"].as_array().expect("a list");
        let names: BTreeSet<&str> = components.iter().filter_map(|it| it["bom-ref"].as_str()).collect();
        assert!(names.iter().any(|name| name.starts_with("pkg:cargo/http@")), "{names:?}");
        assert!(components.iter().all(|it| it["licenses"][0]["expression"].is_string()), "{components:?}");
        let edges = document["dependencies"].as_array().expect("a list");
        let targets = edges.iter().flat_map(|edge| edge["dependsOn"].as_array().into_iter().flatten());
        assert!(targets.filter_map(Value::as_str).all(|to| names.contains(to)), "{edges:?}");
    }
}
