//! Prints for each side the allocations of one call, and the bytes that it keeps after its first one, one line each.
#![allow(clippy::print_stdout, reason = "a command speaks through its output")]

use digicert_one_cost::Side;

/// Calls before anything is counted: the first ones fill tables.
const WARM_UP: usize = 10;

fn main() -> Result<(), String> {
    for name in ["client", "bare"] {
        let side = Side::named(name)?;
        side.calls(WARM_UP)?;
        let mut outcome = Ok(());
        let counted = allocation_counter::measure(|| outcome = side.calls(1));
        outcome?;
        let mut kept = Err(String::new());
        let keeping = allocation_counter::measure(|| {
            kept = Side::named(name).and_then(|side| side.calls(1).map(|()| side));
        });
        drop(kept?);
        println!("{name} {} {}", counted.count_total, keeping.bytes_current);
    }
    Ok(())
}
