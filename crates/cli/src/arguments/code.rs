//! The value parser of diagnosis codes: any case, `HS_02` and `HS02` too, and the codes of the same family for what is not a code.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};
use digicert_one::Code;

/// Reads a diagnosis code.
#[derive(Clone, Debug)]
pub(super) struct CodeParser;

impl TypedValueParser for CodeParser {
    type Value = Code;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Code, Error> {
        let typed = normal(&value.to_string_lossy());
        let code = Code::ALL.iter().find(|code| code.as_str() == typed);
        code.copied().ok_or_else(|| {
            let is_code = typed.len() <= 8
                && typed.bytes().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'-');
            let named = if is_code { format!(" {typed}") } else { String::new() };
            let near = Code::ALL
                .iter()
                .map(|code| code.as_str())
                .filter(|code| is_code && code[..2] == typed[..2.min(typed.len())]);
            let near: Vec<&str> = near.collect();
            let meant = if near.is_empty() { String::new() } else { format!("; there are {}", near.join(", ")) };
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            let text = format!("{argument}: unknown code{named}{meant}; `d1 explain` lists all codes\n");
            Error::raw(ErrorKind::ValueValidation, text).with_cmd(command)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Code::ALL.iter().map(|code| PossibleValue::new(code.as_str()).help(code.title()))))
    }
}

/// `hs02` and `HS_2` as `HS-02`.
fn normal(typed: &str) -> String {
    let typed = typed.trim().to_uppercase();
    let letters = typed.trim_end_matches(|one: char| one.is_ascii_digit());
    let (family, number) = (letters.trim_end_matches(['-', '_', ' ']), &typed[letters.len()..]);
    if family.is_empty() || number.is_empty() { typed } else { format!("{family}-{number:0>2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_read_in_each_common_spelling() {
        for typed in ["HS-02", "hs-02", "HS_02", "hs02", "HS-2", " hs 2 "] {
            assert_eq!(normal(typed), "HS-02", "{typed}");
        }
        for other in ["", "HS", "02", "ü2-"] {
            assert_eq!(normal(other), other.to_uppercase(), "{other}");
        }
    }
}
