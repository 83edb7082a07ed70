//! From options and variables to a client. An option stands in the place of its variable, and errors name whichever was used.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one::core::{Capability, Connector};
use digicert_one::{Client, HttpVersions, Rules, Setting, Setup, Timeouts, TransportConfig, TrustRoots};

use crate::arguments::ConnectionOptions;
use crate::failure::Failure;
use crate::output::Output;

/// A client for these options and the variables of this process.
pub(crate) fn client(options: &ConnectionOptions, output: &Output) -> Result<Client, Failure> {
    let mut setup = Setup::from_environment(&|name| setting(options, name))?;
    if let Some(mode) = options.mode {
        setup = setup.with_mode(mode.into());
    }
    let reading = setup.read(&Rules::at(SystemTime::now()))?;
    for warning in &reading.warnings {
        output.warning(warning);
    }
    let connector = connector(options.transport.as_deref());
    let mut config =
        TransportConfig::new().with_timeouts(Timeouts::new().with_total(Duration::from_secs(options.timeout)));
    if options.http1 {
        config = config.with_http_versions(HttpVersions::Http1);
    }
    if let Some(roots) = setup.roots().map(<[_]>::to_vec) {
        // A stack that cannot do both trusts the given roots alone, which is the narrower choice.
        config = config.with_trust(match connector.capabilities().has(Capability::TrustSystemAnd) {
            true => TrustRoots::SystemAnd(roots),
            false => TrustRoots::Only(roots),
        });
    }
    Ok(Client::builder()
        .instance(setup.instance().clone())
        .credential(reading.fixed())
        .shared_connector(connector)
        .transport_config(config)
        .build()?)
}

fn setting(options: &ConnectionOptions, name: &str) -> Option<Setting> {
    let option = |option: &str, value: OsString| Some(Setting::option(option, value));
    match (name, &options.base, &options.clientauth_base, &options.ca_file) {
        ("DC_BASE", Some(base), _, _) => option("--base", base.into()),
        ("SM_HOST", Some(_), _, _) => None,
        ("DC_CLIENTAUTH_BASE", _, Some(base), _) => option("--clientauth-base", base.into()),
        ("SM_HOST", _, Some(_), _) => None,
        ("DC_CA_FILE", _, _, Some(file)) => option("--ca-file", file.into()),
        ("SM_CA_FILE", _, _, Some(_)) => None,
        _ => Setting::variable(name),
    }
}

fn connector(name: Option<&str>) -> Arc<dyn Connector> {
    let mut connectors = digicert_one::connectors();
    // clap has checked the name against this very list, and the first one is the default.
    let index = name.and_then(|name| connectors.iter().position(|connector| connector.info().name == name));
    connectors.swap_remove(index.unwrap_or(0))
}
