//! From options and variables to a client. An option stands in the place of its variable, and errors name whichever was used.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one::core::{Capabilities, Code, Connector, Mode};
use digicert_one::credentials::LoadedCredential;
use digicert_one::{
    Client, ClientBuilder, Config, ConfigError, HttpVersions, ReadOptions, Retry, Timeouts, TransportConfig,
    TrustRoots, Variable, Warning,
};

use crate::arguments::{ConnectionOptions, RootList, SetupOptions};
use crate::end_date;
use crate::failure::Failure;
#[cfg(feature = "redis")]
use crate::limiter::SharedLimiter;
use crate::output::Output;
use crate::retry_line;

/// The credential and the settings that were found.
#[derive(Clone)]
pub(crate) struct LoadedConnection {
    pub(crate) setup: Config,
    pub(crate) reading: LoadedCredential,
}

/// The Redis that a fleet shares.
#[cfg(feature = "redis")]
pub(crate) type SharedRedis = digicert_one::redis::RedisConfig;
#[cfg(not(feature = "redis"))]
pub(crate) type SharedRedis = std::convert::Infallible;

/// A client for these options and the variables of this process. Says what should be mended, and whether the credential ends soon.
pub(crate) async fn client(options: &ConnectionOptions, output: &Output) -> Result<Client, Failure> {
    Ok(client_of_fleet(options, output).await?.0)
}

/// The same, and the Redis of its rate limiter.
pub(crate) async fn client_of_fleet(
    options: &ConnectionOptions,
    output: &Output,
) -> Result<(Client, Option<SharedRedis>), Failure> {
    let found = found(options, false).await?;
    for warning in found.reading.warnings.iter().chain(&found.setup.warnings()) {
        output.warning(warning);
    }
    end_date::warn(&found.reading.validity, &profile(options), *output);
    connect(options, found, *output).await
}

/// Reads what these options and the variables of this process name.
pub(crate) async fn found(options: &ConnectionOptions, allow_expired: bool) -> Result<LoadedConnection, Failure> {
    let chosen = options.setup.clone();
    // Reading may run a program or wait for a pipe; Ctrl-C must work meanwhile.
    let reading = tokio::task::spawn_blocking(move || {
        let setup = setup(&chosen)?;
        let reading = setup.read(&ReadOptions::at(SystemTime::now()).allow_expired(allow_expired))?;
        Ok::<_, ConfigError>(LoadedConnection { setup, reading })
    });
    Ok(reading.await.map_err(|error| Failure::Internal(error.into()))??)
}

/// A client for what was found.
pub(crate) async fn over(
    options: &ConnectionOptions,
    found: LoadedConnection,
    output: Output,
) -> Result<Client, Failure> {
    Ok(connect(options, found, output).await?.0)
}

async fn connect(
    options: &ConnectionOptions,
    found: LoadedConnection,
    output: Output,
) -> Result<(Client, Option<SharedRedis>), Failure> {
    let LoadedConnection { setup, reading } = found;
    output.trace(|| {
        let mode = reading.material.mode();
        let host = setup.instance().origin(mode.host_role());
        let proxy = host.as_ref().map_or_else(|_| "none".to_owned(), |origin| setup.proxy().explain(origin));
        let transport = connector(options.transport.as_deref()).info().name;
        format!("mode {mode}, from {}; transport {transport}; proxy {proxy}", reading.source)
    });
    let (builder, redis) = builder(options, &setup, output).await?;
    Ok((builder.credential(reading.fixed()).build()?, redis))
}

/// A builder that lacks the credential only, and the Redis of its rate limiter.
pub(crate) async fn builder(
    options: &ConnectionOptions,
    setup: &Config,
    output: Output,
) -> Result<(ClientBuilder, Option<SharedRedis>), Failure> {
    let (connector, config) = transport(options, setup, output);
    let builder = Client::builder()
        .instance(setup.instance().clone())
        .proxy_rules(setup.proxy().clone())
        .shared_connector(connector)
        .transport_config(config)
        .deadline(limit(options));
    // Only where a user watches: scripts read the attempts in the error.
    let builder = if output.is_watched() { builder.on_retry(retry_line::show) } else { builder };
    let builder = if options.no_retry { builder.retry(Retry::never()) } else { builder };
    #[cfg(feature = "redis")]
    if let Some(shared) = SharedLimiter::find(&options.limiter, setup).await? {
        let redis = shared.config.clone();
        return Ok((builder.rate_limiter(shared.limiter(output).map_err(Failure::Limiter)?), Some(redis)));
    }
    #[cfg(not(feature = "redis"))]
    if setup.profile().is_some_and(|profile| profile.limiter.is_some()) {
        return Err(Failure::Usage("limiter of the profile: this d1 was built without its feature redis".to_owned()));
    }
    Ok((builder, None))
}

