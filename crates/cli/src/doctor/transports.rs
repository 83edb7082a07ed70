//! `d1 doctor --compare-transports`: the same call over every TLS stack, side by side.

use std::time::Instant;

use super::report::{Mark, Report};
use crate::arguments::DoctorOptions;
use crate::connection::{self, LoadedConnection};
use crate::failure::Failure;
use crate::output::Output;
use crate::table::Table;

const GROUP: &str = "transports";

impl Report {
    /// Adds a check for each stack: what it negotiated, or why it failed.
    pub(super) async fn of_transports(&mut self, found: &LoadedConnection, options: &DoctorOptions, output: Output) {
        let (mut table, mut outcomes) = (Table::default(), Vec::new());
        for connector in digicert_one::transport::all() {
            let info = connector.info();
            let mut connection = options.connection.clone();
            connection.transport = Some(info.name.to_owned());
            output.progress(&format!("calling {} over {}", options.call, info.name));
            let started = Instant::now();
            let called = async {
                let client = connection::over(&connection, found.clone(), output).await?;
                Ok::<_, Failure>(client.get(options.call.as_str()).send().await?)
            };
            let (cells, failure) = match called.await {
                Ok(response) => {
                    let status = format!("status {}", response.status().as_u16());
                    let tls = response.facts().tls_version.map(|version| version.to_string());
                    let http = format!("{:?}", response.version());
                    ([status, tls.unwrap_or_else(|| "TLS ?".to_owned()), http], None)
                }
                Err(failure) => {
                    let code = failure.diagnosis().code.as_str().to_owned();
                    ([code, "-".to_owned(), "-".to_owned()], Some(failure))
                }
            };
            let time = format!("{} ms", started.elapsed().as_millis());
            let [status, tls, http] = cells;
            table.row([status, tls, http, time, info.tls_engine.clone()].map(Some));
            outcomes.push((info.name, failure));
        }
        let is_alone = outcomes.len() == 1;
        for ((name, failure), row) in outcomes.into_iter().zip(table.to_string().lines()) {
            match failure {
                None => self.add(GROUP, name, Mark::Ok, row),
                Some(failure) => {
                    self.failed(GROUP, name, failure);
                    if let Some(check) = self.checks.last_mut() {
                        row.clone_into(&mut check.fact);
                    }
                }
            }
        }
        if is_alone {
            self.skipped(
                GROUP,
                "others",
                "this d1 was built with one transport; install it with --features all-transports",
            );
        }
    }
}
