//! The options of `d1 call`: method, path, headers and body, written as for curl and gh.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use digicert_one::core::{RequestTarget, TargetError};
use http::{HeaderName, HeaderValue};

use super::connection::ConnectionOptions;
use super::path;

#[derive(Debug, Args)]
pub(crate) struct CallOptions {
    /// GET, POST, PUT, PATCH, DELETE or HEAD.
    #[arg(value_parser = PossibleValuesParser::new(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]), ignore_case = true)]
    pub(crate) method: String,
    /// Path and query, such as /account/api/v1/user/me; the host follows from the credential.
    #[arg(value_parser = target)]
    pub(crate) path: RequestTarget,
    /// Body: JSON as it is, @FILE for the content of a file, - for standard input.
    #[arg(short, long, value_name = "BODY", value_parser = data)]
    pub(crate) data: Option<Data>,
    /// Header to send, such as 'Accept: text/csv'. Repeatable. Never one with a credential.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) header: Vec<Header>,
    /// Print status and headers of the response before its body, also of an error response.
    #[arg(short, long)]
    pub(crate) include: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

/// Where the body of a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    Literal(String),
    File(PathBuf),
    Input,
}

/// A header of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    pub(crate) value: String,
}

/// Reads path and query of a call, so that a wrong one is a wrong command line.
pub(super) fn target(text: &str) -> Result<RequestTarget, TargetError> {
    RequestTarget::parse(text)
}

fn data(text: &str) -> Result<Data, String> {
    match text.strip_prefix('@') {
        _ if text == "-" || text == "@-" => Ok(Data::Input),
        Some(file) => path::read(file.into()).map(Data::File),
        None => Ok(Data::Literal(text.to_owned())),
    }
}

/// Messages name headers only: a value may be the secret.
fn header(text: &str) -> Result<Header, String> {
    const CREDENTIALS: [&str; 4] = ["x-api-key", "authorization", "proxy-authorization", "cookie"];
    let Some((name, value)) = text.split_once(':') else { return Err("give NAME: VALUE".to_owned()) };
    let name: HeaderName =
        name.trim().parse().map_err(|_| "the name before the colon is not a header name".to_owned())?;
    if CREDENTIALS.contains(&name.as_str()) {
        return Err(format!("{name} holds a credential, which d1 takes from variables, files and profiles (d1 env)"));
    }
    let value = value.trim();
    HeaderValue::from_str(value).map_err(|_| format!("the value of {name} has a control character"))?;
    Ok(Header { name, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_text_a_file_or_standard_input() {
        assert_eq!(data("{\"a\":1}"), Ok(Data::Literal("{\"a\":1}".to_owned())));
        assert_eq!(data("@./request.json"), Ok(Data::File("./request.json".into())));
        assert_eq!((data("-"), data("@-")), (Ok(Data::Input), Ok(Data::Input)));
        assert!(data(&format!("@{}_{}", "01ab".repeat(6), "c7e3".repeat(16))).is_err());
    }

    #[test]
    fn header_with_a_credential_is_refused_without_its_value() {
        let accept = header("Accept:text/csv").expect("a header");
        assert_eq!((accept.name.as_str(), &*accept.value), ("accept", "text/csv"));
        for name in ["X-API-Key", "Authorization", "proxy-authorization", "Cookie"] {
            let error = header(&format!("{name}: canary")).expect_err(name);
            assert!(error.contains("credential") && !error.contains("canary"), "{error}");
        }
        for text in ["canary", "a b: canary", ": canary", "a: canary\u{1}"] {
            assert!(header(text).is_err_and(|error| !error.contains("canary")), "{text}");
        }
    }
}
