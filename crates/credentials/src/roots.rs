//! Reads trust roots from CA files, which are not secret.

use std::path::Path;
use std::time::SystemTime;

use digicert_one_core::{Code, CredentialError, Secret, Warning, printable_line};
use digicert_one_identity::read_certificates;
use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::BasicConstraints;

use crate::file::read_secret_file;
use crate::shown;

/// Reads the certificates of a CA file, in each format in which client certificates are read: PEM (also OpenSSL's `TRUSTED
/// CERTIFICATE` and PKCS#7), DER, several joined in any way, key stores without a password, text in UTF-16.
///
/// Other content of the file is logged as a warning; [`read_ca_file`] returns the warnings.
///
/// # Errors
/// Returns an error for a file that cannot be read (IO-02), holds no certificate, or has a damaged part
/// (TR-03); each error names the path.
pub fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    let mut warnings = Vec::new();
    let roots = read_ca_file(path, &mut warnings)?;
    log(&warnings);
    Ok(roots)
}

/// Logs the unused parts of a CA file.
pub(crate) fn log(warnings: &[Warning]) {
    for warning in warnings {
        tracing::warn!(code = %warning.code, path = warning.origin, text = warning.text, "a part of a CA file is not used, or has expired");
    }
}

/// Reads the certificates of a CA file like [`read_roots`], and adds a warning for each unused part.
///
/// # Errors
/// Same as [`read_roots`].
pub fn read_ca_file(path: &Path, warnings: &mut Vec<Warning>) -> Result<Vec<CertificateDer<'static>>, CredentialError> {
    // Wide permissions are fine for a CA file.
    let file = read_secret_file(path, &mut Vec::new()).map_err(|error| match error.code() {
        // It is not a credential.
        Code::ID_13 => CredentialError::new(Code::IO_02, format!("the CA file: {}", error.message()))
            .at(shown::path(path))
            .with_source(error),
        _ => error,
    })?;
    let (file, commented_out) = without_comments(file);
    if commented_out > 0 {
        if !file.expose().windows(10).any(|text| text == b"-----BEGIN") {
            let message = "invalid CA file: every certificate is commented out (# at the beginning of each line)";
            return Err(CredentialError::new(Code::TR_03, message).at(&**file.origin()));
        }
        let text = format!("{commented_out} commented-out certificate(s) in the CA file are not used");
        warnings.push(Warning::new(Code::TR_03, text, &**file.origin()));
    }
    let roots = read_certificates(&file, warnings)?;
    let origin = &**file.origin();
    warnings.extend(roots.iter().filter_map(|root| expired(root, SystemTime::now(), origin)));
    warnings.extend(roots.iter().filter_map(|root| not_a_ca(root, origin)));
    Ok(roots)
}

/// Returns a warning about an expired certificate: OpenSSL then refuses servers below it, other stacks do not.
fn expired(root: &CertificateDer<'_>, now: SystemTime, origin: &str) -> Option<Warning> {
    let certificate = Certificate::from_der(root).ok()?;
    let body = certificate.tbs_certificate();
    let end = body.validity().not_after;
    (end.to_system_time() < now).then(|| {
        let subject = printable_line(&body.subject().to_string()).into_owned();
        let text = format!(
            "the certificate \"{subject}\" in the CA file expired at {}: some TLS stacks refuse every server below it; replace it",
            end.to_date_time()
        );
        Warning::new(Code::TR_02, text, origin)
    })
}

/// Returns a warning about a certificate that another one issued and that may not issue any: servers are not trusted by their own.
fn not_a_ca(root: &CertificateDer<'_>, origin: &str) -> Option<Warning> {
    let certificate = Certificate::from_der(root).ok()?;
    let body = certificate.tbs_certificate();
    let is_ca = match body.get_extension::<BasicConstraints>() {
        Ok(Some((_, constraints))) => constraints.ca,
        // Version 1 does not say.
        _ => body.extensions().is_none(),
    };
    (!is_ca && body.subject() != body.issuer()).then(|| {
        let text = format!(
            "the certificate \"{}\" in the CA file is not a CA certificate and makes no server trusted; give the certificate of its \
             issuer \"{}\"",
            printable_line(&body.subject().to_string()),
            printable_line(&body.issuer().to_string())
        );
        Warning::new(Code::TR_03, text, origin)
    })
}

