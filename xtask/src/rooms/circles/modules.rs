//! The modules of one crate, and which file defines the target of a path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::reader::{self, Contents, Import};

/// The imports between the files of one crate.
pub(super) type Imports = BTreeMap<PathBuf, BTreeMap<PathBuf, String>>;

/// The modules of one crate.
pub(super) struct Modules {
    modules: Vec<Module>,
}

struct Module {
    file: PathBuf,
    parent: usize,
    contents: Contents,
    children: Vec<(String, usize)>,
}

/// The target of a path.
enum Target {
    Module(usize),
    /// Something that this file defines.
    File(PathBuf),
}

/// A path with more re-exports than this is in a cycle of re-exports.
const DEEPEST: usize = 32;

impl Modules {
    /// Reads a crate from its first file on; `text_of` returns the text of a file, if it exists.
    ///
    /// # Errors
    ///
    /// Returns an error for a file that a `mod` line declares and that does not exist, or is not Rust.
    pub(super) fn read(root: &Path, text_of: &dyn Fn(&Path) -> Option<String>) -> Result<Self, PathBuf> {
        let text = text_of(root).ok_or_else(|| root.to_path_buf())?;
        let folder = root.parent().unwrap_or(Path::new("")).to_path_buf();
        let mut found = Self { modules: Vec::new() };
        let contents = reader::read(&text).ok_or_else(|| root.to_path_buf())?;
        found.add(root, &folder, 0, contents, text_of)?;
        Ok(found)
    }

    /// Adds a module and those below it; `folder` is where the files of its children are.
    fn add(
        &mut self,
        file: &Path,
        folder: &Path,
        parent: usize,
        mut contents: Contents,
        text_of: &dyn Fn(&Path) -> Option<String>,
    ) -> Result<usize, PathBuf> {
        let here = self.modules.len();
        let inline = std::mem::take(&mut contents.inline);
        let declares = contents.declares.clone();
        self.modules.push(Module { file: file.to_path_buf(), parent, contents, children: Vec::new() });
        for (name, inner) in inline {
            let child = self.add(file, &folder.join(&name), here, inner, text_of)?;
            self.modules[here].children.push((name, child));
        }
        for (name, path) in declares {
            let below = folder.join(&name);
            let beside = file.parent().unwrap_or(Path::new(""));
            let places = match &path {
                Some(path) => vec![beside.join(path)],
                None => vec![folder.join(format!("{name}.rs")), below.join("mod.rs")],
            };
            let Some((place, text)) = places.iter().find_map(|place| Some((place, text_of(place)?))) else {
                return Err(places[0].clone());
            };
            let below = if path.is_some() { place.parent().unwrap_or(beside).to_path_buf() } else { below };
            let contents = reader::read(&text).ok_or_else(|| place.clone())?;
            let child = self.add(place, &below, here, contents, text_of)?;
            self.modules[here].children.push((name, child));
        }
        Ok(here)
    }

    /// Which file imports which, with the first line that does.
    pub(super) fn imports(&self) -> Imports {
        let mut found = Imports::new();
        for (here, module) in self.modules.iter().enumerate() {
            let contents = &module.contents;
            let globs = contents.imports.iter().filter(|import| import.name.is_none()).map(|import| &import.path);
            let named = contents.imports.iter().filter(|import| import.name.is_some()).map(|import| &import.path);
            let all = named.chain(&contents.paths).map(|path| (path, false)).chain(globs.map(|path| (path, true)));
            for (path, glob) in all {
                let to = match self.resolve(here, &path.segments, 0) {
                    Some(Target::File(file)) => file,
                    Some(Target::Module(all)) if glob => self.modules[all].file.clone(),
                    // Naming a module imports nothing yet: each item of it has its own path.
                    Some(Target::Module(_)) | None => continue,
                };
                if to != module.file {
                    let because = format!("line {}: {}", path.line, path.segments.join("::"));
                    found.entry(module.file.clone()).or_default().entry(to).or_insert(because);
                }
            }
        }
        found
    }

    /// Resolves a path in the module `here`; `None` if it leads out of the crate.
    fn resolve(&self, here: usize, path: &[String], depth: usize) -> Option<Target> {
        if depth > DEEPEST {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.inside(0, rest, depth),
            "self" => self.inside(here, rest, depth),
            "super" => {
                let (mut above, mut rest) = (self.modules[here].parent, rest);
                while rest.first().is_some_and(|next| next == "super") {
                    (above, rest) = (self.modules[above].parent, &rest[1..]);
                }
                self.inside(above, rest, depth)
            }
            name if self.has(here, name) => self.inside(here, path, depth),
            _ => None,
        }
    }

    /// Returns whether a module itself has a name, except through a glob.
    fn has(&self, module: usize, name: &str) -> bool {
        let Module { contents, .. } = &self.modules[module];
        self.child(module, name).is_some() || contents.defines.contains(name) || self.import(module, name).is_some()
    }

    fn child(&self, module: usize, name: &str) -> Option<usize> {
        self.modules[module].children.iter().find(|(child, _)| child == name).map(|(_, at)| *at)
    }

    fn import(&self, module: usize, name: &str) -> Option<&Import> {
        self.modules[module].contents.imports.iter().find(|import| import.name.as_deref() == Some(name))
    }

