//! Diagnoses of a proxy: a tunnel that it refused, a scheme that is not supported, and its name in every failure of a connection
//! through it.

use std::error::Error;
use std::io;

use super::evidence::through_proxy;
use super::{CallContext, Code, Diagnosis};
use crate::{TransportError, TransportErrorKind as Kind, causes};

/// Names the proxy of a failed connection: it may be what failed.
pub(super) fn with_proxy(diagnosis: Diagnosis, error: &TransportError, context: &CallContext) -> Diagnosis {
    let connected = !matches!(
        error.kind(),
        Kind::Proxy(_)
            | Kind::LocalIdentity
            | Kind::TrustRoots
            | Kind::Unsupported(_)
            | Kind::Upload
            | Kind::Config
            | Kind::NoRuntime
            | Kind::BodyLimit
            | Kind::HeadLimit
    );
    match through_proxy(context).filter(|_| connected) {
        Some(through) => diagnosis.with_evidence(through),
        None => diagnosis,
    }
}

/// Explains bytes that are not TLS: in a tunnel, the proxy may have sent them.
pub(super) fn not_tls(context: &CallContext) -> Diagnosis {
    let host = &context.host;
    if through_proxy(context).is_none() {
        return Diagnosis::of(Code::HO_04, format!("{host} does not speak TLS."));
    }
    let mut diagnosis = Diagnosis::new(
        Code::HO_04,
        format!("the response in the tunnel to {host} is not TLS."),
        "the proxy responds in the host's place, with a page that blocks it or asks for a sign-in; or the port is a plain HTTP port",
    );
    "Check host and port; open the host in a browser that uses this proxy, or ask its operator to let this host through."
        .clone_into(&mut diagnosis.remedy);
    diagnosis
}

