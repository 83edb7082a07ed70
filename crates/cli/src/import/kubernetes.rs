//! A Secret of Kubernetes in YAML or JSON, as `kubectl get secret` prints it and cert-manager makes it.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use digicert_one::Secret;
use digicert_one::credentials::DirectorySource;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::draft::{API_KEY, CERTIFICATE, Draft, PASSWORD, PRIVATE_KEY, Part};
use crate::failure::Failure;

/// Names and values of one map.
type Map = BTreeMap<String, Zeroizing<String>>;

/// The fields that are read of a Secret.
#[derive(Default)]
struct Document {
    kind: String,
    data: Map,
    string_data: Map,
}

/// The same in JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    kind: String,
    data: Option<BTreeMap<String, String>>,
    string_data: Option<BTreeMap<String, String>>,
}

impl Document {
    fn of_json(text: &str) -> Option<Self> {
        let Json { kind, data, string_data } = serde_json::from_str(text).ok()?;
        let map = |map: Option<BTreeMap<String, String>>| {
            map.unwrap_or_default().into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect()
        };
        Some(Self { kind, data: map(data), string_data: map(string_data) })
    }

    /// YAML as `kubectl` prints it: maps of text in block style. Nothing for anything else in the maps that are read, or for several
    /// documents, which may be parts of different credentials.
    fn of_yaml(text: &str) -> Option<Self> {
        let mut document = Self::default();
        let mut lines =
            text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')).peekable();
        let mut is_begun = false;
        while let Some(line) = lines.next() {
            if line.trim_end() == "---" {
                if is_begun {
                    return None;
                }
                continue;
            }
            is_begun = true;
            if line.starts_with([' ', '-']) || line.trim_end() == "..." {
                continue;
            }
            let (name, value) = line.split_once(':')?;
            let map = match name {
                "kind" => {
                    scalar(value.trim())?.to_string().clone_into(&mut document.kind);
                    continue;
                }
                "data" => &mut document.data,
                "stringData" => &mut document.string_data,
                _ => continue,
            };
            // A map on one line is in flow style.
            if !value.trim().is_empty() {
                return None;
            }
            let mut margin = None;
            while let Some(line) = lines.next_if(|line| line.starts_with(' ')) {
                let depth = line.len() - line.trim_start().len();
                if *margin.get_or_insert(depth) != depth {
                    return None;
                }
                let (name, value) = line.trim().split_once(':')?;
                let value = match value.trim() {
                    style @ ("|" | "|-" | ">" | ">-") => {
                        // Folded lines are one with blanks, which base64 ignores.
                        let end = if style.starts_with('|') { '\n' } else { ' ' };
                        let mut block = Zeroizing::new(String::new());
                        while let Some(line) = lines.next_if(|line| line.len() - line.trim_start().len() > depth) {
                            block.push_str(line.trim());
                            block.push(end);
                        }
                        block
                    }
                    value => scalar(value)?,
                };
                map.insert(scalar(name)?.to_string(), value);
            }
        }
        Some(document)
    }
}

/// A text in quotes or without. Nothing where it has an escape, or a mark of another kind of value.
fn scalar(text: &str) -> Option<Zeroizing<String>> {
    for quote in ['"', '\''] {
        let Some(rest) = text.strip_prefix(quote) else { continue };
        let (inner, after) = rest.split_once(quote)?;
        let is_whole = after.is_empty() || after.trim_start().starts_with('#');
        return (is_whole && !inner.contains('\\')).then(|| Zeroizing::new(inner.to_owned()));
    }
    let text = text.find(" #").map_or(text, |comment| text[..comment].trim_end());
    let is_plain = !text.starts_with(['|', '>', '&', '*', '!', '{', '[', '%', '@', '`']);
    is_plain.then(|| Zeroizing::new(text.to_owned()))
}

