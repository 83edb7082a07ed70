//! `d1 csc info|list|sign`: content signing. Hashes leave this machine, documents never.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use data_encoding::BASE64;
use digicert_one::core::printable_line;
use digicert_one::csc::{CredentialInfo, CscClient, CscCredential, HashAlgo, ListRequest, SignAlgo, SignRequest};
use digicert_one::{ApiKey, ConfigError, ReadOptions};
use serde_json::json;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::arguments::{ConnectionOptions, CscCallerOptions, CscListOptions, HashName, SignOptions};
use crate::failure::Failure;
use crate::output::Output;
use crate::whole_file::{Existing, Readers, prepare, write_whole};
use crate::{connection, reference};

/// The identifier of an EC key, which names no signature algorithm (RFC 5480).
const EC_KEY: &str = "1.2.840.10045.2.1";

/// Shows what the service is.
pub(crate) async fn info(options: &ConnectionOptions, output: Output) -> Result<(), Failure> {
    // `info` is asked without a credential, and a client is not built without one.
    let unused = CscCredential::api_key(ApiKey::new("unused").map_err(|error| Failure::Internal(error.into()))?);
    let info = client(options, Some(unused), output).await?.info().await?;
    let mut text = info.name.as_deref().map_or("(no name)".into(), printable_line).into_owned();
    let kinds: Vec<&str> = info.auth_type.iter().map(|kind| kind.as_str()).collect();
    for (label, value) in [
        ("specs", info.specs.clone().unwrap_or_default()),
        ("region", info.region.clone().unwrap_or_default()),
        ("callers", kinds.join(" ")),
        ("methods", info.methods.join(" ")),
    ] {
        text.push_str(&format!("\n  {label:<8} {}", printable_line(&value)));
    }
    output.text(&text)?;
    output.document(&json!({ "info": serde_json::to_value(&info).map_err(|error| Failure::Internal(error.into()))? }))
}

/// Lists signing credentials.
pub(crate) async fn list(options: &CscListOptions, output: Output) -> Result<(), Failure> {
    let client = caller(&options.caller, output).await?;
    let request = match &options.user {
        Some(user) => ListRequest::of_user(user),
        None => ListRequest::own(),
    };
    let ids = client.all_credentials(&request).await?;
    if !output.is_json() && !ids.is_empty() {
        let lines: Vec<_> = ids.iter().map(|id| printable_line(id)).collect();
        output.text(&lines.join("\n"))?;
    }
    output.document(&json!({ "items": ids }))
}

/// Has a file's hash signed.
pub(crate) async fn sign(options: &SignOptions, output: Output) -> Result<(), Failure> {
    if let Some(out) = &options.out {
        writable(&options.file, out, options.force)?;
    }
    let (path, name) = (options.file.clone(), options.hash);
    let hashing = tokio::task::spawn_blocking(move || hash(&path, name));
    let hash = hashing.await.map_err(|error| Failure::Internal(error.into()))??;
    let client = caller(&options.caller, output).await?;
    let algorithm = HashAlgo::from(options.hash);
    let info = client.credentials_info(&options.credential).await?;
    let signing = signing(&info, &algorithm).ok_or_else(|| unsigned(&info, &algorithm, &options.credential))?;
    let mut request = SignRequest::new(&options.credential, algorithm.clone(), signing.clone()).hashes([&hash]);
    if let Some(text) = &options.description {
        request = request.description(text);
    }
    if let Some(pin) = &options.pin {
        request = request.pin(reference::secret("--pin", pin).await?);
    }
    if let Some(otp) = &options.otp {
        request = request.otp(reference::secret("--otp", otp).await?);
    }
    output.progress(&format!("asking for a signature ({signing}); the signer may have to agree"));
    let signatures = client.sign_hashes(&request).await?;
    let signature = signatures.first().ok_or_else(|| Failure::Internal("no signature, and no error".into()))?;
    match &options.out {
        Some(path) => {
            if let Err(failure) = write(path.clone(), signature.clone(), Existing::forced(options.force)).await {
                // It is not signed again for that.
                output.text(&BASE64.encode(signature))?;
                output.warning(&"the signature could not be written; it is on standard output, in base64");
                return Err(failure);
            }
            output.text(&format!("{}: {} bytes ({signing})", path.display(), signature.len()))?;
        }
        None => output.text(&BASE64.encode(signature))?,
    }
    output.document(&json!({
        "credential": options.credential,
        "hash_algorithm": algorithm.name(),
        "hash": BASE64.encode(&hash),
        "signature_algorithm": signing.name(),
        "signature": BASE64.encode(signature),
        "file": options.out,
    }))
}

