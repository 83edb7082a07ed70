//! What opening a file may cost.

/// Rounds of key derivation, summed over all attempts until a password is known to be right, and the most for one derivation: a
/// few seconds. Current programs ask for 2,000 to 600,000 each time.
pub(crate) const MAX_ROUNDS: u64 = 5_000_000;

/// Rounds over a whole reading once the password is known to be right. GnuTLS protects each certificate of a chain by itself,
/// with 600,000 rounds for each.
pub(crate) const MAX_ROUNDS_WHEN_RIGHT: u64 = 30_000_000;

/// Memory of one scrypt derivation: what its authors recommend for files (N = 2^17, r = 8) and no more.
pub(crate) const MAX_MEMORY: u64 = 136 << 20;
