//! `d1 doctor`: what a call would use and meet, in the order in which it travels: configuration, credential, network and TLS, platform. Each
//! check is a mark, a fact and, where something is wrong, a code with cause and remedy. Nothing is sent unless `--online` is given.

mod bundle;
mod certificate;
mod credential;
mod junit;
mod report;
mod transports;

use std::future::pending;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, SystemTime};

use digicert_one::core::diagnosis::{Diagnosis, Side};
use digicert_one::core::{Expiry, ExpiryCause, HostRole, Mode, Origin, printable_line};
use digicert_one::{Client, Code, Config, ReadOptions, Response};
use http::HeaderMap;
use http::header::{AGE, DATE};
use serde_json::{Value, json};

use crate::arguments::DoctorOptions;
use crate::call::Sent;
use crate::connection::{self, LoadedConnection};
use crate::end_date;
use crate::error_response::ErrorResponse;
use crate::expiry::EndDates;
use crate::failure::Failure;
use crate::output::Output;
use crate::signals::Signals;

use self::bundle::Bundle;
pub(crate) use self::certificate::verify;
pub(crate) use self::report::WHOAMI;
use self::report::{Mark, Report};
use crate::whole_file::{Existing, Readers, write_whole};

/// Beyond this, credentials seem to begin late or end early.
const CLOCK: Duration = Duration::from_secs(5 * 60);

/// Checks everything, and says what it could not check. A signal ends the checks; what they found is shown.
pub(crate) async fn run(options: &DoctorOptions, output: &Output, signals: &Signals) -> Result<(), Failure> {
    let (document, exit) = examine(options, output, Some(signals)).await?;
    output.document(&document)?;
    exit.map_or(Ok(()), |code| Err(Failure::Reported(code)))
}

/// The same without the document, which is returned with the exit code: of the first check that failed, or of the signal. Without signals,
/// they end the command that calls this.
pub(crate) async fn examine(
    options: &DoctorOptions,
    output: &Output,
    signals: Option<&Signals>,
) -> Result<(Value, Option<u8>), Failure> {
    let mut report = Report::default();
    let received = async {
        match signals {
            Some(signals) => signals.first().await,
            None => pending().await,
        }
    };
    let interrupted = tokio::select! {
        outcome = report.check(options, output) => outcome.map(|()| None)?,
        signal = received => Some(signal),
    };
    if let Some(signal) = interrupted {
        report.skipped("platform", "interrupted", &format!("{} ended the checks", signal.name()));
        report.exit = Some(signal.exit_code());
    }
    let mut document = report.json();
    let mut page = output.page();
    report.print(&mut page);
    output.print(page)?;
    if let Some(path) = &options.junit {
        write(path, junit::of(&report).as_bytes(), Readers::All, "<")?;
        output.text(&format!("wrote the checks as JUnit XML to {}", path.display()))?;
    }
    if let Some(path) = &options.bundle {
        let bundle = Bundle::of(&options.connection.setup, &document).await?;
        write(path, bundle.text().as_bytes(), Readers::Owner, bundle::BEGIN)?;
        output.text(&format!("wrote {}\n{}", path.display(), bundle.contents()))?;
        document["bundle"] = json!({ "file": path, "contents": bundle.parts() });
    }
    Ok((document, report.exit))
}