/// A client for this caller: an OAuth client, or the owner of the API key.
async fn caller(options: &CscCallerOptions, output: Output) -> Result<CscClient, Failure> {
    let credential = match (&options.client_id, &options.client_secret) {
        (Some(id), Some(secret)) => {
            let secret = reference::secret("--client-secret", secret).await?;
            Some(CscCredential::client_credentials(id, secret))
        }
        _ => None,
    };
    client(&options.connection, credential, output).await
}

/// A client with this credential, or else with the API key that is set up.
async fn client(
    options: &ConnectionOptions,
    credential: Option<CscCredential>,
    output: Output,
) -> Result<CscClient, Failure> {
    let (chosen, given) = (options.setup.clone(), credential.is_some());
    let reading = tokio::task::spawn_blocking(move || {
        let setup = connection::setup(&chosen)?;
        let key = if given { None } else { setup.read(&ReadOptions::at(SystemTime::now()))?.material.key().cloned() };
        Ok::<_, ConfigError>((setup, key))
    });
    let (setup, key) = reading.await.map_err(|error| Failure::Internal(error.into()))??;
    let credential = credential.or_else(|| key.map(CscCredential::api_key)).ok_or_else(|| {
        Failure::Usage("csc does not accept a certificate alone: give --client-id or an API key".to_owned())
    })?;
    if options.limiter.limiter.is_some() || setup.profile().is_some_and(|profile| profile.limiter.is_some()) {
        return Err(Failure::Usage(
            "d1 csc cannot share a rate limit: omit --limiter, and use a profile without a limiter".to_owned(),
        ));
    }
    let (connector, config) = connection::transport(options, &setup, output);
    let builder = CscClient::builder();
    let builder = if output.is_watched() {
        builder.on_retry(move |notice| output.progress(&notice.to_string()))
    } else {
        builder
    };
    Ok(builder
        .instance(setup.instance().clone())
        .proxy_rules(setup.proxy().clone())
        .credential(credential)
        .shared_connector(connector)
        .transport_config(config)
        .deadline(connection::limit(options))
        .build()?)
}

/// How this credential signs such a hash: by an algorithm that says both, or by the kind of its key.
fn signing(info: &CredentialInfo, hash: &HashAlgo) -> Option<SignAlgo> {
    let algorithms = || info.key.algo.iter().map(|oid| SignAlgo::from_oid(oid));
    let whole = algorithms().find(|algorithm| algorithm.hash().as_ref() == Some(hash));
    let by_key = || {
        algorithms().find_map(|algorithm| match (&algorithm, hash) {
            (SignAlgo::Rsa, _) => Some(SignAlgo::Rsa),
            (SignAlgo::Other(oid), HashAlgo::Sha256) if oid == EC_KEY => Some(SignAlgo::EcdsaSha256),
            (SignAlgo::Other(oid), HashAlgo::Sha384) if oid == EC_KEY => Some(SignAlgo::EcdsaSha384),
            (SignAlgo::Other(oid), HashAlgo::Sha512) if oid == EC_KEY => Some(SignAlgo::EcdsaSha512),
            _ => None,
        })
    };
    whole.or_else(by_key)
}

