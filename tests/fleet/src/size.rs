//! The size of the proof.

/// How large the proof is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) processes: u32,
    pub(crate) clients: u32,
    pub(crate) seconds: u64,
}
