#![doc = include_str!("../README.md")]

mod certificate;
mod chain;
mod connection;
mod ending;
mod flaw;
mod front;
mod handler;
mod http2;
mod inspect;
#[cfg(feature = "key-store")]
mod key_store;
mod ledger;
mod names;
mod options;
mod pki;
mod provider;
mod proxy;
mod raw;
mod request;
mod runtime;
mod script;
mod sign;
mod spec;
mod tls;
mod unreachable;
mod wire;
mod wiremock_forward;

pub use certificate::{ClientCert, ClientCertError, KeyEncoding, ServerCert, certificate_pem, serial_number};
pub use chain::{CaMark, CaSpec, ChainSpec, SubjectName};
pub use ending::Ending;
pub use front::Front;
pub use handler::{BoxFuture, Handler, Peer, handler};
#[cfg(feature = "key-store")]
pub use key_store::{Format, KeyStore};
pub use ledger::{Connection, Handshake, Ledger, Request, RequestProgress, Snapshot};
pub use names::{name_without_address, unlisted_name};
pub use options::{
    ClientAuth, ClientSignatures, Engine, FrontOptions, Group, Hints, HttpVersions, Sessions, TlsRange, TlsVersion,
    Weakness,
};
pub use pki::{Pki, PkiParts, PkiPartsError};
pub use provider::{random_bytes, sha256_hex};
pub use proxy::{ConnectProxy, ProxyOptions};
pub use raw::{RawOptions, RawServer};
pub use request::{RequestError, RequestSpec};
pub use script::{Gate, Recording, Responses, Script, Step};
pub use sign::{DigestKind, SignError};
pub use spec::{Authority, Chain, ClientSpec, KeyKind, Purpose, ServerFlaw, ServerSpec, Validity};
pub use unreachable::{Blackhole, blackhole, refused_addr};
pub use wiremock_forward::{PEER_HEADER, WiremockForward};
