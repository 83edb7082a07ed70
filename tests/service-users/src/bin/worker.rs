//! The process that is killed, and the one that continues after it. Started by `kills.rs` only.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its parent reads what it says")]

use std::process::ExitCode;

use digicert_one_service_users::worker::{ORDER, Order, work};

fn main() -> ExitCode {
    let order = std::env::var(ORDER).ok().and_then(|text| serde_json::from_str::<Order>(&text).ok());
    let Some(order) = order else {
        eprintln!("this is started by the tests of digicert-one-service-users");
        return ExitCode::from(2);
    };
    match work(order) {
        Ok(ending) => {
            println!("{ending}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
