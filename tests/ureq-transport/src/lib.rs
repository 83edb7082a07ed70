//! A transport over a blocking library: ureq 3 on rustls, moved off the executor by the crate `blocking`.
//!
//! Each call has its own ureq agent, because an agent is the only part of ureq that can be shut down from
//! outside: that is how a dropped call ends. `pool.rs` keeps the agents between calls, `config.rs` has the
//! configuration of ureq, `wire.rs` the layer between ureq and the socket, `error.rs` the error mapping.

mod config;
mod error;
mod pool;
mod stage;
mod wire;

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use blocking::unblock;
use bytes::Bytes;
use digicert_one_core::{
    Capabilities, Capability, ConnectionFacts, ConnectorInfo, Exchange, ResponseBody, Transport, TransportConfig,
    TransportError, TransportErrorKind as Kind, TrustRoots, frame_body,
};
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use crate::error::{local, of_body, of_call};
use crate::pool::Pool;

/// Creates transports that block on their own threads.
#[derive(Debug)]
pub struct Connector;

impl digicert_one_core::Connector for Connector {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("ureq", "ureq 3", "rustls 0.23 / aws-lc-rs")
    }

    fn capabilities(&self) -> Capabilities {
        use Capability::*;
        [ClientIdentity, Ed25519Identity, TrustOnly, Tls12, Tls13, NameOverride]
            .into_iter()
            .chain([AlertDetail, PeerFaultDetail, TimeoutPhase, ReuseFact])
            .fold(Capabilities::none(), Capabilities::with)
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let roots = match config.trust() {
            TrustRoots::Only(_) => config.trust().given()?,
            TrustRoots::System => return Err(TransportError::unsupported(Capability::TrustSystem, "only given roots")),
            _ => return Err(TransportError::unsupported(Capability::TrustSystemAnd, "only given roots")),
        };
        if let Some(proxy) = config.proxy().address().map_err(|error| local(Kind::Config, error))? {
            return Err(TransportError::unsupported(proxy.capability(), "no proxy"));
        }
        let agent = config::agent(config, config::tls(config, roots)?);
        Ok(Arc::new(Blocking { pool: Pool::new(agent), config: config.clone() }))
    }
}

struct Blocking {
    pool: Pool,
    config: TransportConfig,
}

impl std::fmt::Debug for Blocking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Transport for Blocking {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        if request.uri().authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(local(Kind::Config, "a user or password before the host"));
        }
        frame_body(&mut request);
        // The version of the request decides nothing; ureq would write it down.
        *request.version_mut() = http::Version::HTTP_11;
        let (start, total) = (Instant::now(), self.config.timeouts().total().min(config::FAR));
        let left = move |limit: Duration| limit.min(total).saturating_sub(start.elapsed());
        let connect = self.config.timeouts().connect();
        let line = match self.pool.take(request.uri()) {
            Some(line) => line,
            None => {
                let (uri, names) = (request.uri().clone(), self.config.name_overrides().to_vec());
                let addresses = unblock(move || wire::resolve(&uri, &names, left(connect))).await?;
                self.pool.line(request.uri(), addresses)
            }
        };
        let (agent, stage) = (line.agent(), line.stage());
        let sent = unblock(move || wire::run(&agent, request, left(connect), left(Duration::MAX))).await;
        let mut facts = ConnectionFacts::unknown();
        facts.reused = stage.reused();
        let response = sent.map_err(|error| of_call(error, &stage).with_facts(facts.clone()))?;
        let about = facts.clone();
        let body = response.map(|body| {
            // The connection moves along with the reader, into each read: dropping either closes the connection.
            let chunks = stream::try_unfold((body.into_reader(), line), move |(mut reader, line)| {
                let about = about.clone();
                async move {
                    let (reader, chunk) = unblock(move || {
                        let chunk = chunk(&mut reader);
                        (reader, chunk)
                    })
                    .await;
                    let chunk = chunk.map_err(|error| of_body(error).with_facts(about))?;
                    if chunk.is_empty() {
                        line.give_back();
                        return Ok::<_, TransportError>(None);
                    }
                    Ok(Some((Frame::data(chunk), (reader, line))))
                }
            });
            ResponseBody::new(StreamBody::new(chunks))
        });
        Ok(Exchange::new(body, facts))
    }
}

fn chunk(reader: &mut impl Read) -> io::Result<Bytes> {
    let mut buffer = vec![0; 16 << 10];
    let length = reader.read(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer.into())
}
