//! `d1 cert verify`: whether a server would accept a certificate. Offline what any server checks; with a host a real handshake and a call,
//! and who decided: the server that did not ask, its TLS, or the platform behind it.

use std::time::SystemTime;

use digicert_one::core::HostRole;
use digicert_one::core::diagnosis::Diagnosis;
use digicert_one::credentials::RawCredential;
use digicert_one::{Code, Config, ReadOptions, Response};
use serde_json::Value;

use super::report::{Mark, Report, WHOAMI};
use crate::arguments::{ConnectionOptions, ModeName, SetupOptions, VerifyOptions};
use crate::cert_file::Input;
use crate::connection::{self, LoadedConnection};
use crate::failure::Failure;
use crate::output::Output;

const GROUP: &str = "server";

/// Checks a file, and asks a server about it.
pub(crate) async fn verify(options: &VerifyOptions, output: Output) -> Result<(), Failure> {
    let mut report = Report::default();
    let mut input = Input::read(&options.input).await?;
    let identity = input.identity(&ReadOptions::at(SystemTime::now()).report_only()).await?;
    let warnings = std::mem::take(&mut input.warnings);
    report.of_certificate(&identity, &warnings);
    report.of_dates(&identity);
    match &options.host {
        Some(host) => report.of_server(host, options, input.raw(), output).await?,
        None => report.skipped(GROUP, "handshake", "not tried; give --host for a real handshake and a call"),
    }
    let mut page = output.page();
    report.print(&mut page);
    output.print(page)?;
    let mut document = report.json();
    document["file"] = Value::from(options.input.file.display().to_string());
    output.document(&document)?;
    report.exit.map_or(Ok(()), |code| Err(Failure::Reported(code)))
}

impl VerifyOptions {
    fn connection(&self, host: &str) -> ConnectionOptions {
        let setup = SetupOptions {
            profile: None,
            mode: Some(ModeName::Certificate),
            base: Some(host.to_owned()),
            clientauth_base: None,
            confirm_host: self.confirm_host.clone(),
            ca_file: self.ca_file.clone(),
            config: None,
        };
        ConnectionOptions {
            transport: self.transport.clone(),
            timeout: self.timeout,
            http1: self.http1,
            no_retry: true,
            ..ConnectionOptions::of(setup)
        }
    }
}

impl Report {
    async fn of_server(
        &mut self,
        host: &str,
        options: &VerifyOptions,
        raw: RawCredential,
        output: Output,
    ) -> Result<(), Failure> {
        let mut connection = options.connection(host);
        let mut setup = connection::setup(&connection.setup);
        let has_role = |setup: &Config| setup.instance().origin(HostRole::ClientAuth).is_ok();
        // An address or localhost has no other host for certificates: it is asked itself.
        if !setup.as_ref().is_ok_and(has_role) {
            connection.setup.clientauth_base = Some(host.to_owned());
            setup = connection::setup(&connection.setup);
        }
        let setup = match setup {
            Ok(setup) => setup,
            Err(error) => {
                self.failed(GROUP, "host", Failure::Setup(error));
                return Ok(());
            }
        };
        if let Ok(origin) = setup.instance().origin(HostRole::ClientAuth) {
            self.add(GROUP, "host", Mark::Ok, format!("certificates are used at {origin}"));
        }
        let reading = tokio::task::spawn_blocking(move || raw.read(&ReadOptions::at(SystemTime::now()).report_only()));
        let reading = match reading.await.map_err(|error| Failure::Internal(error.into()))? {
            Ok(reading) => reading,
            Err(error) => {
                self.failed(GROUP, "handshake", Failure::CertificateFile(error));
                return Ok(());
            }
        };
        let client = match connection::over(&connection, LoadedConnection { setup, reading }, output).await {
            Ok(client) => client,
            Err(failure) => {
                self.failed(GROUP, "handshake", failure);
                return Ok(());
            }
        };
        output.progress(&format!("calling {WHOAMI}"));
        // Whatever the status is, the handshake is over.
        match client.get(WHOAMI).send_raw().await {
            Ok(response) if response.status().is_success() => {
                self.of_handshake(&response);
                match response.json::<Value>().await {
                    Ok(me) => {
                        let name = me["friendly_name"].as_str().unwrap_or("a user without a name");
                        self.add(GROUP, "call", Mark::Ok, format!("accepted: DigiCert ONE authenticates it as {name}"));
                    }
                    Err(error) => self.failed(GROUP, "call", error.into()),
                }
            }
            Ok(response) => {
                self.of_handshake(&response);
                drop(response);
                match client.get(WHOAMI).send().await {
                    Ok(_) => self.add(GROUP, "call", Mark::Ok, "accepted"),
                    Err(error) => self.failed(GROUP, "call", error.into()),
                }
            }
            Err(error) => {
                self.failed(GROUP, "handshake", error.into());
                self.skipped(GROUP, "call", "needs a handshake that succeeds");
            }
        }
        Ok(())
    }

    fn of_handshake(&mut self, response: &Response) {
        let facts = response.facts();
        match (facts.identity_requested, facts.identity_sent) {
            (_, Some(true)) => {
                self.add(
                    GROUP,
                    "handshake",
                    Mark::Ok,
                    "the server asked for a client certificate and accepted this one",
                );
            }
            (Some(false), _) => {
                let fact = "the server did not ask for a client certificate, so it has not looked at this one";
                let mut diagnosis = Diagnosis::of(Code::HO_02, fact);
                diagnosis.cause = "the host is not one for client certificates".to_owned();
                diagnosis.remedy = "give the host whose name begins with clientauth. with --host".to_owned();
                self.warned(GROUP, "handshake", diagnosis);
            }
            _ => self.skipped(
                GROUP,
                "handshake",
                "it succeeded; this transport does not show whether the certificate was sent",
            ),
        }
    }
}
