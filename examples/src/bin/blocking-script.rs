//! A script without async: who am I, and which service users are there?
#![allow(clippy::print_stdout, reason = "a program speaks through its output")]

use serde_json::Value;

fn main() -> Result<(), digicert_one::Error> {
    let one = digicert_one::blocking::from_env()?;
    println!("called as {}", one.whoami()?);
    for user in one.pages("/account/api/v1/user?user_type=service").items::<Value>() {
        println!("{}", user?["friendly_name"].as_str().unwrap_or("without a name"));
    }
    Ok(())
}
