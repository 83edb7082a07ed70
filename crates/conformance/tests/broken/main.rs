//! The proof that the suite bites: transports that are broken on purpose, one defect each, and for each the case that catches it.
//!
//! All of them are one sound transport, over hyper and rustls with a pool of its own, that asks at named points which defect it has
//! (`transport`). The sound one passes the whole suite without a waiver (`sound`); a broken one fails the case that the table names
//! (`table`, `alone`), and what shows from outside makes a difference (`differential`). The same table is the page
//! docs/broken-transports.md (`page`).

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
