//! `d1 doctor --bundle`: one JSON file for a bug report, with a list of its parts in `contents`. Every part is something that d1
//! prints without secrets; variables are named and their values left out.

use std::env;

use digicert_one::core::ValueShape;
use serde_json::{Value, json};

use crate::arguments::SetupOptions;
use crate::env as sources;
use crate::failure::Failure;

/// Names of variables that a bundle lists.
const PREFIXES: [&str; 3] = ["DC_", "SM_", "CSC_"];
const OTHERS: [&str; 9] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CREDENTIALS_DIRECTORY",
];

/// The beginning of the file.
pub(super) const BEGIN: &str = "{\n  \"contents\"";

/// The parts, each with its name and what it is.
pub(super) struct Bundle(Vec<(&'static str, &'static str, Value)>);

impl Bundle {
    /// Gathers the parts.
    pub(super) async fn of(options: &SetupOptions, report: &Value) -> Result<Self, Failure> {
        let transports: Vec<Value> = digicert_one::transport::all()
            .iter()
            .map(|connector| {
                let info = connector.info();
                json!({ "name": info.name, "tls_engine": info.tls_engine })
            })
            .collect();
        let program = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "system": env::consts::OS,
            "architecture": env::consts::ARCH,
            "transports": transports,
        });
        Ok(Self(vec![
            ("program", "version, operating system, TLS stacks", program),
            ("variables", "names of the variables that are set, without their values", json!(variables())),
            ("sources", "what `d1 env` shows: sources, host, proxy, paths of files", sources::document(options).await?),
            ("doctor", "the checks of this run", report.clone()),
        ]))
    }

    /// Name and description of each part.
    pub(super) fn parts(&self) -> Value {
        self.0.iter().map(|(name, what, _)| json!({ "part": name, "what": what })).collect()
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        let mut document = json!({ "schema": 1, "contents": self.parts() });
        for (name, _, part) in &self.0 {
            document[*name] = part.clone();
        }
        format!("{document:#}\n")
    }

    /// The list for people.
    pub(super) fn contents(&self) -> String {
        let lines = self.0.iter().map(|(name, what, _)| format!("  {name:<10} {what}"));
        lines
            .chain(["it holds no key, password or certificate; read it before you send it".to_owned()])
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn variables() -> Vec<String> {
    let is_ours = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || OTHERS.contains(&name);
    // A value that was pasted where a name belongs is not a name.
    let is_name = |name: &str| {
        name.len() <= 64
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && ValueShape::of(name).is_none()
    };
    let mut names: Vec<String> = env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| is_ours(name) && is_name(name))
        .collect();
    names.sort();
    names
}
