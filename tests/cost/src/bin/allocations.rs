//! Prints the allocations of one call on each side, one line each.
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
        println!("{name} {}", counted.count_total);
    }
    Ok(())
}