/// The name, in reports, of the caller that these options choose.
pub(crate) fn profile(options: &ConnectionOptions) -> String {
    let variable = || std::env::var("DC_PROFILE").ok().filter(|name| !name.is_empty());
    options.setup.profile.clone().or_else(variable).unwrap_or_else(|| "default".to_owned())
}

/// What a caller is authenticated with, in words.
pub(crate) fn name_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Key => "API key",
        Mode::Certificate => "client certificate",
        Mode::Both => "API key and client certificate",
        _ => "no credential",
    }
}

/// The limit of a whole call, as `--timeout` says.
pub(crate) fn limit(options: &ConnectionOptions) -> Duration {
    Duration::from_secs(options.timeout)
}

/// The TLS stack, and what it is to do.
pub(crate) fn transport(
    options: &ConnectionOptions,
    setup: &Config,
    output: Output,
) -> (Arc<dyn Connector>, TransportConfig) {
    let connector = connector(options.transport.as_deref());
    // A limit for connecting that is not the shorter one would hide what the time ran out for.
    let total = limit(options);
    let connect = Timeouts::new().connect().min(total.mul_f64(0.9));
    let timeouts = Timeouts::new().with_total(total).with_connect(connect);
    let mut config = TransportConfig::new().with_timeouts(timeouts);
    if options.http1 {
        config = config.with_http_versions(HttpVersions::Http1);
    }
    let (trust, warning) = trust(options.roots, setup, &connector.capabilities());
    if let Some(text) = warning {
        output.warning(&Warning::new(Code::CFG_02, text, format!("--transport {}", connector.info().name)));
    }
    (connector, config.with_trust(trust))
}

/// The roots of `--roots` and of a CA file; with the text of a warning where a transport cannot have both.
fn trust(list: RootList, setup: &Config, capabilities: &Capabilities) -> (TrustRoots, Option<&'static str>) {
    match (list, setup.roots()) {
        (RootList::System, None) => (TrustRoots::System, None),
        (RootList::System, Some(roots)) => TrustRoots::beside_system(roots.to_vec(), capabilities),
        #[cfg(feature = "mozilla-roots")]
        (RootList::Mozilla, roots) => {
            let mut trust = digicert_one::mozilla_roots();
            if let TrustRoots::Only(all) = &mut trust {
                all.extend_from_slice(roots.unwrap_or_default());
            }
            (trust, None)
        }
    }
}

/// Who is calling whom, by these options and the variables of this process.
pub(crate) fn setup(options: &SetupOptions) -> Result<Config, ConfigError> {
    let setup = Config::standard(&|name| setting(options, name))?;
    Ok(match options.mode {
        Some(mode) => setup.with_mode(mode.into()),
        None => setup,
    })
}

/// A variable, or the option that stands in its place.
pub(crate) fn setting(options: &SetupOptions, name: &str) -> Option<Variable> {
    let option = |option: &str, value: Option<OsString>| value.map(|value| Variable::option(option, value));
    let given = match name {
        "DC_BASE" => option("--base", options.base.clone().map(Into::into)),
        "DC_CLIENTAUTH_BASE" => option("--clientauth-base", options.clientauth_base.clone().map(Into::into)),
        "DC_CONFIRM_HOST" => option("--confirm-host", options.confirm_host.clone().map(Into::into)),
        "DC_CA_FILE" => option("--ca-file", options.ca_file.clone().map(Into::into)),
        "DC_CONFIG" => option("--config", options.config.clone().map(Into::into)),
        "DC_PROFILE" => option("--profile", options.profile.clone().map(Into::into)),
        // The same by another name, which must not contradict what was typed.
        "SM_HOST" if options.base.is_some() || options.clientauth_base.is_some() => return None,
        "SM_CA_FILE" if options.ca_file.is_some() => return None,
        _ => None,
    };
    given.or_else(|| Variable::from_env(name))
}

fn connector(name: Option<&str>) -> Arc<dyn Connector> {
    let mut connectors = digicert_one::transport::all();
    // clap has checked the name against this very list, and the first one is the default.
    let index = name.and_then(|name| connectors.iter().position(|connector| connector.info().name == name));
    connectors.swap_remove(index.unwrap_or(0))
}
