//! `d1`: first calls, diagnosis and a local emulator for the DigiCert ONE APIs. This file reads the command line, runs one
//! command under Ctrl-C, and turns its outcome into output and an exit code; each command has a file of its own.

mod account;
mod arguments;
mod call;
mod connection;
mod csc;
mod demo;
mod emulator;
mod env;
mod failure;
mod list;
mod output;
mod reference;
mod workflow;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{
    AccountCommand, Arguments, CertCommand, Command, CscCommand, RoleCommand, ServiceUserCommand, TokenCommand, path,
};
use self::failure::Failure;
use self::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| path::scrubbed(error).exit());
    let output = Output::new(arguments.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output.failed(&Failure::Internal(error.into())),
    };
    // The emulator runs until it is told to stop: there Ctrl-C is the proper end.
    let at_interrupt = || match arguments.command {
        Command::Emulator(_) => Ok(()),
        _ => Err(Failure::Interrupted),
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = run(&arguments.command, &output) => outcome,
            Ok(()) = tokio::signal::ctrl_c(), if !arguments.command.hears_interrupts() => at_interrupt(),
        }
    });
    // Blocking name look-ups of an interrupted call must not hold the process.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output.failed(&failure),
    }
}

async fn run(command: &Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Demo(options) if options.midnight => demo::midnight::run(output).await,
        Command::Demo(_) => demo::run(output).await,
        Command::Emulator(options) => emulator::run(options, output).await,
        Command::Whoami(options) => call::whoami(options, output).await,
        Command::Call(options) => call::call(options, output).await,
        Command::List(options) => list::list(options, output).await,
        Command::Env(options) => env::run(options, output).await,
        Command::ServiceUser(command) => service_user(command, *output).await,
        Command::Token(command) => token(command, *output).await,
        Command::Cert(command) => cert(command, *output).await,
        Command::Resume(options) => workflow::resume(options, *output).await,
        Command::AuditLog(options) => account::audit_log(options, *output).await,
        Command::Account(AccountCommand::List(options)) => account::accounts(options, *output).await,
        Command::Role(RoleCommand::List(options)) => account::roles(options, *output).await,
        Command::Csc(CscCommand::Info(options)) => csc::info(options, *output).await,
        Command::Csc(CscCommand::List(options)) => csc::list(options, *output).await,
        Command::Csc(CscCommand::Sign(options)) => csc::sign(options, *output).await,
    }
}

async fn service_user(command: &ServiceUserCommand, output: Output) -> Result<(), Failure> {
    match command {
        ServiceUserCommand::List(options) => account::users::list(options, output).await,
        ServiceUserCommand::Show(options) => account::users::show(options, output).await,
        ServiceUserCommand::Create(options) => workflow::create_user(options, output).await,
        ServiceUserCommand::Disable(options) => account::users::set_enabled(options, false, output).await,
        ServiceUserCommand::Enable(options) => account::users::set_enabled(options, true, output).await,
    }
}

async fn token(command: &TokenCommand, output: Output) -> Result<(), Failure> {
    match command {
        TokenCommand::List(options) => account::tokens::list(options, output).await,
        TokenCommand::Create(options) => workflow::create_token(options, output).await,
        TokenCommand::Rotate(options) => workflow::rotate_token(options, output).await,
        TokenCommand::Disable(options) => account::tokens::set_enabled(options, false, output).await,
        TokenCommand::Enable(options) => account::tokens::set_enabled(options, true, output).await,
        TokenCommand::Delete(options) => account::tokens::delete(options, output).await,
    }
}

async fn cert(command: &CertCommand, output: Output) -> Result<(), Failure> {
    match command {
        CertCommand::Request(options) => workflow::request(options, output).await,
        CertCommand::Rotate(options) => workflow::rotate_certificate(options, output).await,
        CertCommand::List(options) => account::certificates::list(options, output).await,
        CertCommand::Disable(options) => account::certificates::set_enabled(options, false, output).await,
        CertCommand::Enable(options) => account::certificates::set_enabled(options, true, output).await,
    }
}
