//! Reads what a Rust file defines, declares and imports, from its tokens only.
//!
//! Comments, literals, attributes and code for tests (`#[cfg(test)]`, `#[test]`) are dropped.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};

/// The content of a file, or of an inline module.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The names of its items.
    pub defines: BTreeSet<String>,
    /// Those of them that are macros.
    pub macros: BTreeSet<String>,
    /// Modules in files of their own: the name, and the value of `#[path]`.
    pub declares: Vec<(String, Option<String>)>,
    /// Inline modules.
    pub inline: Vec<(String, Contents)>,
    pub imports: Vec<Import>,
    /// Paths in code, with at least two segments.
    pub paths: Vec<Path>,
}

/// One name that a `use` brings into a module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub path: Path,
    /// Its local name; `None` for a glob.
    pub name: Option<String>,
}

/// A path and its location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub segments: Vec<String>,
    pub line: usize,
}

/// Reads a file; `None` if it is not Rust.
pub(super) fn read(text: &str) -> Option<Contents> {
    let mut tokens = Vec::new();
    flatten(text.parse().ok()?, &mut tokens);
    Some(Reader { tokens: &tokens, at: 0 }.module())
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    Text,
    Mark,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    text: String,
    line: usize,
}

/// Adds the names, texts and marks of a stream; `::` is one mark, lifetimes and numbers are left out.
fn flatten(stream: TokenStream, found: &mut Vec<Token>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        let mut push = |kind, text: &str, span: Span| {
            found.push(Token { kind, text: text.to_owned(), line: span.start().line });
        };
        let span = tree.span();
        match tree {
            TokenTree::Ident(name) => push(Kind::Name, name.to_string().trim_start_matches("r#"), span),
            TokenTree::Literal(literal) => {
                if let Some(text) = literal.to_string().strip_prefix('"') {
                    push(Kind::Text, text.trim_end_matches('"'), span);
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == '\'' => drop(trees.next()),
            TokenTree::Punct(mark) => {
                let is_colon = |tree: &TokenTree| matches!(tree, TokenTree::Punct(mark) if mark.as_char() == ':');
                let joint = mark.as_char() == ':' && mark.spacing() == Spacing::Joint;
                if joint && trees.next_if(is_colon).is_some() {
                    push(Kind::Mark, "::", span);
                } else {
                    push(Kind::Mark, &mark.to_string(), span);
                }
            }
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(Kind::Mark, open, group.span_open());
                flatten(group.stream(), found);
                found.push(Token { kind: Kind::Mark, text: close.to_owned(), line: group.span_close().start().line });
            }
        }
    }
}

