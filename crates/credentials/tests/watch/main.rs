//! The watching credential over a source that a test holds in its hand, in virtual time.

mod following;
mod held;
mod sharing;
