//! `d1 emulator`: a local DigiCert ONE until Ctrl-C, and the lines that put it to use; or while a program runs that uses it.

use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::time::Instant;

use digicert_one::core::CertificateFacts;
use digicert_one::provisioning::replace_file;
use digicert_one_emulator::{Emulator, EmulatorOptions as Options};
use serde_json::json;

use crate::arguments::EmulatorOptions;
use crate::child;
use crate::failure::Failure;
use crate::output::Output;
use crate::private_directory;
use crate::signals::Signals;

/// Runs until the caller stops it.
pub(crate) async fn run(options: &EmulatorOptions, output: &Output, signals: &Signals) -> Result<(), Failure> {
    let emulator = Emulator::start_with(emulator_options(options)).await?;
    let files = Files::write(options.dir.as_deref(), &emulator)?;
    let user = &emulator.users()[0];
    let (platform, client_auth) = (emulator.platform_url(), emulator.client_auth_url());
    let csc = emulator.csc();
    let control = emulator.control_url().unwrap_or_default();
    if !options.command.is_empty() {
        let variables = [
            ("DC_BASE", platform.into()),
            ("DC_CLIENTAUTH_BASE", client_auth.into()),
            ("DC_CA_FILE", files.ca.clone().into_os_string()),
            ("DC_API_KEY", user.api_key().into()),
            ("DC_CLIENT_CERT_FILE", files.certificate.clone().into_os_string()),
            ("DC_CLIENT_KEY_FILE", files.key.clone().into_os_string()),
            ("CSC_CLIENT_SECRET", csc.client_secret().into()),
            ("D1_EMULATOR_CONTROL", control.into()),
        ];
        return child::run(&options.command, variables.into(), signals).await;
    }
    let (ca, certificate, key) = (files.ca.display(), files.certificate.display(), files.key.display());
    output.text(&format!(
        "# A local DigiCert ONE with the service user {name}. Its keys work here only. Ctrl-C ends it.
export DC_BASE={platform}
export DC_CLIENTAUTH_BASE={client_auth}
export DC_CA_FILE={ca}
export DC_API_KEY={api_key}
export DC_CLIENT_CERT_FILE={certificate}
export DC_CLIENT_KEY_FILE={key}

# As smctl names them (instead of the lines above):
# export SM_HOST={client_auth} SM_CA_FILE={ca} SM_API_KEY={api_key} SM_CLIENT_CERT_FILE={bundle}

# With curl:
# curl -X GET -H \"x-api-key: {api_key}\" --cacert {ca} {platform}/account/api/v1/user
# curl --cert {certificate} --key {key} --cacert {ca} {client_auth}/account/api/v1/user

# An OAuth client of CSC, the signer it signs for, and one of the signer's credentials:
# export CSC_CLIENT_SECRET={csc_secret}
# d1 csc list --user {csc_signer} --client-id {csc_client} --client-secret env:CSC_CLIENT_SECRET
# d1 csc sign {csc_credential} FILE --client-id {csc_client} --client-secret env:CSC_CLIENT_SECRET

# What time it is there, who is disabled, what goes wrong (GET {control}/ lists all calls):
# curl {control}/state
# curl {control}/clock -d '{{\"advance_seconds\": 86400}}'
# curl {control}/faults -d '{{\"kind\": \"too-many-requests\", \"retry_after_seconds\": 2, \"times\": 3}}'",
        name = user.friendly_name(),
        api_key = user.api_key(),
        bundle = files.bundle.display(),
        csc_client = csc.client_id(),
        csc_secret = csc.client_secret(),
        csc_signer = csc.signer_id(),
        csc_credential = csc.credential_ids()[0],
    ))?;
    output.document(&json!({
        "platform": platform,
        "clientauth": client_auth,
        "control": control,
        "service_user": user.friendly_name(),
        "api_key": user.api_key(),
        "ca_file": files.ca,
        "certificate_file": files.certificate,
        "key_file": files.key,
        "bundle_file": files.bundle,
        "csc": {
            "client_id": csc.client_id(),
            "client_secret": csc.client_secret(),
            "signer": csc.signer_id(),
            "credentials": csc.credential_ids(),
        },
    }))?;
    // A signal drops this future; the emulator and a directory of its own go with it.
    std::future::pending().await
}

fn emulator_options(options: &EmulatorOptions) -> Options {
    let mut emulator = Options::default()
        .address(options.address)
        .ports(options.port, options.clientauth_port)
        .control_port(options.control_port)
        .reachable_by_others(options.reachable_by_others)
        .i_know_keys_are_public(options.i_know_the_keys_are_public);
    for fault in &options.fault {
        emulator = emulator.fault(fault.clone());
    }
    if let Some(path) = &options.state {
        emulator = emulator.state(path);
    }
    if let Some(begin) = options.clock {
        // From there on it runs like any other clock.
        let started = Instant::now();
        emulator = emulator.clock(move || begin + started.elapsed());
    }
    emulator
}

/// The files that callers need, readable for their owner only.
struct Files {
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    bundle: PathBuf,
    /// Removes a directory of ours at the end.
    _temporary: Option<tempfile::TempDir>,
}

const CA: &str = "ca.pem";
const CERTIFICATE: &str = "auth-cert.pem";
const KEY: &str = "auth-key.pem";
const BUNDLE: &str = "auth-bundle.pem";

impl Files {
    fn write(directory: Option<&Path>, emulator: &Emulator) -> Result<Self, Failure> {
        let temporary = match directory {
            Some(_) => None,
            None => Some(private_directory::make("d1-emulator-")?),
        };
        let directory = match (&temporary, directory) {
            (Some(temporary), _) => temporary.path().to_owned(),
            (None, given) => given.map(Path::to_owned).unwrap_or_default(),
        };
        make_directory(&directory)?;
        not_of_others(&directory)?;
        let user = &emulator.users()[0];
        let file = |name: &str, text: String| {
            let path = directory.join(name);
            write_private(&path, &text).map_err(|source| Failure::File {
                action: "write",
                path: path.clone(),
                source,
            })?;
            Ok::<_, Failure>(path)
        };
        Ok(Self {
            ca: file(CA, emulator.ca_pem().to_owned())?,
            certificate: file(CERTIFICATE, user.certificate_pem())?,
            key: file(KEY, user.key_pem())?,
            bundle: file(BUNDLE, format!("{}{}", user.certificate_pem(), user.key_pem()))?,
            _temporary: temporary,
        })
    }
}

/// Refuses a directory in which files of these names are not from an earlier run: its CA shows that.
fn not_of_others(directory: &Path) -> Result<(), Failure> {
    let holds = |name: &str| std::fs::metadata(directory.join(name)).is_ok_and(|found| found.len() > 0);
    let Some(name) = [CA, CERTIFICATE, KEY, BUNDLE].into_iter().find(|name| holds(name)) else { return Ok(()) };
    let is_ours = || {
        let text = std::fs::read_to_string(directory.join(CA)).ok()?;
        let (_, der) = pem_rfc7468::decode_vec(text.as_bytes()).ok()?;
        let facts = CertificateFacts::read(&der.into()).ok()?;
        Some(facts.subject.starts_with("CN=Testbed "))
    };
    if is_ours() == Some(true) {
        return Ok(());
    }
    let text = "it is not from an emulator, and would be lost; give another directory, or remove it";
    let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, text);
    Err(Failure::File { action: "write", path: directory.join(name), source })
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|source| Failure::File { action: "make the directory", path: path.to_owned(), source })
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    replace_file(path, text.as_bytes()).map_err(|error| std::io::Error::other(error.message().to_owned()))
}
