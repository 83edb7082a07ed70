//! The calls of the demo: what is done, what must come of it, and what the platform saw.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use digicert_one::core::{Capability, Code, Connector, ConnectorInfo, Diagnosis, Mode};
use digicert_one::{
    ApiKey, Client, FixedCredential, HttpVersions, Instance, Material, ReadOptions, RequestBuilder, Secret,
    TransportConfig, TrustRoots, read_client_identity,
};
use digicert_one_emulator::{Emulator, HostKind, KeyEncoding, Proof};
use serde_json::json;

use crate::failure::Failure;

/// One thing that the demo shows.
#[derive(Clone, Copy)]
pub(crate) struct Story {
    pub(crate) title: &'static str,
    pub(crate) mode: Mode,
    caller: StoryCaller,
    call: StoryCall,
    /// The expected codes; none for a success.
    expected: &'static [Code],
}

#[derive(Clone, Copy)]
enum StoryCaller {
    Registered,
    ForeignKey,
    ForeignCertificate,
}

#[derive(Clone, Copy)]
enum StoryCall {
    WhoAmI,
    Sign,
}

/// One call for each mode.
pub(crate) fn successes() -> [Story; 3] {
    let story = |title, mode, call| Story { title, mode, caller: StoryCaller::Registered, call, expected: &[] };
    [
        story("who am I, by key", Mode::Key, StoryCall::WhoAmI),
        story("who am I, by certificate", Mode::Certificate, StoryCall::WhoAmI),
        story("sign, by key and certificate", Mode::Both, StoryCall::Sign),
    ]
}

/// The three failures that users meet first.
pub(crate) fn failures() -> [Story; 3] {
    [
        Story {
            title: "an API key of another platform",
            mode: Mode::Key,
            caller: StoryCaller::ForeignKey,
            call: StoryCall::WhoAmI,
            expected: &[Code::AUT_01],
        },
        Story {
            title: "a signature without the certificate",
            mode: Mode::Key,
            caller: StoryCaller::Registered,
            call: StoryCall::Sign,
            expected: &[Code::AUT_02],
        },
        Story {
            title: "a client certificate of a foreign CA (over HTTP/1.1, where the alert gets through)",
            mode: Mode::Certificate,
            caller: StoryCaller::ForeignCertificate,
            call: StoryCall::WhoAmI,
            // HS-03 is the wider truth of a stack that loses the alert.
            expected: &[Code::HS_02, Code::HS_03],
        },
    ]
}

/// The outcome of a story on one transport.
pub(crate) struct StoryOutcome {
    pub(crate) story: Story,
    pub(crate) connector: ConnectorInfo,
    pub(crate) origin: String,
    pub(crate) http: Option<String>,
    pub(crate) tls: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) seen: String,
    pub(crate) diagnosis: Option<Diagnosis>,
    pub(crate) causes: Vec<String>,
    pub(crate) time: Duration,
}

impl StoryOutcome {
    /// Whether it is the expected one.
    pub(crate) fn as_described(&self) -> bool {
        match &self.diagnosis {
            None => self.story.expected.is_empty() && self.status == Some(200) && self.seen.contains(self.proof()),
            Some(diagnosis) => self.story.expected.contains(&diagnosis.code),
        }
    }

    fn proof(&self) -> &'static str {
        match self.story.mode {
            Mode::Key | Mode::Anonymous => proof(Proof::ApiKey),
            Mode::Certificate => proof(Proof::Certificate),
            Mode::Both => proof(Proof::Both),
        }
    }
}

/// The emulator and its one service user.
pub(crate) struct Stage(Emulator);

impl Stage {
    pub(crate) fn new(emulator: Emulator) -> Self {
        Self(emulator)
    }

    pub(crate) fn emulator(&self) -> &Emulator {
        &self.0
    }

