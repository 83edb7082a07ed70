//! The comparison: a graph against the table of rooms. Pure, so that each rule can be seen failing in a test.

use super::graph::{Arrow, Graph, Kind, Package};
use super::table::Room;

/// A rule that does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// A violation.
    pub what: String,
    /// The reason for the rule.
    pub why: String,
    /// What to do about it.
    pub remedy: String,
}

/// Every rule that does not hold, in the order of the packages.
pub(super) fn check(graph: &Graph, rooms: &[Room]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for package in &graph.packages {
        match rooms.iter().find(|room| room.package == package.name) {
            Some(room) => {
                arrows(package, room, &mut broken);
                features(package, room, &mut broken);
            }
            None => broken.push(Broken {
                what: format!("{} is in no room", package.name),
                why: "a package outside the design has no restrictions".into(),
                remedy: "give it a row in xtask/src/rooms/table.rs, as the design draws it".into(),
            }),
        }
        if package.member && !package.inherits_lints {
            broken.push(Broken {
                what: format!("{} does not take the lints of the workspace", package.name),
                why: "unsafe code is forbidden everywhere, and the lints say so".into(),
                remedy: "add to its Cargo.toml: [lints] workspace = true".into(),
            });
        }
    }
    for room in rooms {
        if !graph.packages.iter().any(|package| package.name == room.package) {
            broken.push(Broken {
                what: format!("the room {} is empty", room.package),
                why: "a row without a package checks nothing".into(),
                remedy: "take the row out of xtask/src/rooms/table.rs, or bring the package back".into(),
            });
        }
        libraries(graph, room, &mut broken);
    }
    broken
}

fn arrows(package: &Package, room: &Room, broken: &mut Vec<Broken>) {
    for Arrow { to, kind, optional } in &package.arrows {
        let to = to.as_str();
        let allowed = match kind {
            Kind::Normal | Kind::Build => room.uses.contains(&to) || room.behind_feature.contains(&to),
            Kind::Dev => [room.uses, room.behind_feature, room.tests_use].concat().contains(&to),
        };
        let section = match kind {
            Kind::Normal => "dependencies",
            Kind::Build => "build-dependencies",
            Kind::Dev => "dev-dependencies",
        };
        if !allowed {
            broken.push(Broken {
                what: format!("{} -> {to} [{section}]", package.name),
                why: room.why.into(),
                remedy: format!(
                    "take {to} out of [{section}] of {}, or move the code to where it may know it",
                    package.name
                ),
            });
        } else if *kind != Kind::Dev && room.behind_feature.contains(&to) && !optional {
            broken.push(Broken {
                what: format!("{} -> {to} [{section}] is not optional", package.name),
                why: room.why.into(),
                remedy: "set optional = true, and switch it on by the feature of its name".into(),
            });
        }
    }
}

/// A dependency behind a feature is enabled by the default features only if the design says so.
fn features(package: &Package, room: &Room, broken: &mut Vec<Broken>) {
    if room.behind_feature.is_empty() {
        return;
    }
    let on = switched_on(package, "default");
    for one in room.behind_feature {
        let (is_on, should_be) = (on.contains(&format!("dep:{one}")), room.by_default.contains(one));
        if should_be && !is_on {
            broken.push(Broken {
                what: format!("the default features of {} do not switch on {one}", package.name),
                why: "adding the package with default features gives a working client".into(),
                remedy: "name its feature in default".into(),
            });
        }
        if is_on && !should_be {
            broken.push(Broken {
                what: format!("the default features of {} switch on {one}", package.name),
                why: room.why.into(),
                remedy: "take its feature out of default".into(),
            });
        }
    }
}

/// All that a feature switches on, directly or through others.
fn switched_on(package: &Package, feature: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = vec![feature.to_owned()];
    while let Some(name) = open.pop() {
        for next in package.features.get(&name).into_iter().flatten() {
            if !found.contains(next) {
                found.push(next.clone());
                open.push(next.clone());
            }
        }
    }
    found
}

