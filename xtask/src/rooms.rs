//! `cargo xtask rooms`: does every crate know only those that the design lets it know?
//!
//! `graph` reads what is there, `table` says what may be there, `rules` compares the two without touching the world, so
//! that its tests can show it failing on small graphs.

mod graph;
mod rules;
mod table;

pub(crate) use table::{OUTSIDE, UREQ};

use crate::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    let graph = graph::Graph::read()?;
    let broken = rules::check(&graph, table::ROOMS);
    if broken.is_empty() {
        let arrows: usize = graph.packages.iter().map(|package| package.arrows.len()).sum();
        println!("rooms: {} packages, {arrows} arrows, all as drawn", graph.packages.len());
        return Ok(());
    }
    let mut text = format!("rooms: {} broken\n", broken.len());
    for one in &broken {
        text.push_str(&format!("\n  {}\n    why: {}\n    do:  {}\n", one.what, one.why, one.remedy));
    }
    Err(Failure::new(text))
}
