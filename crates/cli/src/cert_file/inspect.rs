//! `d1 cert inspect`: what is in a certificate file, and what a server would object to.

use std::fmt::Write as _;
use std::time::SystemTime;

use digicert_one::core::{CertificateFacts, Warning};
use digicert_one::identity::purpose_name;
use digicert_one::{Code, ReadOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::input::Input;
use crate::arguments::InspectOptions;
use crate::end_date::{days_left, shown, until};
use crate::failure::Failure;
use crate::output::Output;

/// The certificates of a file.
struct Contents {
    file: String,
    /// Leaf first, as they are sent; as they are in the file where it has no private key.
    chain: Vec<Entry>,
    has_key: bool,
    warnings: Vec<Warning>,
    now: SystemTime,
}

struct Entry {
    facts: CertificateFacts,
    fingerprint: String,
}

/// Shows the contents of a file. What is wrong with a certificate that can be read is a warning.
pub(crate) async fn inspect(options: &InspectOptions, output: Output) -> Result<(), Failure> {
    let now = SystemTime::now();
    let mut input = Input::read(&options.input).await?;
    let identity = input.identity(&ReadOptions::at(now).report_only()).await;
    let mut warnings = std::mem::take(&mut input.warnings);
    let (chain, has_key) = match (identity, input.certificates()) {
        (Ok(identity), _) => (identity.chain().iter().map(|der| der.to_vec()).collect(), true),
        // A file without a private key is not a client certificate, and can be shown. It may be readable for everyone.
        (Err(Failure::NoPrivateKey(_)), Some(certificates)) => {
            warnings.retain(|warning| warning.code != Code::ID_13);
            (certificates, false)
        }
        (Err(failure), _) => return Err(failure),
    };
    let chain = chain
        .iter()
        .map(|der| {
            let fingerprint = Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            CertificateFacts::read(&der.as_slice().into()).map(|facts| Entry { facts, fingerprint })
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(Failure::CertificateFile)?;
    let file = options.input.file.display().to_string();
    let contents = Contents { file, chain, has_key, warnings, now };
    output.text(&contents.text())?;
    output.document(&contents.document())
}

impl Contents {
    fn text(&self) -> String {
        let mut text = match (self.has_key, self.chain.len()) {
            (true, _) => format!("{}: a client certificate with its private key", self.file),
            (false, 1) => format!("{}: a certificate without a private key", self.file),
            (false, count) => format!("{}: {count} certificates without a private key", self.file),
        };
        if let Some(leaf) = self.chain.first() {
            for (name, value) in self.rows(leaf) {
                let _ = write!(text, "\n  {name:<11} {value}");
            }
        }
        if self.chain.len() > 1 {
            let heading = if self.has_key { "chain, as it is sent" } else { "certificates, as they are in the file" };
            let _ = write!(text, "\n  {heading}:");
            for (number, Entry { facts, .. }) in self.chain.iter().enumerate() {
                let end = until(facts.not_after, self.now);
                let _ =
                    write!(text, "\n    {}  {}\n       issued by {}, {end}", number + 1, facts.subject, facts.issuer);
            }
        }
        for warning in &self.warnings {
            let _ = write!(text, "\n  {:<11} {} {} (docs/errors/{1}.md)", "warning", warning.code, warning.text);
        }
        text
    }

    fn rows(&self, Entry { facts, fingerprint }: &Entry) -> [(&'static str, String); 8] {
        let key = match facts.public_key.kind() {
            Ok((kind, bits)) => format!("{kind}, {bits} bits"),
            Err(_) => facts.public_key.to_string(),
        };
        [
            ("subject", facts.subject.clone()),
            ("issuer", facts.issuer.clone()),
            ("serial", facts.serial_number.clone()),
            ("valid from", shown(facts.not_before)),
            ("valid until", format!("{} ({})", shown(facts.not_after), until(facts.not_after, self.now))),
            ("key", key),
            ("purposes", purposes(facts).map_or_else(|| "not restricted".to_owned(), |names| names.join(", "))),
            ("SHA-256", fingerprint.clone()),
        ]
    }

    fn document(&self) -> Value {
        let certificate = |Entry { facts, fingerprint }: &Entry| {
            let (kind, bits) = facts.public_key.kind().ok().unzip();
            json!({
                "subject": facts.subject,
                "issuer": facts.issuer,
                "serial_number": facts.serial_number,
                "not_before": shown(facts.not_before),
                "not_after": shown(facts.not_after),
                "days_left": days_left(facts.not_after, self.now),
                "key": { "kind": kind.map(|kind| kind.to_string()), "bits": bits },
                "purposes": purposes(facts),
                "sha256": fingerprint,
            })
        };
        let mut document = self.chain.first().map_or_else(|| json!({}), certificate);
        document["file"] = json!(self.file);
        document["private_key"] = json!(self.has_key);
        document["chain"] = self.chain.iter().map(certificate).collect();
        let warnings = self.warnings.iter();
        document["warnings"] =
            warnings.map(|warning| json!({ "code": warning.code.as_str(), "text": warning.text })).collect();
        document
    }
}

fn purposes(facts: &CertificateFacts) -> Option<Vec<&str>> {
    Some(facts.extended_key_usages.as_ref()?.iter().map(|oid| purpose_name(oid)).collect())
}
