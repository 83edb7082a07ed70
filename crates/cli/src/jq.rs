//! `--jq`: a filter in the language of jq, run by jaq over JSON that a command prints.

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader, lex, parse, span};
use jaq_core::{Compiler, Ctx, Exn, Native, Vars, compile, load};
use jaq_json::{Val, read};
use thiserror::Error;

/// A filter that cannot be read, or that fails on its input. It holds no part of either.
#[derive(Debug, Error)]
pub(crate) enum JqError {
    #[error("invalid filter: expected {expected} at character {position}")]
    Syntax { expected: String, position: usize },
    #[error("invalid filter: unknown {kind} at character {position}")]
    Undefined { kind: &'static str, position: usize },
    #[error("invalid filter: modules are not supported")]
    Module,
    #[error("the input is not JSON")]
    NotJson,
    #[error("the filter failed: {0}")]
    Failed(String),
}

/// A filter that was compiled.
pub(crate) struct Filter {
    filter: compile::Filter<Native<JustLut<Val>>>,
    code: String,
}

/// A value that a filter gives: a string is printed as it is, as jq's `--raw-output` does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Json(String),
}

impl Filter {
    /// Compiles a filter. Left out is what would print the environment, which may hold secrets.
    pub(crate) fn new(code: &str) -> Result<Self, JqError> {
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let functions = functions.filter(|(name, ..)| *name != "env");
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code, path: () });
        let modules = modules.map_err(|errors| of_loading(code, &errors))?;
        let filter = Compiler::default().with_funs(functions).compile(modules);
        filter.map(|filter| Self { filter, code: code.to_owned() }).map_err(|errors| of_compiling(code, &errors))
    }

    /// Gives each output for this input to `each`, until that gives false.
    pub(crate) fn run<E: From<JqError>>(
        &self,
        input: &[u8],
        mut each: impl FnMut(Value) -> Result<bool, E>,
    ) -> Result<(), E> {
        let input = read::parse_single(input).or_else(|_| read::parse_single(&without_halves(input)));
        let input = input.map_err(|_| JqError::NotJson)?;
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        for output in self.filter.id.run((context, input)) {
            let value = match output {
                Ok(Val::TStr(text)) => Value::Text(String::from_utf8_lossy(&text).into_owned()),
                Ok(value) => Value::Json(value.to_string()),
                Err(exception) => match Exn::get_halt(exception) {
                    Ok(_) => return Ok(()),
                    Err(exception) => return Err(failed(exception, &self.code).into()),
                },
            };
            if !each(value)? {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The same JSON with U+FFFD for each escaped half of a surrogate pair, as jq reads it: no string of the filter can hold one.
fn without_halves(json: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let (mut whole, mut at) = (Vec::with_capacity(json.len()), 0);
    while at < json.len() {
        let (written, read): (&[u8], usize) = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (&json[at..at + 12], 12),
            (Some(0xd800..=0xdfff), _) => (b"\\ufffd", 6),
            // An escaped backslash begins no escape.
            _ if json[at] == b'\\' => (&json[at..json.len().min(at + 2)], 2),
            _ => (&json[at..=at], 1),
        };
        whole.extend_from_slice(written);
        at += read;
    }
    whole
}

/// Names what failed, and the type of the value instead of the value: it may be a secret that is shown once.
fn failed(exception: Exn<'_, Val>, code: &str) -> JqError {
    let Ok(error) = exception.get_err() else { return JqError::Failed("it broke off".to_owned()) };
    let text = error.to_string();
    let verbs = ["cannot index ", "cannot use ", "cannot calculate "];
    JqError::Failed(match verbs.iter().find_map(|verb| Some((verb, text.strip_prefix(verb)?))) {
        Some((verb, value)) => format!("{verb}{}", type_of(value)),
        // A text of its own, as in error("no user").
        None if text.starts_with('"') && code.contains(&text) => text,
        None => "it raised an error".to_owned(),
    })
}

/// The type of a value that begins like this.
fn type_of(value: &str) -> &'static str {
    match value.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

fn position(code: &str, part: &str) -> usize {
    let start = span(code, part).start;
    code.get(..start).map_or(0, |before| before.chars().count()) + 1
}

fn of_loading(code: &str, errors: &load::Errors<&str, ()>) -> JqError {
    for (file, error) in errors {
        // A file that is not the filter is the standard library.
        if file.code != code {
            continue;
        }
        let (expected, part) = match error {
            load::Error::Lex(errors) => match errors.first() {
                Some((expected, part)) => (lex::Expect::as_str(expected).to_owned(), *part),
                None => continue,
            },
            load::Error::Parse(errors) => match errors.first() {
                Some((expected, part)) => (parse::Expect::as_str(expected).to_owned(), *part),
                None => continue,
            },
            load::Error::Io(_) => return JqError::Module,
        };
        return JqError::Syntax { expected, position: position(code, part) };
    }
    JqError::Module
}

fn of_compiling(code: &str, errors: &compile::Errors<&str, ()>) -> JqError {
    let first = errors.iter().find(|(file, _)| file.code == code).and_then(|(_, errors)| errors.first());
    match first {
        Some((part, kind)) => JqError::Undefined { kind: kind.as_str(), position: position(code, part) },
        None => JqError::Module,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(filter: &str, input: &str) -> Result<Vec<Value>, JqError> {
        let mut values = Vec::new();
        Filter::new(filter)?.run(input.as_bytes(), |value| {
            values.push(value);
            Ok::<_, JqError>(true)
        })?;
        Ok(values)
    }

    #[test]
    fn half_of_a_surrogate_pair_does_not_keep_the_rest_from_the_filter() {
        let json = r#"{"a":"J\ud83d","b":"\ud83d\ude00","c":"\\ud83d","d":1.10,"e":["\udead\ud83d"]}"#;
        let of = |filter: &str| run(filter, json).expect(filter);
        assert_eq!(of(".d"), [Value::Json("1.10".to_owned())]);
        assert_eq!(of(".a"), [Value::Text("J\u{fffd}".to_owned())]);
        assert_eq!(of(".b"), [Value::Text("\u{1f600}".to_owned())]);
        assert_eq!(of(".c"), [Value::Text(r"\ud83d".to_owned())]);
        assert_eq!(of(".e[]"), [Value::Text("\u{fffd}\u{fffd}".to_owned())]);
        for broken in [r#"{"a":"\ud83d"#, r#""\ud83"#, "\\", r#"{"a":\ud83d}"#] {
            assert!(run(".", broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn filters_select_map_and_format() {
        let text = |text: &str| Value::Text(text.to_owned());
        let json = |text: &str| Value::Json(text.to_owned());
        for (filter, values) in [
            (".items[].name", vec![text("a"), text("b")]),
            (".items | length", vec![json("2")]),
            (".items[] | select(.n > 1) | {name}", vec![json("{\"name\":\"b\"}")]),
            (".items | map(.n)", vec![json("[1,2]")]),
            (".items[0] | @base64 \"\\(.name)\"", vec![text("YQ==")]),
            (".items[].name | test(\"a\")", vec![json("true"), json("false")]),
            (".items[0] | halt", vec![]),
        ] {
            let input = r#"{"items":[{"name":"a","n":1},{"name":"b","n":2}]}"#;
            assert_eq!(run(filter, input).expect(filter), values, "{filter}");
        }
    }

    #[test]
    fn large_integers_keep_their_digits() {
        assert_eq!(run(".n", r#"{"n":12345678901234567890123}"#).expect("runs").len(), 1);
        let n = run(".n", r#"{"n":12345678901234567890123}"#).expect("runs");
        assert_eq!(n, [Value::Json("12345678901234567890123".to_owned())]);
    }

    #[test]
    fn invalid_filter_is_refused_with_a_position() {
        for (filter, words) in [
            (".items[", "expected"),
            (". | nosuch", "unknown filter at character 5"),
            ("env", "unknown filter"),
            ("$ENV", "unknown variable"),
        ] {
            let error = Filter::new(filter).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{filter}: {error}");
        }
        assert!(matches!(run(".", "no JSON"), Err(JqError::NotJson)));
    }

    #[test]
    fn failed_filter_shows_the_type_and_never_the_value() {
        for (filter, input, words) in [
            (".a.b", r#"["canary"]"#, "cannot index an array"),
            (".a.b", r#"{"a":"canary"}"#, "cannot index a string"),
            (".a | keys", r#"{"a":"canary"}"#, "a string"),
            (".a - 1", r#"{"a":"canary"}"#, "cannot calculate a string"),
            (".a | tonumber", r#"{"a":"canary"}"#, ""),
            (".a | fromjson", r#"{"a":"{canary"}"#, ""),
            (".a | error", r#"{"a":"canary"}"#, "it raised an error"),
            ("error(\"no user\")", r#"{"a":"canary"}"#, "no user"),
        ] {
            let error = run(filter, input).expect_err(filter).to_string();
            assert!(error.contains(words) && !error.contains("canary"), "{filter}: {error}");
        }
    }
}
