//! What a careless author puts around a sound transport: locks, caches, fallbacks, verbose output.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use digicert_one_core::{
    Connector as _, Delivery, Exchange, Proxy, ResponseBody, TlsVersion, TlsVersions, Transport, TransportConfig,
    TransportError, TransportErrorKind as Kind,
};
use http::{HeaderValue, Method, Request, Response, Uri};

use crate::transport::{Connector, Ended};

type Inner = Arc<dyn Transport>;

/// A wrapper, what it remembers, and what it does around a call.
macro_rules! wrapper {
    ($(#[doc = $doc:literal])+ $name:ident { $($field:ident: $type:ty),* } = $new:expr, |$self:ident, $request:ident| $call:expr) => {
        $(#[doc = $doc])+
        pub(crate) struct $name { inner: Inner, $($field: $type),* }

        impl $name {
            pub(crate) fn around(inner: Inner, config: &TransportConfig) -> Arc<dyn Transport> {
                let new: fn(Inner, &TransportConfig) -> $name = $new;
                Arc::new(new(inner, config))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        #[async_trait::async_trait]
        impl Transport for $name {
            async fn send(&self, $request: Request<Bytes>) -> Ended {
                let $self = self;
                $call
            }

            async fn upload(&self, request: Request<digicert_one_core::UploadBody>) -> Ended {
                self.inner.upload(request).await
            }
        }
    };
}

/// The same configuration, for a second way.
fn sound(config: &TransportConfig) -> Inner {
    Connector::sound().connect(config).expect("it was honoured before")
}

fn failed(kind: Kind, why: impl Into<String>) -> TransportError {
    TransportError::new(kind, Delivery::NotSent).with_source(why.into())
}

wrapper! {
    /// One call at a time.
    Serial { lock: tokio::sync::Mutex<()> } = |inner, _| Serial { inner, lock: tokio::sync::Mutex::default() },
    |this, request| {
        let _one = this.lock.lock().await;
        this.inner.send(request).await
    }
}

wrapper! {
    /// Equal GETs share one response.
    Shared { last: tokio::sync::Mutex<HashMap<Uri, (u16, Bytes)>> } = |inner, _| Shared { inner, last: tokio::sync::Mutex::default() },
    |this, request| {
        if request.method() != Method::GET {
            return this.inner.send(request).await;
        }
        let uri = request.uri().clone();
        let is_first = this.last.try_lock().is_ok();
        let mut last = this.last.lock().await;
        if let Some((status, body)) = last.remove(&uri).filter(|_| !is_first) {
            let mut response = Response::new(ResponseBody::full(body));
            *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
            return Ok(Exchange::new(response, digicert_one_core::ConnectionFacts::unknown()));
        }
        let exchange = this.inner.send(request).await?;
        let (head, body) = exchange.response.into_parts();
        let body = body.collect(usize::MAX).await?;
        last.insert(uri, (head.status.as_u16(), body.clone()));
        Ok(Exchange::new(Response::from_parts(head, ResponseBody::full(body)), exchange.facts))
    }
}

wrapper! {
    /// A place of a pool of thirty is given back on the line after the call.
    Permits { places: AtomicUsize } = |inner, _| Permits { inner, places: AtomicUsize::new(30) },
    |this, request| {
        if this.places.load(Ordering::Relaxed) == 0 {
            std::future::pending::<()>().await;
        }
        this.places.fetch_sub(1, Ordering::Relaxed);
        let ended = this.inner.send(request).await;
        this.places.fetch_add(1, Ordering::Relaxed);
        ended
    }
}

wrapper! {
    /// After twenty failures in all, every call fails.
    Breaker { failures: AtomicUsize } = |inner, _| Breaker { inner, failures: AtomicUsize::new(0) },
    |this, request| {
        if this.failures.load(Ordering::Relaxed) >= 20 {
            return Err(failed(Kind::Other, "the circuit is open"));
        }
        let ended = this.inner.send(request).await;
        this.failures.fetch_add(usize::from(ended.is_err()), Ordering::Relaxed);
        ended
    }
}

wrapper! {
    /// It counts its calls in a small number.
    Dead { calls: AtomicUsize } = |inner, _| Dead { inner, calls: AtomicUsize::new(0) },
    |this, request| match this.calls.fetch_add(1, Ordering::Relaxed) {
        0..100 => this.inner.send(request).await,
        _ => Err(failed(Kind::Other, "no number is left")),
    }
}

wrapper! {
    /// It connects to its proxy when it is made.
    Eager {} = |inner, config| {
        if let Proxy::Http(uri) = config.proxy() {
            let place = uri.authority().map_or("", |authority| authority.as_str());
            let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
            drop(std::net::TcpStream::connect(place));
        }
        Eager { inner }
    },
    |this, request| this.inner.send(request).await
}

wrapper! {
    /// It blocks the thread on which it is called, as a wrapper of a blocking library does.
    Busy {} = |inner, _| Busy { inner },
    |this, request| {
        let inner = Arc::clone(&this.inner);
        let runtime = tokio::runtime::Handle::current();
        std::thread::spawn(move || runtime.block_on(inner.send(request))).join().expect("the thread ends")
    }
}

wrapper! {
    /// It writes requests to the standard error stream.
    Prints {} = |inner, _| Prints { inner },
    |this, request| {
        print(&format!("> {} {:?} {:?}", request.method(), request.headers().get("x-api-key"), request.body()));
        this.inner.send(request).await
    }
}

#[expect(clippy::print_stderr, reason = "the defect")]
fn print(text: &str) {
    eprintln!("{text}");
}

wrapper! {
    /// It takes a user and a password from the home directory.
    Netrc {} = |inner, _| Netrc { inner },
    |this, request| {
        let mut request = request;
        let file = std::env::var_os("HOME").map(|home| std::path::PathBuf::from(home).join(".netrc"));
        if file.is_some_and(|file| file.exists()) {
            request.headers_mut().insert("authorization", HeaderValue::from_static("Basic dTpw"));
        }
        this.inner.send(request).await
    }
}

wrapper! {
    /// It heeds the exceptions of the environment.
    Exceptions { direct: Inner } = |inner, config| {
        let direct = sound(&config.clone().with_proxy(Proxy::None));
        Exceptions { inner, direct }
    },
    |this, request| match std::env::var_os("NO_PROXY") {
        Some(_) => this.direct.send(request).await,
        None => this.inner.send(request).await,
    }
}

wrapper! {
    /// Its errors quote the address of the proxy, password and all.
    Quotes { proxy: String } = |inner, config| {
        let proxy = match config.proxy() {
            Proxy::Http(uri) => uri.to_string(),
            _ => String::new(),
        };
        Quotes { inner, proxy }
    },
    |this, request| this.inner.send(request).await.map_err(|error| {
        let quoting = TransportError::new(error.kind(), error.delivery()).with_facts(error.facts().clone());
        quoting.with_source(format!("while using {}", this.proxy))
    })
}

wrapper! {
    /// It reports its configuration, not what it observed.
    Claims { is_proven: bool } = |inner, config| Claims { inner, is_proven: config.identity().is_some() },
    |this, request| {
        let mut exchange = this.inner.send(request).await?;
        exchange.facts.identity_sent = Some(this.is_proven);
        exchange.facts.identity_requested = Some(this.is_proven);
        exchange.facts.tls_version = Some(TlsVersion::Tls13);
        Ok(exchange)
    }
}

wrapper! {
    /// It makes an error of a status.
    Tells {} = |inner, _| Tells { inner },
    |this, request| {
        let exchange = this.inner.send(request).await?;
        match exchange.response.status().is_server_error() {
            true => Err(TransportError::new(Kind::Other, Delivery::Sent).with_source("the server failed")),
            false => Ok(exchange),
        }
    }
}

wrapper! {
    /// It goes where `Alt-Svc` says from then on.
    Alternatives { port: Mutex<Option<u16>> } = |inner, _| Alternatives { inner, port: Mutex::default() },
    |this, request| {
        let mut request = request;
        let port = *this.port.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(port), Some(host)) = (port, request.uri().host()) {
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
            *request.uri_mut() = format!("https://{host}:{port}{target}").parse().expect("an address");
        }
        let exchange = this.inner.send(request).await?;
        let reported = exchange.response.headers().get("alt-svc").and_then(|value| value.to_str().ok());
        let port = reported.and_then(|value| value.split_once("\":")?.1.split('"').next()?.parse().ok());
        if port.is_some() {
            *this.port.lock().unwrap_or_else(PoisonError::into_inner) = port;
        }
        Ok(exchange)
    }
}

wrapper! {
    /// It tries without TLS where there is none.
    Clear {} = |inner, _| Clear { inner },
    |this, request| {
        let ended = this.inner.send(request.clone()).await;
        let is_clear = ended.as_ref().is_err_and(|error| error.kind() == Kind::NotTls);
        if !is_clear {
            return ended;
        }
        let mut next = request;
        *next.uri_mut() = next.uri().to_string().replacen("https", "http", 1).parse().expect("an address");
        this.inner.send(next).await
    }
}

wrapper! {
    /// It tries TLS 1.2 where a handshake failed.
    Weaker { old: Inner } = |inner, config| {
        let old = sound(&config.clone().with_tls_versions(TlsVersions::Only(TlsVersion::Tls12)));
        Weaker { inner, old }
    },
    |this, request| {
        let ended = this.inner.send(request.clone()).await;
        match ended.as_ref().is_err_and(|error| matches!(error.kind(), Kind::PeerAlert(_) | Kind::Tls)) {
            true => this.old.send(request).await,
            false => ended,
        }
    }
}

wrapper! {
    /// It does without a proxy that is not there.
    Direct { direct: Inner } = |inner, config| {
        let direct = sound(&config.clone().with_proxy(Proxy::None));
        Direct { inner, direct }
    },
    |this, request| {
        let ended = this.inner.send(request.clone()).await;
        match ended.as_ref().is_err_and(|error| error.kind() == Kind::Proxy(None)) {
            true => this.direct.send(request).await,
            false => ended,
        }
    }
}
