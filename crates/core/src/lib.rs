#![doc = include_str!("../README.md")]

mod api_key;
mod body;
mod capability;
mod cause;
mod clock;
mod config;
mod credential;
mod credential_error;
pub mod diagnosis;
mod end_date;
mod facts;
mod fingerprint;
mod head_limit;
mod identity;
mod instance;
mod lookalike;
mod manual_clock;
mod material;
mod origin;
mod printable;
pub mod proxy;
mod rate_limiter;
mod secret;
mod server_certificate;
mod span;
mod target;
mod text_encoding;
mod transport;
mod transport_error;
pub mod upload;
mod validity;
mod value_shape;
mod warning;

pub use api_key::ApiKey;
pub use body::{ResponseBody, collect_body, next_chunk};
pub use capability::{Capabilities, Capability};
pub use cause::{BoxError, causes};
pub use clock::Clock;
pub use config::{HttpVersions, Timeouts, TlsVersions, TransportConfig, TrustRoots};
pub use credential::{Credential, FixedCredential, Generation, Lease, LeaseRequest, Verdict};
pub use credential_error::CredentialError;
pub use diagnosis::{Advice, CallContext, Code, Diagnosis, Side};
pub use end_date::EndDate;
pub use facts::{ConnectionFacts, TlsVersion};
pub use fingerprint::Fingerprint;
pub use head_limit::HeadLimit;
pub use identity::{CertificateFacts, ClientIdentity, KeyKind, PublicKey, algorithm_name};
pub use instance::{Instance, InstanceError, Region};
pub use manual_clock::ManualClock;
pub use material::{HostRole, Material, Mode};
pub use origin::Origin;
pub use printable::{printable_json, printable_line, printable_text};
pub use proxy::{Proxy, ProxyAddress, ProxyError, ProxyRules};
pub use rate_limiter::{Permit, PermitRequest, RateLimitError, RateLimiter};
pub use secret::Secret;
pub use server_certificate::ServerCertificate;
pub use target::{RequestTarget, TargetError};
pub use text_encoding::decode_text;
pub use transport::{Connector, ConnectorInfo, Exchange, Transport, frame_body};
pub use transport_error::{Delivery, PeerFault, Phase, TlsAlert, TransportError, TransportErrorKind};
pub use upload::{UploadBody, UploadError, UploadGuard};
pub use validity::{Expiry, ExpiryCause, Validity};
pub use value_shape::{ValueShape, is_random_word, place_of_secret};
pub use warning::Warning;

/// The header that carries an API key to the platform host.
///
/// ```
/// assert_eq!(digicert_one_core::API_KEY_HEADER, "x-api-key");
/// ```
///
/// Source: DigiCert ONE, "Authentication": "API key authentication".
pub const API_KEY_HEADER: http::HeaderName = http::HeaderName::from_static("x-api-key");