    /// Resolves the rest of a path inside a module.
    fn inside(&self, module: usize, path: &[String], depth: usize) -> Option<Target> {
        let Some((name, rest)) = path.split_first() else { return Some(Target::Module(module)) };
        let own = || Some(Target::File(self.modules[module].file.clone()));
        // `use a::a;` with `mod a;`: the module inside a path, the item at its end.
        if let Some(child) = self.child(module, name).filter(|_| !rest.is_empty()) {
            return self.inside(child, rest, depth);
        }
        if self.modules[module].contents.defines.contains(name) {
            return own();
        }
        if let Some(import) = self.import(module, name) {
            return match self.resolve(module, &import.path.segments, depth + 1) {
                Some(Target::Module(next)) => self.inside(next, rest, depth + 1),
                Some(file) => Some(file),
                // A library's name, re-exported by this file.
                None => own(),
            };
        }
        if let Some(child) = self.child(module, name) {
            return Some(Target::Module(child));
        }
        for glob in self.modules[module].contents.imports.iter().filter(|import| import.name.is_none()) {
            if let Some(Target::Module(next)) = self.resolve(module, &glob.path.segments, depth + 1)
                && next != module
                && self.has(next, name)
            {
                return self.inside(next, path, depth + 1);
            }
        }
        // An exported macro is named by the root, wherever it stands.
        let exports = |other: &&Module| other.contents.macros.contains(name);
        if module == 0
            && let Some(other) = self.modules.iter().find(exports)
        {
            return Some(Target::File(other.file.clone()));
        }
        // Made by a macro, most likely.
        own()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `a.rs -> b.rs` for each import in files given as name and text.
    fn imports(files: &[(&str, &str)]) -> Vec<String> {
        let text_of = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path).map(|it| it.1.to_owned());
        let modules = Modules::read(Path::new("lib.rs"), &text_of).expect("all files are there");
        let shown = |(from, to): (PathBuf, BTreeMap<PathBuf, String>)| {
            to.into_keys().map(move |to| format!("{} -> {}", from.display(), to.display())).collect::<Vec<_>>()
        };
        modules.imports().into_iter().flat_map(shown).collect()
    }

    #[test]
    fn declaring_a_module_imports_nothing() {
        assert_eq!(imports(&[("lib.rs", "mod a; mod b;"), ("a.rs", ""), ("b.rs", "use std::fmt;")]), [""; 0]);
    }

    #[test]
    fn imports_by_each_kind_of_path_are_found() {
        for line in [
            "use crate::b::B;",
            "use super::b::B;",
            "use super::{b::B as C};",
            "fn f(b: crate::b::B) {}",
            "use crate::b; fn f() { b::new() }",
            "use self::below::f; mod below { pub fn f() { super::super::b::new() } }",
            "use super::b::*;",
        ] {
            assert_eq!(
                imports(&[("lib.rs", "mod a; mod b;"), ("a.rs", line), ("b.rs", "struct B;")]),
                ["a.rs -> b.rs"],
                "{line}"
            );
        }
    }

    #[test]
    fn naming_a_module_imports_nothing_of_it() {
        assert_eq!(imports(&[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b;"), ("b.rs", "")]), [""; 0]);
    }

    #[test]
    fn re_exported_name_is_an_import_of_the_file_that_defines_it() {
        let root = ("lib.rs", "mod a; mod b; pub use b::B;");
        let found =
            imports(&[root, ("a.rs", "use crate::B;"), ("b/mod.rs", "mod c; pub use c::B;"), ("b/c.rs", "struct B;")]);
        assert_eq!(found, ["a.rs -> b/c.rs", "b/mod.rs -> b/c.rs", "lib.rs -> b/c.rs"]);
        let glob = ("lib.rs", "mod a; mod b; pub use b::*;");
        assert_eq!(
            imports(&[glob, ("a.rs", "use crate::B;"), ("b.rs", "struct B;")]),
            ["a.rs -> b.rs", "lib.rs -> b.rs"]
        );
    }

    #[test]
    fn re_exported_library_name_is_an_import_of_the_re_exporter() {
        let files = [
            ("lib.rs", "mod a; pub use http::Method;"),
            ("a.rs", "use crate::Method; use http::Uri; fn f() { http::x() }"),
        ];
        assert_eq!(imports(&files), ["a.rs -> lib.rs"]);
    }

    #[test]
    fn name_defined_by_a_macro_is_an_import_of_its_module() {
        assert_eq!(
            imports(&[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::Made;"), ("b.rs", "make! {}")]),
            ["a.rs -> b.rs"]
        );
    }

    #[test]
    fn exported_macro_is_an_import_of_the_file_that_defines_it() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::A;"),
            ("a.rs", "#[macro_export] macro_rules! m { () => { $crate::m! {} } } struct A;"),
            ("b.rs", "fn f() { crate::m!() }"),
        ];
        assert_eq!(imports(&files), ["b.rs -> a.rs", "lib.rs -> a.rs"]);
    }

    #[test]
    fn module_at_an_odd_place_is_read() {
        let files = [
            ("lib.rs", "#[path = \"odd/place.rs\"] mod a; mod b;"),
            ("odd/place.rs", "use crate::b::B;"),
            ("b.rs", ""),
        ];
        assert_eq!(imports(&files), ["odd/place.rs -> b.rs"]);
    }

    #[test]
    fn module_without_a_file_is_an_error() {
        let text_of = |path: &Path| (path == Path::new("lib.rs")).then(|| "mod a;".to_owned());
        assert_eq!(Modules::read(Path::new("lib.rs"), &text_of).err(), Some(PathBuf::from("a.rs")));
    }

    #[test]
    fn re_exports_that_go_in_a_circle_end() {
        let files = [("lib.rs", "mod a; mod b;"), ("a.rs", "pub use crate::b::X;"), ("b.rs", "pub use crate::a::X;")];
        assert_eq!(imports(&files).len(), 2);
    }
}
