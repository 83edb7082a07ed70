//! The value parser of `--transport`: the transports of this build, and for the others the feature that brings them.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

/// The transports beside the default one. Each is a feature of this package by the same name.
const OPTIONAL: [&str; 3] = ["reqwest", "isahc", "native-tls"];

/// Reads the name of a transport.
#[derive(Clone, Debug)]
pub(super) struct TransportParser {
    built_in: Vec<&'static str>,
}

pub(super) fn parser() -> TransportParser {
    TransportParser { built_in: digicert_one::transport::all().iter().map(|connector| connector.info().name).collect() }
}

impl TypedValueParser for TransportParser {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        match value.to_str().filter(|name| OPTIONAL.contains(name) && !self.built_in.contains(name)) {
            Some(name) => {
                let built_in = self.built_in.join(", ");
                let text = format!(
                    "this d1 was built without the transport {name} (it has: {built_in}); install it with --features {name}, or \
                     with --features all-transports\n"
                );
                Err(Error::raw(ErrorKind::ValueValidation, text).with_cmd(command))
            }
            None => PossibleValuesParser::new(self.built_in.clone()).parse_ref(command, argument, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.built_in.iter().map(PossibleValue::new)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(built_in: &[&'static str], name: &str) -> Result<String, String> {
        let parser = TransportParser { built_in: built_in.to_vec() };
        parser.parse_ref(&Command::new("d1"), None, OsStr::new(name)).map_err(|error| error.to_string())
    }

    #[test]
    fn transport_that_was_left_out_is_named_with_its_feature() {
        for name in OPTIONAL {
            let error = parsed(&["rustls"], name).expect_err(name);
            assert!(error.contains(&format!("without the transport {name} (it has: rustls)")), "{error}");
            assert!(error.contains(&format!("--features {name}")), "{error}");
            assert_eq!(parsed(&["rustls", name], name), Ok(name.to_owned()));
        }
        assert!(parsed(&["rustls"], "openssl").expect_err("no transport").contains("possible values: rustls"));
    }

    #[test]
    fn every_transport_of_the_full_build_is_the_default_or_optional() {
        let mut names = parser().built_in;
        assert_eq!(names.remove(0), "rustls");
        assert_eq!(names, OPTIONAL);
    }
}
