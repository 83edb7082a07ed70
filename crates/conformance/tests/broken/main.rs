//! Tests that the suite detects defects: transports that are broken on purpose, one defect each, and for each
//! the case that detects it.
//!
//! All of them are one correct transport, over hyper and rustls with its own pool, that asks at named points
//! which defect it has (`transport`). The correct one passes the whole suite without a waiver (`sound`); a
//! broken one fails the case that the table names (`table`, `alone`), and a visible defect makes a difference
//! in the comparison (`differential`). The same table generates docs/broken-transports.md (`page`).

/// Writes one test for each line of the table.
macro_rules! row_tests {
    ($($test:ident $defect:ident $about:literal $case:literal $says:literal;)+) => {
        mod caught_is_a_transport_that {
            use super::{Defect, Row};
            use crate::alone;

            $(#[test]
            fn $test() {
                alone::caught(&Row { defect: Defect::$defect, about: $about, case: $case, says: $says });
            })+
        }
    };
}

mod alone;
mod differential;
mod limbo;
mod page;
mod sound;
mod table;
mod transport;
