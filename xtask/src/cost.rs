//! `cargo xtask cost`: what the client adds to a call, in allocations and, if valgrind is installed, in
//! instructions, and what it keeps in memory. They are counted, not timed, so they are the same on a busy machine. Above the ceiling it
//! fails.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo;
use crate::failure::Failure;

const PACKAGE: &str = "digicert-one-cost";
/// Instructions that the client may add to a GET with a key: 4,833 measured, and 5 % for another compiler. What is left are mostly the
/// five allocations, the checks of the path, and moves of request and response.
const MOST_INSTRUCTIONS: u64 = 5_050;
/// Allocations that it may add: the path and its shared form, the future of the call, the lease's future, the response.
const MOST_ALLOCATIONS: u64 = 5;
/// Bytes that a client may keep above its transport after its first call, as it asks the allocator for them: 3,541 measured.
const MOST_KEPT: u64 = 4_096;
/// Two runs of this difference; what both have in common, such as the start, is not in it.
const CALLS: [u64; 2] = [1_000, 3_000];

pub(crate) fn run() -> Result<(), Failure> {
    cargo::output(&["build", "--release", "--quiet", "--package", PACKAGE])?;
    let programs = cargo::target_directory()?.join("release");
    let [client, bare] = read_allocations(&programs.join("allocations"))?;
    let [allocations, kept] = [0, 1].map(|figure| client[figure].saturating_sub(bare[figure]));
    println!("bytes kept: {kept} by a client above its transport (ceiling: {MOST_KEPT})");
    if kept > MOST_KEPT {
        return Err(Failure::new(format_args!("a client keeps {kept} bytes above its transport")));
    }
    println!("allocations a call: {allocations} added by the client (ceiling: {MOST_ALLOCATIONS})");
    if allocations > MOST_ALLOCATIONS {
        return Err(Failure::new(format_args!("the client adds {allocations} allocations to a call")));
    }
    if Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("instructions a call: not counted, valgrind is not installed");
        return Ok(());
    }
    let [client, bare] = ["client", "bare"].map(|side| instructions(&programs.join("instructions"), side));
    let (client, bare) = (client?, bare?);
    let added = client.saturating_sub(bare);
    println!(
        "instructions a call: {client} with the client, {bare} without, {added} added (ceiling: {MOST_INSTRUCTIONS})"
    );
    if added > MOST_INSTRUCTIONS {
        return Err(Failure::new(format_args!("the client adds {added} instructions to a call")));
    }
    Ok(())
}

/// The allocations of a call and the bytes kept, of both sides, the client first.
fn read_allocations(program: &Path) -> Result<[[u64; 2]; 2], Failure> {
    let text = printed(&mut Command::new(program))?;
    let of = |side: &str| {
        let (call, kept) = text.lines().find_map(|line| line.strip_prefix(side))?.trim().split_once(' ')?;
        Some([call.parse().ok()?, kept.parse().ok()?])
    };
    match (of("client "), of("bare ")) {
        (Some(client), Some(bare)) => Ok([client, bare]),
        _ => Err(Failure::new(format_args!("not what {PACKAGE} should print:\n{text}"))),
    }
}

/// Instructions of one call of this side.
fn instructions(program: &Path, side: &str) -> Result<u64, Failure> {
    let [few, many] = CALLS;
    let total = |calls: u64| {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program).arg(side);
        collected(&printed(command.arg(calls.to_string()))?)
    };
    Ok((total(many)?.saturating_sub(total(few)?)) / (many - few))
}

/// `Collected : 123` in callgrind's summary.
fn collected(text: &str) -> Result<u64, Failure> {
    let count = text.lines().find_map(|line| line.split_once("Collected :")?.1.split_whitespace().next()?.parse().ok());
    count.ok_or_else(|| Failure::new(format_args!("callgrind printed no count:\n{text}")))
}

/// Returns the output of a successful program, on either stream.
fn printed(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(|error| Failure::new(format_args!("cannot run {command:?}: {error}")))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(text) } else { Err(Failure::new(format_args!("{command:?} failed:\n{text}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrind_count_is_parsed() {
        let text = "==7== Events    : Ir\n==7== Collected : 1234567\n==7==\n";
        assert_eq!(collected(text), Ok(1_234_567));
        assert!(collected("==7== nothing").is_err());
    }

    #[test]
    fn failing_program_is_an_error() {
        assert!(printed(&mut cargo::command(&["no-such-command"])).is_err());
    }
}