/// Removes certificates of which every line is commented out, and counts them. A BEGIN line alone after a `#`
/// is text around a certificate.
fn without_comments(file: Secret) -> (Secret, usize) {
    let Ok(text) = std::str::from_utf8(file.expose()) else { return (file, 0) };
    let is_comment = |line: &str| line.trim_start().starts_with(['#', ';']);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (mut kept, mut found, mut index) = (String::with_capacity(text.len()), 0, 0);
    while let Some(line) = lines.get(index) {
        let end = (is_comment(line) && line.contains("-----BEGIN"))
            .then(|| lines[index..].iter().position(|line| line.contains("-----END")))
            .flatten()
            .filter(|length| *length > 0 && lines[index..=index + length].iter().all(|line| is_comment(line)));
        match end {
            Some(length) => {
                found += 1;
                index += length + 1;
            }
            None => {
                kept.push_str(line);
                index += 1;
            }
        }
    }
    if found == 0 { (file, 0) } else { (Secret::new(kept.into_bytes(), &**file.origin()), found) }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use digicert_one_testbed::{ClientSpec, Format, KeyEncoding, Pki};

    use super::*;

    fn read(bytes: &[u8]) -> (Result<Vec<CertificateDer<'static>>, CredentialError>, Vec<Warning>) {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), bytes).expect("written");
        let mut warnings = Vec::new();
        (read_ca_file(file.path(), &mut warnings), warnings)
    }

    #[test]
    fn certificate_of_a_server_in_a_ca_file_is_a_warning() {
        let client = Pki::shared().client(ClientSpec::default());
        let (roots, warnings) = read(client.chain_pem().as_bytes());
        assert_eq!(roots.expect("certificates").len(), client.chain_der().len());
        let [warning] = warnings.as_slice() else { panic!("one: {warnings:?}") };
        assert_eq!(warning.code, Code::TR_03);
        for words in ["is not a CA certificate", "of its issuer \"CN=Testbed Intermediate"] {
            assert!(warning.text.contains(words), "{warning}");
        }
        let key = rcgen::KeyPair::generate().expect("a key");
        let own =
            rcgen::CertificateParams::new(["one.test".to_owned()]).and_then(|it| it.self_signed(&key)).expect("signed");
        assert_eq!(read(own.pem().as_bytes()).1, [], "a self-signed certificate is its own root");
    }

    fn both() -> Vec<CertificateDer<'static>> {
        [Pki::shared().root_der(), Pki::shared().intermediate_der()]
            .map(|der| CertificateDer::from(der.to_vec()))
            .into()
    }

    #[test]
    fn trust_10_ca_file_without_certificate_names_path_and_content() {
        let client = Pki::shared().client(ClientSpec::default());
        let key = client.key_pem(KeyEncoding::Pkcs8).expect("any key");
        let request = "-----BEGIN CERTIFICATE REQUEST-----\nMIHYMIGAAgEAMB4xHDAaBgNVBAMME2NhbmFyeS1yZXF1ZXN0LXRleHQ=\n-----END CERTIFICATE REQUEST-----\n";
        let store = Format::Pkcs12Aes256.make().certificate;
        for (bytes, found) in [
            (Vec::new(), "empty"),
            (key.into_bytes(), "a private key"),
            (client.pkcs8_der().to_vec(), "a private key"),
            (b"<html>".to_vec(), "an HTML page"),
            (request.as_bytes().to_vec(), "a certificate request"),
            (store, "a CA file has no password"),
        ] {
            let error = read(&bytes).0.expect_err(found);
            assert_eq!(error.code(), Code::TR_03);
            assert!(error.to_string().contains(found) && error.to_string().contains("(from "), "{error}");
        }
    }

    #[test]
    fn ca_file_of_two_roots_gives_both_in_every_form() {
        let pki = Pki::shared();
        let (one, two) = (pki.root_pem().trim_end(), pki.intermediate_pem().trim_end());
        let lines = format!("{one}\n{two}\n");
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let der = [pki.root_der(), pki.intermediate_der()].concat();
        let trusted = lines.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        for (name, bytes) in [
            ("joined without line end", format!("{one}{two}").into_bytes()),
            ("byte order mark", format!("\u{feff}{lines}").into_bytes()),
            ("byte order mark in the middle", format!("{one}\n\u{feff}{two}").into_bytes()),
            ("text around", format!("our CA: -----\n# {one}\nand -- this one:\n{two}\n-- \nbye").into_bytes()),
            ("trusted", trusted.into_bytes()),
            ("old label", lines.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes()),
            ("CR alone", lines.replace('\n', "\r").into_bytes()),
            ("literal line ends", lines.replace('\n', "\\n").into_bytes()),
            ("one line", lines.replace('\n', " ").into_bytes()),
            ("UTF-16 with mark", utf16(&format!("\u{feff}{lines}"))),
            ("UTF-16 without mark", utf16(&lines)),
            ("DER, joined", der.clone()),
            ("DER and PEM", [pki.root_der(), two.as_bytes()].concat()),
            ("base64 of PEM", BASE64.encode(lines.as_bytes()).into_bytes()),
            ("base64 of base64 of DER", BASE64.encode(BASE64.encode(&der).as_bytes()).into_bytes()),
            (
                "joined in one section",
                format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", BASE64.encode(&der)).into_bytes(),
            ),
        ] {
            let (roots, warnings) = read(&bytes);
            assert_eq!(roots.unwrap_or_else(|error| panic!("{name}: {error}")), both(), "{name}");
            assert_eq!(warnings, [], "{name}");
        }
    }

    #[test]
    fn commented_out_certificate_is_not_used() {
        let pki = Pki::shared();
        let commented: String = pki.intermediate_pem().lines().map(|line| format!("# {line}\n")).collect();
        let (roots, warnings) = read(format!("# the root\n{}{commented}# the end\n", pki.root_pem()).as_bytes());
        assert_eq!(roots.expect("one root"), both()[..1]);
        assert!(warnings.len() == 1 && warnings[0].text.contains("commented-out"), "{warnings:?}");
        let (roots, _) = read(commented.as_bytes());
        let error = roots.expect_err("none is left").to_string();
        assert!(error.contains("every certificate is commented out"), "{error}");
    }

    #[test]
    fn unreadable_ca_file_is_io_02() {
        let directory = tempfile::tempdir().expect("a directory");
        for path in [directory.path().to_owned(), directory.path().join("missing.pem")] {
            let error = read_roots(&path).expect_err("unreadable");
            assert_eq!(error.code(), Code::IO_02);
            let text = error.to_string();
            assert!(text.contains("the CA file") && text.contains(&path.display().to_string()), "{text}");
        }
    }

    #[test]
    fn ca_file_in_pkcs7_is_read_under_each_label_and_in_der() {
        let client = Pki::shared().client(ClientSpec::default());
        let pem = Format::PemPkcs7.write(&client).certificate;
        let der = pem_rfc7468::decode_vec(&pem).expect("PEM").1;
        let relabelled = String::from_utf8_lossy(&pem).replace("PKCS7", "CERTIFICATE");
        for bytes in [pem.clone(), der, relabelled.into_bytes()] {
            let mut roots = read(&bytes).0.expect("a bag");
            roots.sort_unstable_by(|one, other| one.as_ref().cmp(other));
            let mut chain: Vec<_> = client.chain_der().iter().cloned().map(CertificateDer::from).collect();
            chain.sort_unstable_by(|one, other| one.as_ref().cmp(other));
            assert_eq!(roots, chain);
        }
    }

    #[test]
    fn damaged_part_of_a_ca_file_is_an_error() {
        let (one, two) = (Pki::shared().root_pem(), Pki::shared().intermediate_pem());
        let garbage = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUAQIDBAUGBwgJCgsMDQ4PEBESExQwCgYIKoZIzj0EAwIw\n-----END CERTIFICATE-----\n";
        for (second, text) in [
            (two.replace("-----END CERTIFICATE-----", ""), "truncated"),
            (two.replace("-----", "\u{2014}"), "five hyphens"),
            (two.replacen("MII", "M!!", 1), "base64"),
            (garbage.to_owned(), "certificate 2 is damaged"),
        ] {
            let error = read(format!("{one}{second}").as_bytes()).0.expect_err(text);
            assert_eq!(error.code(), Code::TR_03);
            assert!(error.to_string().contains(text) && error.to_string().contains("CA file"), "{error}");
        }
        let mut der = [Pki::shared().root_der(), Pki::shared().intermediate_der()].concat();
        der.truncate(der.len() - 9);
        assert_eq!(read(&der).0.expect_err("cut off").code(), Code::TR_03);
    }

    #[test]
    fn expired_root_is_read_with_a_warning_that_names_it() {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Old Root");
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let old = params.self_signed(&key).expect("self-signed").pem();
        let (roots, warnings) = read((Pki::shared().root_pem().to_owned() + &old).as_bytes());
        assert_eq!(roots.expect("roots").len(), 2);
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert_eq!(warning.code, Code::TR_02);
        assert!(warning.text.contains("Old Root") && warning.text.contains("2020-01-01"), "{warning}");
    }

    #[test]
    fn private_key_in_a_ca_file_gives_a_warning() {
        let client = Pki::shared().client(ClientSpec::default());
        let (roots, warnings) = read((Pki::shared().root_pem().to_owned() + &client.bundle_pem()).as_bytes());
        assert_eq!(roots.expect("roots").len(), 3);
        let [key, leaf] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(key.code == Code::TR_03 && key.text.contains("a private key"), "{key}");
        assert!(leaf.text.contains("is not a CA certificate"), "{leaf}");
    }
}