/// The failure of a credential that signs no such hash: where another one helps, the command line is wrong.
fn unsigned(info: &CredentialInfo, hash: &HashAlgo, credential: &str) -> Failure {
    let credential = printable_line(credential);
    let others = [HashAlgo::Sha256, HashAlgo::Sha384, HashAlgo::Sha512].into_iter();
    let others: Vec<_> = others.filter(|other| signing(info, other).is_some()).map(|other| other.to_string()).collect();
    if !others.is_empty() {
        return Failure::Usage(format!(
            "the credential {credential} does not sign {hash}, but {}: use another --hash",
            others.join(", ")
        ));
    }
    let named: Vec<_> = info.key.algo.iter().map(|oid| SignAlgo::from_oid(oid).to_string()).collect();
    Failure::NoAlgorithm(match named.is_empty() {
        true => format!("the service names no signature algorithm of the credential {credential}"),
        false => format!(
            "the credential {credential} signs by {} only, which d1 does not support",
            printable_line(&named.join(", "))
        ),
    })
}

fn hash(path: &Path, name: HashName) -> Result<Vec<u8>, Failure> {
    match name {
        HashName::Sha256 => digest::<Sha256>(path),
        HashName::Sha384 => digest::<Sha384>(path),
        HashName::Sha512 => digest::<Sha512>(path),
    }
}

fn digest<D: Digest>(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { action: "read", path: path.to_owned(), source };
    let (mut file, mut digest) = (File::open(path).map_err(failed)?, D::new());
    let mut part = vec![0; 64 * 1024];
    loop {
        match file.read(&mut part).map_err(failed)? {
            0 => return Ok(digest.finalize().to_vec()),
            read => digest.update(part.get(..read).unwrap_or_default()),
        }
    }
}

/// A file for the signature that is not the one to sign, and whose directory is there: known before anything is signed.
fn writable(file: &Path, out: &Path, force: bool) -> Result<(), Failure> {
    let failed = |source| Failure::File { action: "write", path: out.to_owned(), source };
    if let (Ok(file), Ok(out)) = (file.canonicalize(), out.canonicalize())
        && file == out
    {
        return Err(Failure::Usage(
            "--out names the file to sign, which would be replaced by its signature".to_owned(),
        ));
    }
    match out.metadata() {
        // What a pipe or device holds is not known before it is written.
        Ok(found) if !found.is_file() && !found.is_dir() => Ok(()),
        Ok(found) if found.is_dir() => Err(failed(std::io::ErrorKind::IsADirectory.into())),
        Ok(_) if !force => Err(Failure::Exists(out.to_owned())),
        _ => prepare(&target(out), &[], Readers::All, Existing::forced(force)).map(drop).map_err(failed),
    }
}

/// The file behind a symlink: the link stays.
fn target(out: &Path) -> PathBuf {
    out.canonicalize().unwrap_or_else(|_| out.to_owned())
}

async fn write(path: PathBuf, bytes: Vec<u8>, existing: Existing) -> Result<(), Failure> {
    let writing = tokio::task::spawn_blocking(move || {
        let is_stream = path.metadata().is_ok_and(|found| !found.is_file());
        let written = match is_stream {
            true => std::fs::write(&path, bytes),
            false => write_whole(&target(&path), &bytes, Readers::All, existing),
        };
        written.map_err(|source| Failure::File { action: "write", path, source })
    });
    writing.await.map_err(|error| Failure::Internal(error.into()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_hash_is_advised_only_where_it_helps() {
        let failure = |algorithms: &str| {
            let info = serde_json::from_str(&format!(r#"{{"key":{{"algo":[{algorithms}]}}}}"#)).expect("a credential");
            unsigned(&info, &HashAlgo::Sha256, "c")
        };
        let other = failure(r#""1.2.840.113549.1.1.12""#);
        assert!(other.exit_code() == 2 && other.to_string().contains("but SHA-384: use another --hash"), "{other}");
        for (algorithms, words) in [("", "names no signature algorithm"), (r#""1.3.101.112""#, "1.3.101.112 only")] {
            let none = failure(algorithms);
            assert!(none.exit_code() == 9 && none.to_string().contains(words), "{none}");
            assert!(!none.diagnosis().to_string().contains("--hash"), "{none}");
        }
    }
}