fn write(path: &Path, content: &[u8], readers: Readers, begin: &'static str) -> Result<(), Failure> {
    write_whole(path, content, readers, Existing::ReplaceBeginning(begin)).map_err(|source| Failure::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

impl Report {
    async fn check(&mut self, options: &DoctorOptions, output: &Output) -> Result<(), Failure> {
        let chosen = options.connection.setup.clone();
        let setup = tokio::task::spawn_blocking(move || connection::setup(&chosen)).await;
        let setup = setup.map_err(|error| Failure::Internal(error.into()))?;
        let found = match setup {
            Ok(setup) => self.of_setup(setup, &options.connection).await?,
            Err(error) => {
                self.failed("configuration", "setup", Failure::Setup(error));
                self.skipped("credential", "credential", "needs a configuration that can be read");
                None
            }
        };
        match found {
            Some(found) if options.online => {
                self.of_call(found.clone(), options, *output).await?;
                if options.compare_transports {
                    self.of_transports(&found, options, *output).await;
                }
            }
            Some(_) => self.skipped("platform", "call", "not sent; give --online for a real call"),
            None => self.skipped("platform", "call", "needs a credential that can be used"),
        }
        Ok(())
    }

    /// Hosts, trust and proxy; then the credential, where it can be read.
    async fn of_setup(
        &mut self,
        setup: Config,
        options: &crate::arguments::ConnectionOptions,
    ) -> Result<Option<LoadedConnection>, Failure> {
        const GROUP: &str = "configuration";
        for role in [HostRole::Platform, HostRole::ClientAuth] {
            match setup.instance().origin(role) {
                Ok(origin) => self.add(GROUP, "host", Mark::Ok, format!("{} at {origin}", of_role(role))),
                Err(error) => self.skipped(GROUP, "host", &error.to_string()),
            }
        }
        let trust = match setup.roots() {
            Some(roots) => {
                let roots = match roots.len() {
                    1 => "1 certificate".to_owned(),
                    several => format!("{several} certificates"),
                };
                format!("{} and {roots} of the CA file", options.roots.as_str())
            }
            None => options.roots.as_str().to_owned(),
        };
        self.add(GROUP, "trust", Mark::Ok, trust);
        for warning in setup.warnings() {
            self.warned(GROUP, "setup", credential::diagnosis(&warning));
        }
        let reading = {
            let setup = setup.clone();
            let rules = ReadOptions::at(SystemTime::now()).report_only();
            tokio::task::spawn_blocking(move || setup.read(&rules)).await
        };
        let found = match reading.map_err(|error| Failure::Internal(error.into()))? {
            Ok(reading) => LoadedConnection { setup, reading },
            Err(error) => {
                self.failed("credential", "credential", Failure::Setup(error));
                return Ok(None);
            }
        };
        let mode = found.reading.material.mode();
        if let Ok(origin) = found.setup.instance().origin(mode.host_role()) {
            self.add(GROUP, "proxy", Mark::Ok, found.setup.proxy().explain(origin));
        }
        self.of_credential(&found);
        Ok(Some(found))
    }

    /// A real call: names, TLS, who the platform takes the caller for, and its clock.
    async fn of_call(
        &mut self,
        found: LoadedConnection,
        options: &DoctorOptions,
        output: Output,
    ) -> Result<(), Failure> {
        const GROUP: &str = "platform";
        let mode = found.reading.material.mode();
        let origin = found.setup.instance().origin(mode.host_role()).ok().cloned();
        let mut dates = EndDates::known(&found);
        let is_direct = origin.as_ref().is_some_and(|origin| found.setup.proxy().describe(origin).is_none());
        match origin {
            Some(origin) if is_direct => self.of_name(origin).await?,
            _ => self.skipped("network", "name", "a proxy looks the host up"),
        }
        let client = match connection::over(&options.connection, found, output).await {
            Ok(client) => client,
            Err(failure) => {
                self.failed(GROUP, "call", failure);
                return Ok(());
            }
        };
        output.progress(&format!("calling {}", options.call));
        match client.get(options.call.as_str()).send_relayed().await {
            Ok(response) if response.diagnosis().is_some() => {
                self.of_connection(&response, mode);
                if let Some(error) = ErrorResponse::of(&response) {
                    self.failed(GROUP, "call", error.into());
                }
                self.of_date(response.headers());
            }
            Ok(response) => {
                self.of_connection(&response, mode);
                self.add(GROUP, "call", Mark::Ok, format!("a response with the status {}", response.status()));
                self.of_date(response.headers());
                // The sign-in page of a proxy is a success only by its status; a body may break off, or be none of a user.
                let read = match response.is_web_page() {
                    _ if options.call == WHOAMI => response.json::<Sent>().await.map(|sent| sent.fields()),
                    true => response.json::<serde_json::Value>().await,
                    false => response.bytes().await.map(|body| serde_json::from_slice(&body).unwrap_or_default()),
                };
                match read {
                    Ok(body) => {
                        self.of_caller(&body, options);
                        self.of_end_dates(&mut dates, &client).await;
                    }
                    Err(error) => self.failed(GROUP, "response", error.into()),
                }
            }
            // Nothing was sent, for what a check above has reported.
            Err(error) if self.exit.is_some() && error.diagnosis().side() == Side::Local => {
                self.skipped("network", "connection", "needs a credential that can be used");
            }
            Err(error) => {
                let (group, id) = if error.status().is_some() { (GROUP, "call") } else { ("network", "connection") };
                self.failed(group, id, error.into());
            }
        }
        Ok(())
    }

    /// Who the caller is on the platform, as the default call shows it.
    fn of_caller(&mut self, body: &Value, options: &DoctorOptions) {
        const GROUP: &str = "platform";
        if options.call != WHOAMI {
            return self.skipped(GROUP, "caller", "--call asks for something else; `d1 whoami` shows the caller");
        }
        let Some(name) = body["friendly_name"].as_str() else {
            return self.skipped(GROUP, "caller", "the response names no user");
        };
        let kind = body["user_type"].as_str().unwrap_or("unknown");
        let other = body["status"].as_str().filter(|status| !status.eq_ignore_ascii_case("active"));
        let status = other.map(|status| format!(", status {}", printable_line(status))).unwrap_or_default();
        let fact = format!("{} (type {}{status})", printable_line(name), printable_line(kind));
        self.add(GROUP, "caller", Mark::Ok, fact);
        let roles: Vec<&str> = body["roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        match roles.is_empty() {
            true => self.skipped(GROUP, "roles", "the platform names none"),
            false => self.add(GROUP, "roles", Mark::Ok, printable_line(&roles.join(", ")).to_string()),
        }
    }

    /// The end dates that only the platform knows.
    async fn of_end_dates(&mut self, dates: &mut EndDates, client: &Client) {
        const GROUP: &str = "platform";
        let unknown: Vec<ExpiryCause> = dates.unknown().map(|end| end.cause).collect();
        if let Err(failure) = dates.ask(client).await {
            return self.skipped(GROUP, "end date", &failure.diagnosis().summary);
        }
        for end in dates.ends.iter().filter(|end| unknown.contains(&end.cause)) {
            match &end.ends {
                Ok(known) => self.of_end_date(GROUP, "end date", Expiry::new(known.at, end.cause)),
                Err(why) => self.skipped(GROUP, "end date", &format!("{}: {why}", end.cause)),
            }
        }
    }

    async fn of_name(&mut self, origin: Origin) -> Result<(), Failure> {
        let place = (origin.host().trim_matches(['[', ']']).to_owned(), origin.port());
        let looked_up = tokio::task::spawn_blocking(move || place.to_socket_addrs().map(Vec::from_iter)).await;
        match looked_up.map_err(|error| Failure::Internal(error.into()))? {
            Ok(addresses) => {
                let (new, old): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses.iter().partition(|one| one.is_ipv6());
                let plural = if addresses.len() == 1 { "" } else { "es" };
                let fact = format!("{}: {} IPv4 and {} IPv6 address{plural}", origin.host(), old.len(), new.len());
                self.add("network", "name", Mark::Ok, fact);
            }
            // What that means for the call, the call itself shows.
            Err(error) => {
                self.add("network", "name", Mark::Warning, format!("{} is not found: {error}", origin.host()))
            }
        }
        Ok(())
    }

    /// What was seen of the connection, whatever the response says.
    fn of_connection(&mut self, response: &Response, mode: Mode) {
        let facts = response.facts();
        let tls = facts.tls_version.map_or_else(|| "an unknown TLS version".to_owned(), |version| version.to_string());
        self.add("network", "connection", Mark::Ok, format!("{tls}, {:?}, to {}", response.version(), response.host()));
        match &facts.server_certificate {
            Some(certificate) => self.add(
                "network",
                "server",
                Mark::Ok,
                format!("the server's certificate is issued by {}", certificate.issuer),
            ),
            None => self.skipped("network", "server", "this transport does not show the server's certificate"),
        }
        if matches!(mode, Mode::Certificate | Mode::Both) {
            match (facts.identity_requested, facts.identity_sent) {
                (_, Some(true)) => self.add("network", "client certificate", Mark::Ok, "asked for and sent"),
                (Some(false), _) => match response.warning() {
                    Some(warning) => self.warned("network", "client certificate", warning.clone()),
                    None => self.add("network", "client certificate", Mark::Warning, "the server did not ask for it"),
                },
                _ => self.skipped("network", "client certificate", "this transport does not show whether it was sent"),
            }
        }
    }

    /// The clock, by the date of a response.
    fn of_date(&mut self, headers: &HeaderMap) {
        let date = headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let Some(date) = date else {
            return self.skipped("platform", "clock", "the response has no date");
        };
        // A cache gives the age of what it had.
        let age = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse().ok()).unwrap_or_default();
        let server = date.checked_add(Duration::from_secs(age)).unwrap_or(date);
        self.of_clock(SystemTime::now(), server);
    }

    fn of_clock(&mut self, now: SystemTime, server: SystemTime) {
        let (off, direction) = match now.duration_since(server) {
            Ok(ahead) => (ahead, "ahead of"),
            Err(behind) => (behind.duration(), "behind"),
        };
        if off < CLOCK {
            return self.add("platform", "clock", Mark::Ok, format!("{} seconds from the platform's", off.as_secs()));
        }
        let fact = format!("this machine's clock is {} {direction} the server's", end_date::span(off));
        let mut diagnosis = Diagnosis::of(Code::ID_09, fact);
        diagnosis.cause =
            "one of the two is wrong; this machine judges the dates of certificates and end dates by its own"
                .to_owned();
        diagnosis.remedy = "compare the time of this machine with the real one, and set it (NTP)".to_owned();
        self.warned("platform", "clock", diagnosis);
    }
}

fn of_role(role: HostRole) -> &'static str {
    match role {
        HostRole::ClientAuth => "certificates",
        _ => "API keys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_that_differs_is_named_with_its_direction() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000_000);
        let fact = |server: SystemTime| {
            let mut report = Report::default();
            report.of_clock(now, server);
            report.checks.remove(0).fact
        };
        assert_eq!(fact(now - Duration::from_secs(7200)), "this machine's clock is 2 hours ahead of the server's");
        assert_eq!(fact(now + Duration::from_secs(7200)), "this machine's clock is 2 hours behind the server's");
        assert_eq!(fact(now + Duration::from_secs(9)), "9 seconds from the platform's");
    }
}
