//! A command that has no async runtime, over isahc: libcurl brings a thread of its own, and a plain executor drives the call.
#![allow(clippy::print_stdout, reason = "a program speaks through its output")]

use digicert_one::{Builder, transport};

fn main() -> Result<(), digicert_one::Error> {
    let one = Builder::from_env()?.transport(transport::isahc()).build()?;
    println!("called as {}", futures_executor::block_on(one.whoami())?);
    Ok(())
}
