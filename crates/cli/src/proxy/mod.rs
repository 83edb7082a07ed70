//! `d1 proxy`: programs in any language call DigiCert ONE through it, without a credential of their own. It listens on this machine only,
//! forwards requests with the credential of the profile or the variables, and drains when it is stopped.

mod admission;
mod fleet_notice;
mod forward;
mod headers;
mod listener;
mod log;
mod metrics;
mod patience;
mod response;
mod server;
mod token;
#[cfg(unix)]
mod unix_socket;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use digicert_one::credentials::WatchOptions;
use digicert_one::{Client, HostRole, SystemClock, WatchingCredential};
use serde_json::json;

use self::forward::Forwarder;
use self::listener::Listener;
use self::log::Log;
use self::metrics::Metrics;
use self::server::Server;
use self::token::{Token, TokenFile};
use crate::arguments::ProxyOptions;
use crate::connection::{self, SharedRedis};
use crate::failure::Failure;
use crate::output::Output;
use crate::reference;
use crate::signal::Signal;
use crate::signals::Signals;

/// Serves until a signal, then drains.
pub(crate) async fn run(options: &ProxyOptions, output: Output, signals: &Signals) -> Result<(), Failure> {
    let log = Log::new(output);
    // Callers that connect from now on wait until the credential is read.
    let listeners = Listener::open(options.socket.as_deref(), options.listen)?;
    let (token, _token_file, (client, credential, redis)) = signals
        .unless_received(async {
            let (token, file) = token(options, &listeners).await?;
            Ok((token, file, client(options, output, log).await?))
        })
        .await?;
    let names: Vec<String> = listeners.iter().map(Listener::name).collect();
    let role = [HostRole::Platform, HostRole::ClientAuth];
    let host = role.into_iter().find_map(|role| client.instance().origin(role).ok()).map(ToString::to_string);
    let metrics = Arc::new(Metrics::default());
    let forwarder = Forwarder { client: client.clone(), metrics: Arc::clone(&metrics), log, token };
    let server = Server::start(Arc::new(forwarder), listeners);
    log.listening(&names, &host.unwrap_or_default());
    notify_systemd(ServiceState::Ready);

    let notices = async {
        let Some(redis) = redis else { return std::future::pending().await };
        fleet_notice::follow(redis, options.lock_name.clone(), &client, log, async || reload(&credential, log).await)
            .await
    };
    let (received, signal) = tokio::select! {
        stopped = until_stopped(signals, &credential, log) => stopped,
        never = notices => match never {},
    };
    notify_systemd(ServiceState::Stopping);
    let in_flight = metrics.in_flight();
    let text = format!("{}: stopping, {in_flight} requests in flight", signal.name());
    log.event("stopping", &text, json!({ "signal": signal.name(), "in_flight": in_flight }));
    let cut_off = server
        .drain(async {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(options.drain)) => {}
                _ = signals.after(received) => {}
            }
        })
        .await;
    // For the listeners of the client; its calls are over.
    client.shut_down(Duration::from_secs(1)).await;
    let ended = metrics.ended();
    let text = format!("stopped after {ended} requests, {cut_off} cut off");
    log.event("stopped", &text, json!({ "requests": ended, "cut_off": cut_off }));
    if cut_off == 0 { Ok(()) } else { Err(Failure::Interrupted { signal, changes: true }) }
}

/// The token for the listeners that need one.
async fn token(options: &ProxyOptions, listeners: &[Listener]) -> Result<(Option<Token>, Option<TokenFile>), Failure> {
    let is_needed = listeners.iter().any(Listener::needs_token);
    match (&options.token_file, &options.token_from) {
        (None, None) if is_needed => Err(Failure::Usage(
            "every user of this machine can connect to a loopback address: give --token-file FILE or --token-from REFERENCE"
                .to_owned(),
        )),
        (None, None) => Ok((None, None)),
        _ if !is_needed => Err(Failure::Usage("a token is for loopback addresses: a Unix socket has file permissions".to_owned())),
        (Some(path), _) => Token::create(path).map(|(token, file)| (Some(token), Some(file))),
        (None, Some(reference)) => {
            let secret = reference::secret("--token-from", reference).await?;
            Ok((Some(Token::given(&secret)?), None))
        }
    }
}

/// A client whose credential follows its source.
async fn client(
    options: &ProxyOptions,
    output: Output,
    log: Log,
) -> Result<(Client, WatchingCredential, Option<SharedRedis>), Failure> {
    let chosen = options.connection.setup.clone();
    let setup = tokio::task::spawn_blocking(move || connection::setup(&chosen));
    let setup = setup.await.map_err(|error| Failure::Internal(error.into()))??;
    setup.warnings().iter().for_each(|warning| output.warning(warning));
    let credential = WatchingCredential::lazy(setup.source(), Arc::new(SystemClock::new()), WatchOptions::new())
        .on_event(move |event| log.event("credential", &event.to_string(), json!({ "text": event.to_string() })));
    let (builder, redis) = connection::builder(&options.connection, &setup, output).await?;
    let mut builder = builder.credential(credential.clone()).on_reminder(move |reminder| {
        let text = reminder.to_string();
        log.event("expires_soon", &text, json!({ "text": text, "days": reminder.days }));
    });
    if options.log_requests {
        builder = builder.audit(move |record| log.request(record));
    }
    let client = builder.build()?;
    // Reads the credential, so that one that is not usable is found before the first request.
    client.expiry().await?;
    credential.warnings().iter().for_each(|warning| output.warning(warning));
    Ok((client, credential, redis))
}

/// Waits for the signal that stops the proxy. Without a terminal SIGHUP reads the credential again, as of other services.
async fn until_stopped(signals: &Signals, credential: &WatchingCredential, log: Log) -> (u32, Signal) {
    let mut received = 0;
    loop {
        let signal = signals.after(received).await;
        received += 1;
        if signal != Signal::HangUp || std::io::stderr().is_terminal() {
            return (received, signal);
        }
        tokio::select! {
            () = reload(credential, log) => {}
            // A source that hangs must not keep the proxy from being stopped.
            _ = signals.after(received) => {}
        }
    }
}

async fn reload(credential: &WatchingCredential, log: Log) {
    if let Err(error) = credential.reload().await {
        let text = format!("failed to reload the credential: {error}");
        log.event("reload_failed", &text, json!({ "text": error.to_string() }));
    }
}

/// The notifications for systemd.
#[derive(Clone, Copy)]
enum ServiceState {
    Ready,
    Stopping,
}

#[cfg(unix)]
fn notify_systemd(state: ServiceState) {
    let state = match state {
        ServiceState::Ready => sd_notify::NotifyState::Ready,
        ServiceState::Stopping => sd_notify::NotifyState::Stopping,
    };
    // Nothing listens where it was started by hand.
    let _ = sd_notify::notify(&[state]);
}

#[cfg(not(unix))]
fn notify_systemd(state: ServiceState) {
    // No systemd here.
    let (ServiceState::Ready | ServiceState::Stopping) = state;
}