/// Reads the Secret.
pub(super) fn read(file: &Secret) -> Result<Draft, Failure> {
    let text = file.expose_text().map_err(Failure::CertificateFile)?;
    // Without the line, which may be the secret.
    let document = Document::of_json(text).or_else(|| Document::of_yaml(text)).ok_or_else(|| {
        Failure::Usage(
            "--file: not one Secret of Kubernetes that d1 reads; make it with kubectl get secret NAME -o json"
                .to_owned(),
        )
    })?;
    if document.kind != "Secret" {
        return Err(Failure::Usage("--file: its kind is not Secret; give one Secret, not a list".to_owned()));
    }
    let mut draft = Draft::default();
    let plain =
        document.string_data.into_iter().map(|(name, value)| (name, Some(Secret::new(value.as_bytes(), "stringData"))));
    let encoded = document.data.into_iter().map(|(name, value)| {
        let compact: Zeroizing<Vec<u8>> =
            Zeroizing::new(value.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
        (name, BASE64.decode(&compact).ok().map(|bytes| Secret::new(bytes, "data")))
    });
    // Kubernetes lets stringData stand before data.
    for (name, value) in encoded.chain(plain) {
        match value {
            Some(value) if !value.expose().is_empty() => entry(&mut draft, &name, value),
            Some(_) => draft.left_out(&name, "it is empty"),
            None => draft.left_out(&name, "not base64"),
        }
    }
    Ok(draft)
}

/// API keys under the names of variables, which a pod gets from a Secret (`envFrom`).
const OF_VARIABLES: [&str; 3] = ["SM_API_KEY", "DIGICERT_API_KEY", "TLM_API_KEY"];

fn entry(draft: &mut Draft, name: &str, value: Secret) {
    if DirectorySource::API_KEY.contains(&name) || OF_VARIABLES.contains(&name) {
        return draft.take(name, API_KEY, Part::Value(value, "api-key"));
    }
    match name {
        "tls.crt" => draft.take(name, CERTIFICATE, Part::Value(value, "tls.crt")),
        "tls.p12" | "client.p12" | "keystore.p12" | "SM_CLIENT_CERT_FILE_B64" if draft.certificate.is_none() => {
            draft.take(name, CERTIFICATE, Part::Value(value, "tls.p12"));
        }
        "tls.p12" | "client.p12" | "keystore.p12" | "SM_CLIENT_CERT_FILE_B64" => {
            draft.left_out(name, "tls.crt has the certificate");
        }
        DirectorySource::PRIVATE_KEY => draft.take(name, PRIVATE_KEY, Part::Value(value, "tls.key")),
        DirectorySource::PASSWORD | "DC_CLIENT_CERT_PASSWORD" | "SM_CLIENT_CERT_PASSWORD" => {
            draft.take(name, PASSWORD, Part::Value(value, "password"));
        }
        "host" | "DC_BASE" | "SM_HOST" => match value.expose_text() {
            Ok(host) => draft.host(name, host),
            Err(_) => draft.left_out(name, "not text"),
        },
        "ca.crt" => {
            draft.left_out(name, "the CA of the client certificate, not of the server; name that with --ca-file")
        }
        _ => draft.left_out(name, "not a part of a credential for DigiCert ONE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_of_kubectl_is_read_and_other_forms_are_not_guessed() {
        let text = "apiVersion: v1\nkind: Secret\ndata:\n  a: QQ==\n  \"b\": 'Qg=='\nmetadata:\n  labels: {x: y}\nstringData:\n  c: |\n    one\n    two\n  d: x\n";
        let document = Document::of_yaml(text).expect("a Secret");
        assert_eq!((&*document.kind, &**document.data["a"], &**document.data["b"]), ("Secret", "QQ==", "Qg=="));
        assert_eq!((&**document.string_data["c"], &**document.string_data["d"]), ("one\ntwo\n", "x"));
        let text = "---\nkind: Secret # one\ndata:\n  a: >-\n    QU\n    FB\n  b: Qg== # two\n  c: \"x #y\" # three\n";
        let document = Document::of_yaml(text).expect("a Secret");
        assert_eq!((&*document.kind, &**document.data["a"], &**document.data["b"]), ("Secret", "QU FB ", "Qg=="));
        assert_eq!(&**document.data["c"], "x #y");
        let two = format!("{text}---\nkind: Secret\ndata:\n  c: Qw==\n");
        assert!(Document::of_yaml(&two).is_none(), "parts of two Secrets are not one credential");
        for text in
            ["data: {a: QQ==}\n", "data:\n  a: *x\n", "data:\n  a: \"x\\n\"\n", "data:\n  a:\n    b: c\n", "text"]
        {
            assert!(Document::of_yaml(text).is_none(), "{text}");
        }
    }
}
