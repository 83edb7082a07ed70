//! `cargo xtask rooms`: checks that every crate depends only on those that the design allows.
//!
//! `graph` reads the dependencies, `table` has the allowed ones, `rules` compares the two without I/O, so
//! that its tests can show failures on small graphs. `circles` does the same for the files of each crate,
//! `weights` for the number of dependencies, `surface` for the number of public types.

mod circles;
mod graph;
mod rules;
mod surface;
mod table;
mod weights;

pub(crate) use table::OUTSIDE;
pub(crate) use weights::crates;

use self::circles::Crate;
use self::weights::Weighed;
use crate::failure::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    let graph = graph::Graph::read()?;
    let mut crates = Vec::new();
    for package in &graph.packages {
        for root in &package.roots {
            crates.push(Crate::read(&package.name, &package.folder, root)?);
        }
    }
    let mut broken = rules::check(&graph, table::ROOMS);
    broken.extend(crates.iter().flat_map(Crate::check));
    let weighed = table::WEIGHTS.iter().map(Weighed::measure).collect::<Result<Vec<_>, _>>()?;
    broken.extend(weights::check(&weighed));
    broken.extend(surface::check()?);
    println!("{}", weights::table(&weighed));
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
