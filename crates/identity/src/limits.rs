//! Limits on the cost of opening a file.

/// Maximum rounds of key derivation, summed over all attempts until the right password is found, and for one
/// derivation: a few seconds. Current programs use 2,000 to 600,000 each time.
pub(crate) const MAX_ROUNDS: u64 = 5_000_000;

/// Maximum rounds of a whole reading once the password is known to be right. GnuTLS protects each certificate
/// of a chain separately, with 600,000 rounds each.
pub(crate) const MAX_ROUNDS_WHEN_RIGHT: u64 = 30_000_000;

/// Maximum memory of one scrypt derivation: what its authors recommend for files (N = 2^17, r = 8).
pub(crate) const MAX_MEMORY: u64 = 136 << 20;