/// Reads the tokens of a file.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn text(&self, ahead: usize) -> &str {
        match self.tokens.get(self.at + ahead) {
            Some(token) if token.kind != Kind::Text => &token.text,
            _ => "",
        }
    }

    fn is_name(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| token.kind == Kind::Name)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }

    /// Reads to the end of the tokens, or after the brace that closes an inline module.
    fn module(&mut self) -> Contents {
        let mut found = Contents::default();
        let mut depth = 0_usize;
        let mut path = None;
        while self.at < self.tokens.len() {
            match self.text(0) {
                "#" if self.text(1) == "[" || (self.text(1) == "!" && self.text(2) == "[") => {
                    let attribute = self.attribute();
                    if attribute.test {
                        self.skip_item();
                    } else if attribute.path.is_some() {
                        path = attribute.path;
                    }
                }
                "{" => (self.at, depth) = (self.at + 1, depth + 1),
                "}" if depth == 0 => {
                    self.at += 1;
                    return found;
                }
                "}" => (self.at, depth) = (self.at + 1, depth - 1),
                "pub" if self.text(1) == "(" => self.skip_group(1),
                "use" if self.text(1) != "<" => {
                    self.at += 1;
                    self.import(&mut Vec::new(), &mut found.imports);
                }
                "mod" if self.is_name(1) && self.text(2) == ";" => {
                    found.declares.push((self.text(1).to_owned(), path.take()));
                    self.at += 3;
                }
                "mod" if self.is_name(1) && self.text(2) == "{" => {
                    let name = self.text(1).to_owned();
                    self.at += 3;
                    let inner = self.module();
                    found.inline.push((name, inner));
                }
                "macro_rules" if self.text(1) == "!" => {
                    found.defines.insert(self.text(2).to_owned());
                    found.macros.insert(self.text(2).to_owned());
                    self.at += 3;
                }
                "struct" | "enum" | "union" | "trait" | "fn" | "type" | "const" | "static"
                    if self.is_name(1) && depth == 0 =>
                {
                    if self.text(1) != "fn" {
                        found.defines.insert(self.text(1).to_owned());
                    }
                    self.at += 1;
                }
                _ if self.is_name(0) => self.path(&mut found.paths),
                "." if self.text(1) == "." => self.at += 2,
                // What follows `.` or `::` begins no path.
                "." | "::" if self.is_name(1) => self.at += 2,
                _ => self.at += 1,
            }
        }
        found
    }

    fn path(&mut self, paths: &mut Vec<Path>) {
        let line = self.line();
        let mut segments = vec![self.text(0).to_owned()];
        self.at += 1;
        while self.text(0) == "::" && self.is_name(1) {
            segments.push(self.text(1).to_owned());
            self.at += 2;
        }
        if segments.len() > 1 {
            paths.push(Path { segments, line });
        }
    }

    /// Reads one branch of a `use` tree, up to its end mark.
    fn import(&mut self, stem: &mut Vec<String>, imports: &mut Vec<Import>) {
        let (line, length) = (self.line(), stem.len());
        let mut glob = false;
        loop {
            match self.text(0) {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(0), "}" | "") {
                        self.import(stem, imports);
                        if self.text(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    stem.truncate(length);
                    return;
                }
                "*" => (self.at, glob) = (self.at + 1, true),
                _ if self.is_name(0) && self.text(0) != "as" => {
                    stem.push(self.text(0).to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        let mut segments = stem.clone();
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let mut name = segments.last().cloned();
        if self.text(0) == "as" {
            name = Some(self.text(1).to_owned());
            self.at += 2;
        }
        if !segments.is_empty() {
            imports.push(Import { path: Path { segments, line }, name: name.filter(|_| !glob) });
        }
        if !matches!(self.text(0), "," | "}" | ";") {
            // An unknown form of a use tree: skip it rather than loop.
            self.at += 1;
        }
        stem.truncate(length);
    }

    fn attribute(&mut self) -> Attribute {
        let start = self.at;
        let open = if self.text(1) == "!" { 2 } else { 1 };
        let inner = open == 2;
        self.skip_group(open);
        let tokens = &self.tokens[start + open + 1..self.at.saturating_sub(1).max(start + open + 1)];
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        let test = matches!(words.as_slice(), ["cfg", "(", "test", ")"] | ["cfg", "(", "all", "(", "test", ..])
            || words.as_slice() == ["test"]
            || words.ends_with(&["::", "test"]);
        let path = match words.as_slice() {
            ["path", "=", path] => Some((*path).to_owned()),
            _ => None,
        };
        Attribute { test: test && !inner, path }
    }

    /// Skips the brackets that open `ahead` tokens from here.
    fn skip_group(&mut self, ahead: usize) {
        self.at += ahead;
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.text(0) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips an item: further attributes, then up to `;` or the end of its braces, or an entry of a list.
    fn skip_item(&mut self) {
        let mut entry = true;
        while self.at < self.tokens.len() {
            match self.text(0) {
                ";" => {
                    self.at += 1;
                    return;
                }
                "," if entry => {
                    self.at += 1;
                    return;
                }
                "fn" | "struct" | "enum" | "impl" | "trait" | "mod" | "const" | "static" | "type" | "let" => {
                    (self.at, entry) = (self.at + 1, false);
                }
                "{" => return self.skip_group(0),
                "(" | "[" => self.skip_group(0),
                "}" => return,
                "use" => {
                    self.at += 1;
                    self.import(&mut Vec::new(), &mut Vec::new());
                }
                _ => self.at += 1,
            }
        }
    }
}

struct Attribute {
    test: bool,
    path: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        let shown = |import: Import| {
            let path = import.path.segments.join("::");
            import.name.map_or(format!("{path}::*"), |name| format!("{path} as {name}"))
        };
        read(text).expect("Rust").imports.into_iter().map(shown).collect()
    }

    fn paths(text: &str) -> Vec<String> {
        read(text).expect("Rust").paths.into_iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let text = "pub(in crate::x) use crate::a::{self, B, c::{D as E, *}}; use super::F;";
        let expected = ["crate::a as a", "crate::a::B as B", "crate::a::c::D as E", "crate::a::c::*", "super::F as F"];
        assert_eq!(imports(text), expected);
    }

    #[test]
    fn paths_in_code_are_found_with_their_lines() {
        let found = read("fn f() {\n    crate::a::b::<u8>(x.y, X { ..super::C::D })\n}").expect("Rust").paths;
        let shown: Vec<_> = found.iter().map(|path| (path.segments.join("::"), path.line)).collect();
        assert_eq!(shown, [("crate::a::b".to_owned(), 2), ("super::C::D".to_owned(), 2)]);
    }

    #[test]
    fn comments_literals_and_attributes_are_not_paths() {
        let text = "/// [`crate::a::b`] /* x */\n/* /* crate::a::c */ crate::a::d */ // crate::a::e\n\
            #[doc(alias = \"x\", crate::a::f)] fn g<'a>() { \"\\\"crate::a::h\"; r#\"crate::a::\"i\"#; b\"x::y\"; '\"'; '\\''; \
            crate::a::j }";
        assert_eq!(paths(text), ["crate::a::j"]);
    }

    #[test]
    fn code_for_tests_is_dropped() {
        let text = "#[cfg(test)] mod tests { use crate::a::A; fn f() { crate::a::b() } }\n\
            #[cfg(test)] use crate::{c, d};\n#[cfg(test)] mod far;\n#[cfg(all(test, unix))] fn t<A, B>() -> crate::e::E { x }\n\
            #[test] fn u() { crate::f::g() }\n#[cfg(unix)] use crate::kept;";
        let found = read(text).expect("Rust");
        assert_eq!(imports(text), ["crate::kept as kept"]);
        assert_eq!((found.paths, found.declares), (vec![], vec![]));
    }

    #[test]
    fn items_and_modules_are_found_at_their_level_only() {
        let text = "mod far; #[path = \"other.rs\"] mod odd; struct A; const fn b() { fn c() {} } impl A { fn d() {} }\n\
            macro_rules! m { () => {} } mod near { pub enum E { F } }";
        let found = read(text).expect("Rust");
        assert_eq!(found.defines.iter().collect::<Vec<_>>(), ["A", "b", "m"]);
        assert_eq!(found.declares, [("far".to_owned(), None), ("odd".to_owned(), Some("other.rs".to_owned()))]);
        assert!(found.inline[0].0 == "near" && found.inline[0].1.defines.contains("E"));
    }
}
