//! No two files of a crate import each other, directly or indirectly.
//!
//! An import is a `use` or a path in code to something that another file of the same crate defines; a name
//! that lib.rs or a mod.rs re-exports refers to the file that defines it. A re-export is an import by the
//! file with the re-export; `mod x;` is not. Test code does not count.
//!
//! Limits, because it reads tokens and no types: methods and fields of a value from elsewhere,
//! implementations of a trait in another file, names from a glob import (the glob itself counts as an import
//! of the module's own file), output of macros (a macro's own text counts where it is written; `macro_rules!`
//! in textual scope is not a path), and paths in attributes. It treats all `cfg` but `cfg(test)` as enabled,
//! and a name local to a function as the module's.

mod modules;
mod reader;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use self::modules::{Imports, Modules};
use super::rules::Broken;
use crate::failure::Failure;

/// The imports of one crate.
pub(super) struct Crate {
    /// The package that it belongs to.
    package: String,
    imports: Imports,
}

impl Crate {
    /// Reads a crate from its first file on; files are named from `folder`.
    pub(super) fn read(package: &str, folder: &Path, root: &Path) -> Result<Self, Failure> {
        let root = root.strip_prefix(folder).unwrap_or(root);
        let modules = Modules::read(root, &|file| fs::read_to_string(folder.join(file)).ok())
            .map_err(|file| Failure::new(format_args!("cannot read {} of {package}", folder.join(file).display())))?;
        Ok(Self { package: package.to_owned(), imports: modules.imports() })
    }

    /// Returns every circle of files as a broken rule.
    pub(super) fn check(&self) -> Vec<Broken> {
        self.circles().iter().map(|circle| self.broken(circle)).collect()
    }

    /// For each import that is part of a circle, the shortest one; each once, from its first file on.
    fn circles(&self) -> BTreeSet<Vec<&Path>> {
        let mut found = BTreeSet::new();
        for (from, to) in self.imports.iter().flat_map(|(from, to)| to.keys().map(move |to| (from, to))) {
            if let Some(mut circle) = self.way(to, from) {
                let first = (0..circle.len()).min_by_key(|at| circle[*at]).unwrap_or(0);
                circle.rotate_left(first);
                found.insert(circle);
            }
        }
        found
    }

    /// The files on a shortest way from one file to another, both with it.
    fn way<'a>(&'a self, from: &'a Path, to: &'a Path) -> Option<Vec<&'a Path>> {
        let mut came: BTreeMap<&Path, &Path> = BTreeMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(here) = open.pop_front() {
            if here == to {
                let mut way = vec![here];
                while let Some(before) = way.last().filter(|last| **last != from).and_then(|last| came.get(last)) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            for next in self.imports.get(here).into_iter().flat_map(BTreeMap::keys) {
                if next != from && !came.contains_key(next.as_path()) {
                    came.insert(next, here);
                    open.push_back(next);
                }
            }
        }
        None
    }

    fn broken(&self, circle: &[&Path]) -> Broken {
        let closed = || circle.iter().chain(circle.first());
        let names: Vec<String> = closed().map(|file| file.display().to_string()).collect();
        let imports = closed().zip(closed().skip(1)).map(|(from, to)| {
            let because = self.imports.get(*from).and_then(|all| all.get(*to)).map_or("", String::as_str);
            format!("{} ({because})", from.display())
        });
        Broken {
            what: format!("{}: {}", self.package, names.join(" -> ")),
            why: "files that import each other can only be read, moved and tested together".into(),
            remedy: format!("move what both need to a file below both: {}", imports.collect::<Vec<_>>().join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A crate with imports written `a b`: a imports b.
    fn of(package: &str, arrows: &[&str]) -> Crate {
        let mut imports = Imports::new();
        for arrow in arrows {
            let (from, to) = arrow.split_once(' ').expect("two files");
            let (from, to) = (PathBuf::from(format!("{from}.rs")), PathBuf::from(format!("{to}.rs")));
            imports.entry(from).or_default().insert(to, "line 1: crate::x".into());
        }
        Crate { package: package.into(), imports }
    }

    fn found(arrows: &[&str]) -> Vec<String> {
        of("p", arrows).check().into_iter().map(|broken| broken.what).collect()
    }

    #[test]
    fn layers_have_no_circle() {
        assert_eq!(found(&["a b", "a c", "b d", "c d"]), [""; 0]);
    }

    #[test]
    fn cycle_of_two_files_is_found_once() {
        assert_eq!(found(&["a b", "b a", "c a"]), ["p: a.rs -> b.rs -> a.rs"]);
    }

    #[test]
    fn circle_round_about_is_found_once() {
        assert_eq!(found(&["c a", "a b", "b c", "b d"]), ["p: a.rs -> b.rs -> c.rs -> a.rs"]);
    }

    #[test]
    fn circles_that_share_a_file_are_found_each() {
        assert_eq!(found(&["a b", "b a", "b c", "c b"]), ["p: a.rs -> b.rs -> a.rs", "p: b.rs -> c.rs -> b.rs"]);
    }

    #[test]
    fn circle_names_the_lines_that_make_it() {
        let broken = of("p", &["a b", "b a"]).check();
        assert!(broken[0].remedy.ends_with("a.rs (line 1: crate::x), b.rs (line 1: crate::x)"), "{broken:?}");
    }

    #[test]
    fn crate_on_disk_is_read() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let own = Crate::read("xtask", here, &here.join("src/main.rs")).expect("our own files");
        let to = own.imports.get(Path::new("src/rooms/circles.rs")).expect("imports of this file");
        assert!(to.contains_key(Path::new("src/rooms/circles/modules.rs")), "{to:?}");
        assert!(Crate::read("xtask", here, &here.join("src/absent.rs")).is_err());
    }
}
