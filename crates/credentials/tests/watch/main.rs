//! The watching credential over a source that the test controls, in virtual time.

mod following;
mod held;
mod sharing;