    /// Plays a story over a transport of its own.
    pub(crate) async fn play(&self, connector: &Arc<dyn Connector>, story: Story) -> Result<StoryOutcome, Failure> {
        let host = match story.mode {
            Mode::Key | Mode::Anonymous => HostKind::Platform,
            Mode::Certificate | Mode::Both => HostKind::ClientAuth,
        };
        let observed = self.0.observed().len();
        let client = self.client(connector, story)?;
        let start = Instant::now();
        let result = self.request(&client, story.call).send().await;
        let time = start.elapsed();
        let (status, http, tls, diagnosis, causes) = match result {
            Ok(response) => {
                let (status, http) = (response.status().as_u16(), format!("{:?}", response.version()));
                let tls = response.facts().tls_version.map(|version| version.to_string());
                response.bytes().await?;
                (Some(status), Some(http), tls, None, Vec::new())
            }
            Err(error) => {
                let status = error.status().map(|status| status.as_u16());
                let diagnosis = error.diagnosis().clone();
                (status, None, None, Some(diagnosis), Failure::Call(error).causes())
            }
        };
        let origin = match host {
            HostKind::Platform => self.0.platform_url(),
            HostKind::ClientAuth => self.0.client_auth_url(),
        };
        // The server's side knows what the stack does not report.
        let tls = tls.or_else(|| {
            let connection = self.0.ledger(host).connections().pop()?;
            connection.tls_version.map(|version| format!("{version:?}").replace("Tls1", "TLS 1."))
        });
        let seen = match self.0.observed().get(observed) {
            Some(observation) => match (&observation.caller, observation.proof) {
                (Some(caller), Some(by)) => format!("{caller} by {}", proof(by)),
                _ => "an unknown caller".to_owned(),
            },
            None => "no request".to_owned(),
        };
        Ok(StoryOutcome {
            story,
            connector: connector.info(),
            origin,
            http,
            tls,
            status,
            seen,
            diagnosis,
            causes,
            time,
        })
    }

    fn client(&self, connector: &Arc<dyn Connector>, story: Story) -> Result<Client, Failure> {
        let internal = |error: Box<dyn std::error::Error + Send + Sync>| Failure::Internal(error);
        let user = &self.0.users()[0];
        let pem = match story.caller {
            StoryCaller::ForeignCertificate => {
                let foreign = self.0.foreign_client();
                let key = foreign.key_pem(KeyEncoding::Pkcs8).unwrap_or_default();
                format!("{}{key}", foreign.chain_pem())
            }
            _ => format!("{}{}", user.certificate_pem(), user.key_pem()),
        };
        let key = match story.caller {
            StoryCaller::ForeignKey => self.0.foreign_api_key(),
            _ => user.api_key().to_owned(),
        };
        let key = ApiKey::new(key).map_err(|error| internal(error.into()))?;
        let identity = read_client_identity(
            &Secret::new(pem, "the emulator"),
            None,
            None,
            &ReadOptions::at(SystemTime::now()),
            &mut Vec::new(),
        )
        .map_err(|error| internal(error.into()))?;
        let material = match story.mode {
            Mode::Key | Mode::Anonymous => Material::api_key(key),
            Mode::Certificate => Material::certificate(identity),
            Mode::Both => Material::certificate_and_key(identity, key),
        };
        let roots = vec![self.0.ca_der().to_vec().into()];
        let trust = match connector.capabilities().has(Capability::TrustOnly) {
            true => TrustRoots::Only(roots),
            false => TrustRoots::SystemAnd(roots),
        };
        // TLS 1.3 refuses after the handshake, and over HTTP/2 the reason mostly gets lost on the way.
        let versions = match story.caller {
            StoryCaller::ForeignCertificate => HttpVersions::Http1,
            _ => HttpVersions::Both,
        };
        let instance = Instance::pair(&self.0.platform_url(), &self.0.client_auth_url());
        Ok(Client::builder()
            .instance(instance.map_err(|error| internal(error.into()))?)
            .credential(FixedCredential::new(material, "the demo"))
            .shared_connector(Arc::clone(connector))
            .transport_config(TransportConfig::new().with_trust(trust).with_http_versions(versions))
            .build()?)
    }

    fn request(&self, client: &Client, call: StoryCall) -> RequestBuilder {
        match call {
            StoryCall::WhoAmI => client.get("/account/api/v1/user/me"),
            StoryCall::Sign => {
                let path = format!("/signingmanager/api/v1/keypairs/{}/sign", self.0.keypair_id());
                // SHA-256 of nothing, in base64.
                let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
                client.post(path).json(&json!({
                    "account": { "id": self.0.account_id() }, "sig_alg": "SHA256withECDSA", "hash": hash,
                }))
            }
        }
    }
}

fn proof(proof: Proof) -> &'static str {
    match proof {
        Proof::ApiKey => "key",
        Proof::Certificate => "certificate",
        Proof::Both => "both",
    }
}
