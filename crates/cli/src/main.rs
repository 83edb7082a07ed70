//! `d1`: first calls, diagnosis and a local emulator for the DigiCert ONE APIs. This file reads the command line, runs one
//! command under Ctrl-C, and turns its outcome into output and an exit code; each command has a file of its own.

mod arguments;
mod call;
mod connection;
mod demo;
mod emulator;
mod env;
mod failure;
mod list;
mod output;

use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::failure::Failure;
use self::output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
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
            Ok(()) = tokio::signal::ctrl_c() => at_interrupt(),
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
    }
}
