//! The server: rustls and hyper in a separate process, which is this binary with the argument `serve`.
//!
//! It receives its certificate on standard input, so that no file is left behind; it writes its port to
//! standard output, and ends when standard input closes, which is when the benchmark ends in any way.

use std::convert::Infallible;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use digicert_one_testbed::{ClientSpec, Pki};
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use digicert_one::core::BoxError;

use crate::identity::Identity;

/// The path that is measured: 300 bytes of JSON.
pub(crate) const MEASURED: &str = "/account/api/v1/user/me";
/// The same, after which the server closes the connection.
pub(crate) const MEASURED_ONCE: &str = "/account/api/v1/user/me?once";
/// The path whose response lists the headers of the request, one per line, sorted.
pub(crate) const HEADERS: &str = "/headers";

/// The path that counts the bytes of the body, and keeps none.
pub(crate) const UPLOADED: &str = "/upload";

/// The path whose response says `full` or `resumed`, after which the server closes the connection.
pub(crate) const HANDSHAKE: &str = "/handshake?once";

const END_OF_PEM: &str = "end of pem";

/// Where the server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// Where it asks for a client certificate.
    Mutual,
    OpenWithoutTickets,
    MutualWithoutTickets,
}

impl Door {
    const ALL: [Self; 4] = [Self::Open, Self::Mutual, Self::OpenWithoutTickets, Self::MutualWithoutTickets];

    fn asks(self) -> bool {
        matches!(self, Self::Mutual | Self::MutualWithoutTickets)
    }

    fn gives_tickets(self) -> bool {
        matches!(self, Self::Open | Self::Mutual)
    }
}

/// A running server process; ends when dropped.
pub(crate) struct Server {
    process: Child,
    /// In the order of `Door::ALL`.
    ports: Vec<u16>,
    root_pem: String,
    client: Identity,
}

impl Server {
    /// Starts the process and waits for its port.
    pub(crate) fn start() -> Result<Self, BoxError> {
        let pki = Pki::shared();
        let certificate = pki.server(&["localhost"]);
        let mut process =
            Command::new(std::env::current_exe()?).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        // Not taken out of the process: the pipe must stay open as long as the server is to run.
        let input = process.stdin.as_mut().ok_or("the server has no standard input")?;
        writeln!(input, "{}{}{END_OF_PEM}", certificate.chain_pem(), certificate.key_pem())?;
        writeln!(input, "{}{END_OF_PEM}", pki.root_pem())?;
        input.flush()?;
        let output = process.stdout.take().ok_or("the server has no standard output")?;
        let mut line = String::new();
        io::BufReader::new(output).read_line(&mut line)?;
        let ports = line.split_whitespace().map(str::parse).collect::<Result<Vec<u16>, _>>()?;
        if ports.len() != Door::ALL.len() {
            return Err("the server did not report its ports".into());
        }
        let client = Identity::of(&pki.client(ClientSpec::default()))?;
        Ok(Self { process, ports, root_pem: pki.root_pem().to_owned(), client })
    }

    /// Where it listens.
    pub(crate) fn url(&self, door: Door) -> String {
        format!("https://localhost:{}", self.ports[door as usize])
    }

    /// A client certificate that it accepts where it asks for one.
    pub(crate) fn client(&self) -> &Identity {
        &self.client
    }

    /// The root that its certificate leads to.
    pub(crate) fn root_pem(&self) -> &str {
        &self.root_pem
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server process.
pub(crate) fn serve() -> Result<(), BoxError> {
    let (own, root) = (pem_from_standard_input()?, pem_from_standard_input()?);
    let configs = Door::ALL.iter().map(|door| tls(&own, &root, *door)).collect::<Result<Vec<_>, _>>()?;
    raise_file_limit();
    thread::spawn(|| {
        let mut rest = Vec::new();
        let _ = io::stdin().read_to_end(&mut rest);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ports = Vec::new();
        let mut doors = tokio::task::JoinSet::new();
        for config in configs {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            ports.push(listener.local_addr()?.port().to_string());
            doors.spawn(accept(listener, TlsAcceptor::from(Arc::new(config))));
        }
        println!("{}", ports.join(" "));
        match doors.join_next().await {
            Some(door) => Ok(door??),
            None => Ok(()),
        }
    })
}

/// Ends with an error only.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<()> {
    loop {
        let (tcp, _) = listener.accept().await?;
        tokio::spawn(connection(tcp, acceptor.clone()));
    }
}

/// A thousand clients, each with a connection.
pub(crate) fn raise_file_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

fn pem_from_standard_input() -> io::Result<String> {
    let mut pem = String::new();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == END_OF_PEM {
            break;
        }
        pem.push_str(&line);
        pem.push('\n');
    }
    Ok(pem)
}

fn tls(pem: &str, client_root: &str, door: Door) -> Result<rustls::ServerConfig, BoxError> {
    let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?;
    let builder = if door.asks() {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(client_root.as_bytes())?)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key)?;
    if !door.gives_tickets() {
        config.send_tls13_tickets = 0;
    }
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// A connection that fails is seen by the client, which is where the benchmark ends.
async fn connection(tcp: TcpStream, acceptor: TlsAcceptor) {
    let _ = tcp.set_nodelay(true);
    if let Ok(stream) = acceptor.accept(tcp).await {
        let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        let service = service_fn(|request| async move { Ok::<_, Infallible>(respond(request, resumed).await) });
        let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }
}

async fn respond(request: Request<Incoming>, resumed: bool) -> Response<Full<Bytes>> {
    let once = request.uri().query().is_some();
    let body = match request.uri().path() {
        HEADERS => headers(&request),
        "/handshake" => Bytes::from_static(if resumed { b"resumed" } else { b"full" }),
        UPLOADED => counted(request.into_body()).await,
        _ => Bytes::from_static(&JSON),
    };
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    if once {
        response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    response
}

async fn counted(mut body: Incoming) -> Bytes {
    let mut count = 0;
    while let Some(Ok(frame)) = body.frame().await {
        count += frame.data_ref().map_or(0, Bytes::len);
    }
    count.to_string().into()
}

fn headers(request: &Request<Incoming>) -> Bytes {
    let mut lines: Vec<String> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    lines.concat().into()
}

/// 300 bytes, similar to a response of `user/me`.
static JSON: [u8; 300] = {
    let mut json = [b'x'; 300];
    let (begin, end) = (br#"{"id":"0","status":"active","friendly_name":""#, br#""}"#);
    let mut index = 0;
    while index < begin.len() {
        json[index] = begin[index];
        index += 1;
    }
    (json[298], json[299]) = (end[0], end[1]);
    json
};

#[cfg(test)]
mod tests {
    #[test]
    fn response_is_json() {
        let value: serde_json::Value = serde_json::from_slice(&super::JSON).expect("valid JSON");
        assert_eq!(value["status"], "active");
    }
}