fn libraries(graph: &Graph, room: &Room, broken: &mut Vec<Broken>) {
    for build in room.builds {
        let tree = graph.trees.iter().find(|tree| tree.package == room.package && tree.flags == build.flags);
        let flags = build.flags.join(" ");
        let named = if flags.is_empty() { room.package.to_owned() } else { format!("{} ({flags})", room.package) };
        let Some(tree) = tree.filter(|tree| !tree.libraries.is_empty()) else {
            broken.push(Broken {
                what: format!("{named} has no tree of dependencies"),
                why: "a tree that was not read checks nothing".into(),
                remedy: "see whether its features still have these names".into(),
            });
            continue;
        };
        for library in build.without.iter().filter(|library| tree.libraries.contains(**library)) {
            broken.push(Broken {
                what: format!("{named} links {library}"),
                why: room.why.into(),
                remedy: format!(
                    "see who brings it: cargo tree --package {} --edges normal --invert {library} {flags}",
                    room.package
                )
                .trim_end()
                .into(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::Tree;
    use super::super::table::{Build, NONE};
    use super::*;

    const ROOMS: &[Room] = &[
        Room {
            package: "core",
            builds: &[Build { flags: &[], without: &["tokio", "rustls"] }],
            why: "core depends on no package of ours",
            ..NONE
        },
        Room { package: "fast", uses: &["core"], tests_use: &["suite"], why: "a transport knows core only", ..NONE },
        Room { package: "slow", uses: &["core"], tests_use: &["suite"], why: "a transport knows core only", ..NONE },
        Room {
            package: "door",
            uses: &["core"],
            behind_feature: &["fast", "slow"],
            by_default: &["fast"],
            why: "users choose",
            ..NONE
        },
        Room { package: "suite", uses: &["core"], why: "a judge", ..NONE },
    ];

    fn package(name: &str, arrows: &[(&str, Kind, bool)]) -> Package {
        Package {
            name: name.into(),
            arrows: arrows.iter().map(|&(to, kind, optional)| Arrow { to: to.into(), kind, optional }).collect(),
            features: [("default", "fast"), ("fast", "dep:fast"), ("slow", "dep:slow")]
                .map(|(name, on)| (name.to_owned(), vec![on.to_owned()]))
                .into(),
            inherits_lints: true,
            member: true,
            folder: Default::default(),
            roots: Vec::new(),
        }
    }

    /// A graph in which every rule holds.
    fn good() -> Graph {
        use Kind::{Dev, Normal};
        Graph {
            packages: vec![
                package("core", &[]),
                package("fast", &[("core", Normal, false), ("suite", Dev, false)]),
                package("slow", &[("core", Normal, false), ("suite", Dev, false)]),
                package("door", &[("core", Normal, false), ("fast", Normal, true), ("slow", Normal, true)]),
                package("suite", &[("core", Normal, false)]),
            ],
            trees: vec![tree("core", &["http", "rustls-pki-types"])],
        }
    }

    fn tree(package: &str, libraries: &[&str]) -> Tree {
        let libraries = libraries.iter().map(|&name| name.to_owned()).collect();
        Tree { package: package.into(), flags: Vec::new(), libraries }
    }

    /// The good graph with one thing changed.
    fn found(change: impl FnOnce(&mut Graph)) -> Vec<String> {
        let mut graph = good();
        change(&mut graph);
        check(&graph, ROOMS).into_iter().map(|broken| broken.what).collect()
    }

    fn arrow(graph: &mut Graph, from: &str, to: &str, kind: Kind) {
        let package = graph.packages.iter_mut().find(|package| package.name == from);
        package.expect("a package of the test").arrows.push(Arrow { to: to.into(), kind, optional: false });
    }

    #[test]
    fn allowed_graph_has_no_violations() {
        assert_eq!(found(|_| ()), [""; 0]);
    }

    #[test]
    fn forbidden_dependency_is_found_for_each_kind() {
        for (kind, section) in
            [(Kind::Normal, "dependencies"), (Kind::Build, "build-dependencies"), (Kind::Dev, "dev-dependencies")]
        {
            assert_eq!(found(|graph| arrow(graph, "suite", "fast", kind)), [format!("suite -> fast [{section}]")]);
        }
    }

    #[test]
    fn transports_do_not_depend_on_each_other() {
        assert_eq!(found(|graph| arrow(graph, "fast", "slow", Kind::Normal)), ["fast -> slow [dependencies]"]);
    }

    #[test]
    fn test_dependencies_are_forbidden_for_the_library() {
        assert_eq!(found(|graph| arrow(graph, "fast", "suite", Kind::Normal)), ["fast -> suite [dependencies]"]);
    }

    #[test]
    fn transports_of_the_main_crate_are_behind_features() {
        let what = found(|graph| graph.packages[3].arrows[1].optional = false);
        assert_eq!(what, ["door -> fast [dependencies] is not optional"]);
    }

    #[test]
    fn default_features_match_the_design() {
        let on = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let what = found(|graph| drop(graph.packages[3].features.insert("default".into(), on(&["fast", "slow"]))));
        assert_eq!(what, ["the default features of door switch on slow"]);
        let what = found(|graph| drop(graph.packages[3].features.insert("default".into(), on(&[]))));
        assert_eq!(what, ["the default features of door do not switch on fast"]);
    }

    #[test]
    fn package_outside_the_design_is_found() {
        assert_eq!(found(|graph| graph.packages.push(package("attic", &[]))), ["attic is in no room"]);
    }

    #[test]
    fn table_row_without_a_package_is_found() {
        let what = found(|graph| drop(graph.packages.pop()));
        assert_eq!(what, ["the room suite is empty"]);
    }

    #[test]
    fn member_without_workspace_lints_is_found() {
        let what = found(|graph| graph.packages[1].inherits_lints = false);
        assert_eq!(what, ["fast does not take the lints of the workspace"]);
        let outside = found(|graph| (graph.packages[1].inherits_lints, graph.packages[1].member) = (false, false));
        assert_eq!(outside, [""; 0]);
    }

    #[test]
    fn forbidden_library_is_matched_by_its_whole_name() {
        let what = found(|graph| graph.trees = vec![tree("core", &["http", "rustls", "tokio-util"])]);
        assert_eq!(what, ["core links rustls"]);
    }

    #[test]
    fn unread_tree_is_a_violation() {
        assert_eq!(found(|graph| graph.trees.clear()), ["core has no tree of dependencies"]);
        assert_eq!(found(|graph| graph.trees = vec![tree("core", &[])]), ["core has no tree of dependencies"]);
    }

    #[test]
    fn every_violation_has_a_reason_and_a_remedy() {
        let mut graph = good();
        arrow(&mut graph, "core", "door", Kind::Build);
        graph.packages.push(package("attic", &[]));
        graph.packages[1].inherits_lints = false;
        graph.trees.clear();
        let broken = check(&graph, ROOMS);
        assert_eq!(broken.len(), 4);
        assert!(broken.iter().all(|one| !one.why.is_empty() && !one.remedy.is_empty()), "{broken:#?}");
    }
}
