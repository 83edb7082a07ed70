//! All faults, in the order in which a call meets them.

use super::fault::Fault;
use super::{given, handshake, network, platform, rate_limit, trust};

/// Every fault, in the order of a call.
pub fn faults() -> impl Iterator<Item = &'static Fault> {
    [given::FAULTS, rate_limit::FAULTS, network::FAULTS, trust::FAULTS, handshake::FAULTS, platform::FAULTS]
        .into_iter()
        .flatten()
}
