//! What is there: our packages and the arrows between them from `cargo metadata`, and from `cargo tree` the libraries
//! that one package alone would link.
//!
//! Two sources, because the metadata of a workspace unites the features of all members: the tree of a single package
//! cannot be told from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, Target};

use super::table::{Build, OUTSIDE, ROOMS};
use crate::cargo;
use crate::failure::Failure;

/// Our packages, and the trees that rules ask about.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub packages: Vec<Package>,
    pub trees: Vec<Tree>,
}

/// One package of ours.
#[derive(Debug)]
pub(super) struct Package {
    pub name: String,
    /// To other packages of ours.
    pub arrows: Vec<Arrow>,
    /// The features, with what each switches on.
    pub features: BTreeMap<String, Vec<String>>,
    /// Whether the manifest takes the lints of the workspace.
    pub inherits_lints: bool,
    /// Whether it is a member of the workspace.
    pub member: bool,
    /// Where its manifest is.
    pub folder: PathBuf,
    /// The first files of its library and its programs.
    pub roots: Vec<PathBuf>,
}

/// A dependency of one of ours on another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub to: String,
    pub kind: Kind,
    pub optional: bool,
}

/// For what a dependency is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Normal,
    Build,
    Dev,
}

/// The libraries that a package links, itself aside, when built alone with some flags.
#[derive(Debug)]
pub(super) struct Tree {
    pub package: String,
    pub flags: Vec<String>,
    pub libraries: BTreeSet<String>,
}

impl Graph {
    /// Reads the workspace, the packages outside it, and the trees that the table asks for.
    pub(super) fn read() -> Result<Self, Failure> {
        let root = cargo::root();
        let mut packages = packages_of(&root.join("Cargo.toml"), true)?;
        let outside = packages_of(&root.join(OUTSIDE).join("Cargo.toml"), false)?;
        packages.extend(outside.into_iter().map(|it| {
            let folder = it.folder.strip_prefix(&root).unwrap_or(&it.folder);
            Package { name: folder.display().to_string(), ..it }
        }));
        let mut trees = Vec::new();
        for room in ROOMS {
            for build in room.builds {
                trees.push(tree_of(room.package, build)?);
            }
        }
        Ok(Self { packages, trees })
    }
}

fn packages_of(manifest: &Path, member: bool) -> Result<Vec<Package>, Failure> {
    let metadata = MetadataCommand::new()
        .cargo_path(cargo::path())
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .map_err(|error| Failure::new(format_args!("cargo metadata: {error}")))?;
    let mut packages = Vec::new();
    for package in metadata.packages {
        let mut arrows = Vec::new();
        for dependency in &package.dependencies {
            // All that we depend on by path is ours.
            if dependency.path.is_some() {
                arrows.push(Arrow {
                    to: dependency.name.clone(),
                    kind: kind_of(dependency.kind)?,
                    optional: dependency.optional,
                });
            }
        }
        arrows.sort();
        arrows.dedup();
        packages.push(Package {
            name: package.name.to_string(),
            arrows,
            features: package.features.into_iter().collect(),
            inherits_lints: inherits_lints(package.manifest_path.as_std_path())?,
            member,
            folder: package.manifest_path.as_std_path().parent().unwrap_or(manifest).to_path_buf(),
            roots: package.targets.iter().filter(|it| is_own(it)).map(|it| it.src_path.clone().into()).collect(),
        });
    }
    Ok(packages)
}

/// Whether a target is not for tests, benchmarks or examples.
fn is_own(target: &Target) -> bool {
    !(target.is_test() || target.is_bench() || target.is_example())
}

fn kind_of(kind: DependencyKind) -> Result<Kind, Failure> {
    match kind {
        DependencyKind::Normal => Ok(Kind::Normal),
        DependencyKind::Build => Ok(Kind::Build),
        DependencyKind::Development => Ok(Kind::Dev),
        other => Err(Failure::new(format_args!("cargo metadata names a kind of dependency unknown here: {other:?}"))),
    }
}

fn inherits_lints(manifest: &Path) -> Result<bool, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| Failure::new(format_args!("{}: {error}", manifest.display()));
    let text = fs::read_to_string(manifest).map_err(|error| unreadable(&error))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| unreadable(&error))?;
    Ok(table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) == Some(true))
}

fn tree_of(package: &str, build: &Build) -> Result<Tree, Failure> {
    let mut arguments = vec!["tree", "--package", package, "--edges", "normal", "--target", "all"];
    arguments.extend(["--prefix", "none", "--format", "{p}"]);
    arguments.extend(build.flags);
    let text = cargo::output(&arguments)?;
    // The first line is the package itself.
    let libraries = text.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    Ok(Tree {
        package: package.to_owned(),
        flags: build.flags.iter().map(|flag| (*flag).to_owned()).collect(),
        libraries,
    })
}