/// Explains a tunnel that the proxy refused, by its status if that is known.
pub(super) fn no_tunnel(status: Option<u16>, error: &TransportError, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let Some(status) = status else {
        let summary = format!("failed to open a tunnel to {host} through {}.", proxy(context));
        if causes(error).any(names_no_address) {
            let summary = format!("the name of {} has no address, so {host} was not reached.", proxy(context));
            let cause =
                "this machine's resolver does not know the name of the proxy; that of the host was not looked up";
            let mut diagnosis = Diagnosis::new(Code::NET_02, summary, cause);
            "Correct the address of the proxy where it is set, or have its name resolved; or name the host in NO_PROXY if it can be \
             reached without a proxy."
                .clone_into(&mut diagnosis.remedy);
            return diagnosis;
        }
        let is_refused = |cause: &(dyn Error + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        if causes(error).any(is_refused) {
            let cause = "no program listens at the address of the proxy: the connection was refused. The host itself was not reached";
            let mut diagnosis = Diagnosis::new(Code::NET_02, summary, cause);
            "Check the proxy's address and port where they are set, and that the proxy runs."
                .clone_into(&mut diagnosis.remedy);
            return diagnosis;
        }
        let cause = "the proxy cannot be reached, ended the connection or refused the tunnel; its status, if it sent one, is not known. \
                     The host itself was not reached";
        return Diagnosis::new(Code::NET_02, summary, cause);
    };
    let (cause, remedy) = match status {
        407 => (
            "the proxy requires credentials, or does not accept those in its address; which kind of login it offers \
             (Proxy-Authenticate) is not known here. The host itself was not reached",
            "Put user and password into the address of the proxy (http://USER:PASSWORD@HOST:PORT), or correct them. Only the login \
             Basic is supported: for a proxy that offers NTLM or Negotiate alone, have this host exempted, or run a local proxy that \
             logs in.",
        ),
        401 | 403 | 405 => (
            "the proxy does not allow CONNECT to this host and port. The host itself was not reached",
            "Have the proxy allow CONNECT to this host and port, or name the host in NO_PROXY if it can be reached without the proxy.",
        ),
        500.. => (
            "the proxy could not reach the host, or refuses it with this status",
            "Check the spelling of the host; ask the operator of the proxy whether it can resolve and reach this host and port.",
        ),
        _ => (
            "the proxy did not open the tunnel, or its address is not that of a proxy. The host itself was not reached",
            "Check the proxy's address and port, and that it allows CONNECT to this host.",
        ),
    };
    let summary = format!("{} refused the tunnel to {host} with status {status}.", proxy(context));
    let mut diagnosis = Diagnosis::new(Code::NET_02, summary, cause);
    remedy.clone_into(&mut diagnosis.remedy);
    diagnosis
}

/// The diagnosis for a proxy that requires TLS or SOCKS. No transport of this project supports that, so
/// another one is not a remedy.
pub(super) fn unsupported_scheme(context: &CallContext) -> Diagnosis {
    let summary = format!("{} is not supported: http:// proxies only; nothing was sent.", proxy(context));
    let cause = "no transport of this SDK supports TLS or SOCKS to the proxy itself";
    let mut diagnosis = Diagnosis::new(Code::CFG_02, summary, cause);
    diagnosis.remedy =
        "Give the address of a proxy as http://HOST:PORT (calls are TLS inside its tunnel), or name this host in \
                        NO_PROXY if it can be reached without one."
            .to_owned();
    diagnosis
}

/// Whether the resolver did not know a name: hyper and libcurl have no type for it that core could know.
fn names_no_address(cause: &(dyn Error + 'static)) -> bool {
    let text = cause.to_string().to_ascii_lowercase();
    text == "dns error" || text.contains("resolve proxy")
}

/// Returns the proxy with its address, if known.
fn proxy(context: &CallContext) -> String {
    let known = context.transport.as_ref().and_then(|transport| transport.proxy.as_ref());
    known.map_or_else(|| "the proxy".to_owned(), |proxy| format!("the proxy {proxy}"))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::{TransportInUse, diagnose_transport};
    use super::*;
    use crate::{Capability, ConnectorInfo, Delivery, Mode, Phase, TlsAlert, TransportConfig};

    fn direct() -> CallContext {
        CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH)
    }

    fn proxied() -> CallContext {
        let transport = TransportInUse::new(&ConnectorInfo::new("reqwest", "", ""), &TransportConfig::new());
        direct().with_transport(transport.with_proxy(Some("http://proxy.test:3128 (from HTTPS_PROXY)".to_owned())))
    }

    #[test]
    fn failure_of_a_proxied_connection_names_the_proxy() {
        let alerts = [40, 48, 80, 112].map(|alert| Kind::PeerAlert(TlsAlert(alert)));
        let phases = [Phase::Connect, Phase::Handshake, Phase::ConnectOrHandshake, Phase::Response, Phase::Body];
        let others =
            [Kind::Interrupted, Kind::Tls, Kind::NotTls, Kind::Refused, Kind::Dns, Kind::Protocol, Kind::BodyCut];
        for kind in alerts.into_iter().chain(phases.map(Kind::Timeout)).chain(others) {
            let error = TransportError::new(kind, Delivery::NotSent);
            let shown = diagnose_transport(&error, &proxied()).to_string();
            assert!(shown.contains("http://proxy.test:3128 (from HTTPS_PROXY)"), "{kind:?}: {shown}");
            assert!(!diagnose_transport(&error, &direct()).to_string().contains("proxy.test"));
        }
    }

    #[test]
    fn bytes_in_a_tunnel_that_are_not_tls_may_be_the_proxys() {
        let error = TransportError::new(Kind::NotTls, Delivery::NotSent);
        let of = |context: &CallContext| diagnose_transport(&error, context).to_string();
        assert!(of(&proxied()).contains("in the host's place") && !of(&proxied()).contains("does not speak TLS"));
        assert!(of(&direct()).contains("one.test does not speak TLS"));
    }

    #[test]
    fn refused_connection_to_a_proxy_is_named() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = TransportError::new(Kind::Proxy(None), Delivery::NotSent).with_source(refused);
        let text = diagnose_transport(&error, &proxied()).to_string();
        assert!(
            text.starts_with("NET-02") && text.contains("no program listens at the address of the proxy"),
            "{text}"
        );
    }

    #[test]
    fn name_of_a_proxy_without_address_is_named_and_not_the_host() {
        for words in ["dns error", "[5] Could not resolve proxy name", "[5] Couldn't resolve proxy name"] {
            let error = TransportError::new(Kind::Proxy(None), Delivery::NotSent).with_source(words);
            let diagnosis = diagnose_transport(&error, &proxied());
            let shown = diagnosis.to_string();
            assert!(
                shown.starts_with("NET-02 the name of the proxy http://proxy.test:3128 (from HTTPS_PROXY)"),
                "{shown}"
            );
            assert!(diagnosis.remedy.contains("address of the proxy") && !shown.contains("CONNECT"), "{shown}");
        }
    }

    #[test]
    fn refused_tunnel_is_explained_by_its_status() {
        let of = |kind| diagnose_transport(&TransportError::new(kind, Delivery::NotSent), &proxied()).to_string();
        assert!(of(Kind::Proxy(Some(407))).contains("Only the login Basic"));
        for status in [Some(403), Some(502), None] {
            let shown = of(Kind::Proxy(status));
            assert!(shown.contains("NET-02") && shown.contains("http://proxy.test:3128 (from HTTPS_PROXY)"), "{shown}");
            assert!(!shown.contains("requires credentials") && !shown.contains("407"), "{shown}");
        }
    }

    #[test]
    fn unsupported_proxy_is_named_and_no_transport_is_recommended() {
        for missing in [Capability::HttpsProxy, Capability::SocksProxy] {
            let error = TransportError::unsupported(missing, "x");
            let shown = diagnose_transport(&error, &proxied()).to_string();
            assert!(shown.contains("HTTPS_PROXY") && shown.contains("http:// proxies only"), "{shown}");
            assert!(!shown.contains("another transport"), "{shown}");
        }
    }
}
