//! `d1`, the command. This file reads the command line, runs one command under Ctrl-C, and turns its outcome into output and an exit
//! code; each command has a file of its own.
//!
#![doc = include_str!("../README.md")]

mod account;
mod arguments;
mod call;
mod cert_file;
mod child;
mod command_docs;
mod connection;
mod csc;
mod demo;
mod doctor;
mod emulator;
mod end_date;
mod env;
mod env_lines;
mod error_response;
mod expiry;
mod explain;
mod failure;
#[cfg(feature = "redis")]
mod fleet;
#[cfg(feature = "redis")]
mod fleet_rotation;
mod import;
mod init;
#[cfg(feature = "jq")]
mod jq;
mod json_text;
#[cfg(feature = "redis")]
mod limiter;
mod list;
mod output;
mod page;
mod places;
mod private_directory;
mod prompt;
mod proxy;
mod recover;
mod reference;
mod retry_line;
mod run;
mod signal;
mod signals;
mod table;
mod trace;
mod usage;
mod whole_file;
mod workflow;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches;

use self::arguments::{
    AccountCommand, Arguments, CertCommand, Command, CscCommand, FleetCommand, RoleCommand, ServiceUserCommand,
    TokenCommand, layout, pasted, path,
};
use self::failure::Failure;
use self::output::Output;
use self::page::ColorChoice;
use self::signals::Signals;

fn main() -> ExitCode {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let arguments = match parse(&typed) {
        Ok(arguments) => arguments,
        Err(error) if usage::wants_json(&typed) && !usage::is_request(&error) => {
            return Output::new(true, ColorChoice::Never).failed(&usage::failure(&error));
        }
        Err(error) => return usage::print(&error, usage::color(&typed)),
    };
    let output = Output::new(arguments.json, arguments.color).verbose(arguments.verbose);
    #[cfg(feature = "jq")]
    let output = match arguments.jq.as_deref().map(jq::Filter::new).transpose() {
        // As long as this process: an output is copied freely.
        Ok(filter) => output.filtered(filter.map(|filter| &*Box::leak(Box::new(filter)))),
        Err(error) => return output.failed(&error.into()),
    };
    if let Err(error) = trace::start(arguments.verbose) {
        return output.failed(&Failure::Internal(error));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failed(&Failure::Internal(error.into())),
    };
    let outcome = runtime.block_on(async {
        let signals = Signals::listen().map_err(|error| Failure::Internal(error.into()))?;
        #[cfg(feature = "jq")]
        if arguments.jq.is_some() {
            tokio::spawn(end_with_its_filter(signals.clone()));
        }
        tokio::select! {
            outcome = run(&arguments.command, &output, &signals) => outcome,
            signal = signals.first(), if !arguments.command.hears_interrupts() => match arguments.command {
                // It runs until it is stopped: a signal is the proper end.
                Command::Emulator(_) => Ok(()),
                _ => Err(Failure::Interrupted { signal, changes: arguments.command.changes() }),
            },
        }
    });
    // Blocking name look-ups of an interrupted call must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failed(&failure),
    }
}

/// A filter may loop endlessly between two values, where signals are not checked: it gets as long as an interrupted task, and some more.
#[cfg(feature = "jq")]
async fn end_with_its_filter(signals: Signals) {
    let signal = signals.first().await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    std::process::exit(signal.exit_code().into());
}

/// The command line, if it holds no secret.
fn parse(typed: &[OsString]) -> Result<Arguments, clap::Error> {
    let mut command = arguments::parser();
    let matches = command.try_get_matches_from_mut(typed).map_err(path::scrubbed)?;
    pasted::check(&command, &matches)?;
    Arguments::from_arg_matches(&matches).map_err(path::scrubbed)
}

