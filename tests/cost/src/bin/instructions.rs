//! `instructions SIDE N`: makes N calls on that side and prints nothing, for callgrind to count. Allocations
//! are not counted here, since that would cost instructions.

use digicert_one_cost::Side;

fn main() -> Result<(), String> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, number] = &words[..] else { return Err("usage: instructions client|bare N".to_owned()) };
    let number = number.parse().map_err(|error| format!("{number}: {error}"))?;
    Side::named(name)?.calls(number)
}