async fn run(command: &Command, output: &Output, signals: &Signals) -> Result<(), Failure> {
    match command {
        Command::Demo(options) if options.midnight => demo::midnight::run(output).await,
        Command::Demo(_) => demo::run(output).await,
        Command::Emulator(options) => emulator::run(options, output, signals).await,
        Command::Whoami(options) => call::whoami(options, output).await,
        Command::Call(options) => call::call(options, output).await,
        Command::List(options) => list::list(options, output, signals).await,
        Command::Env(options) => env::run(options, output).await,
        Command::Import(options) => import::run(options, output).await,
        Command::Init(options) => init::run(options, output).await,
        Command::Doctor(options) => doctor::run(options, output, signals).await,
        Command::Expiry(options) => expiry::run(options, output).await,
        Command::Explain(options) => explain::run(options, *output),
        Command::Connection(_) => usage::help_of(layout::CONNECTION, *output),
        Command::Completions(options) => command_docs::completions(options, *output),
        Command::Man(options) => command_docs::man(options, *output),
        Command::ServiceUser(command) => service_user(command, *output, signals).await,
        Command::Token(command) => token(command, *output, signals).await,
        Command::Cert(command) => cert(command, *output, signals).await,
        Command::Run(options) => run::run(options, *output, signals).await,
        Command::Proxy(options) => proxy::run(options, *output, signals).await,
        Command::Recover(options) => recover::run(options, *output).await,
        Command::Resume(options) => workflow::resume(options, *output, signals).await,
        Command::AuditLog(options) => account::audit_log(options, *output).await,
        Command::Account(AccountCommand::List(options)) => account::accounts(options, *output).await,
        Command::Role(RoleCommand::List(options)) => account::roles(options, *output).await,
        #[cfg(feature = "redis")]
        Command::Fleet(FleetCommand::Status(options)) => fleet::status(options, *output).await,
        #[cfg(not(feature = "redis"))]
        Command::Fleet(FleetCommand::Status(_)) => {
            Err(Failure::Usage("d1 fleet: this d1 was built without its feature redis".to_owned()))
        }
        Command::Csc(CscCommand::Info(options)) => csc::info(options, *output).await,
        Command::Csc(CscCommand::List(options)) => csc::list(options, *output).await,
        Command::Csc(CscCommand::Sign(options)) => csc::sign(options, *output).await,
    }
}

async fn service_user(command: &ServiceUserCommand, output: Output, signals: &Signals) -> Result<(), Failure> {
    match command {
        ServiceUserCommand::List(options) => account::users::list(options, output).await,
        ServiceUserCommand::Show(options) => account::users::show(options, output).await,
        ServiceUserCommand::Create(options) => workflow::create_user(options, output, signals).await,
        ServiceUserCommand::Disable(options) => account::users::disable(options, output).await,
        ServiceUserCommand::Enable(options) => account::users::enable(options, output).await,
    }
}

async fn token(command: &TokenCommand, output: Output, signals: &Signals) -> Result<(), Failure> {
    match command {
        TokenCommand::List(options) => account::tokens::list(options, output).await,
        TokenCommand::Create(options) => workflow::create_token(options, output, signals).await,
        TokenCommand::Rotate(options) => workflow::rotate_token(options, output, signals).await,
        TokenCommand::Disable(options) => account::tokens::disable(options, output).await,
        TokenCommand::Enable(options) => account::tokens::enable(options, output).await,
        TokenCommand::Delete(options) => account::tokens::delete(options, output).await,
    }
}

async fn cert(command: &CertCommand, output: Output, signals: &Signals) -> Result<(), Failure> {
    match command {
        CertCommand::Request(options) => workflow::request(options, output, signals).await,
        CertCommand::Rotate(options) => workflow::rotate_certificate(options, output, signals).await,
        CertCommand::Inspect(options) => cert_file::inspect(options, output).await,
        CertCommand::Verify(options) => doctor::verify(options, output).await,
        CertCommand::Convert(options) => cert_file::convert(options, output).await,
        CertCommand::Csr(options) => cert_file::csr(options, output).await,
        CertCommand::List(options) => account::certificates::list(options, output).await,
        CertCommand::Disable(options) => account::certificates::disable(options, output).await,
        CertCommand::Enable(options) => account::certificates::enable(options, output).await,
    }
}
