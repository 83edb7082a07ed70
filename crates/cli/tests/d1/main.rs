//! `d1` as a user runs it: the built program, its output and its exit code, against an emulator of this process.

mod calls;
mod canaries;
mod cert_files;
mod command_docs;
mod demo;
mod doctor;
mod emulator;
mod encodings;
#[path = "../environment/mod.rs"]
mod environment;
mod expiry;
mod explain;
mod init;
mod lists;
mod operating;
mod recover;
mod run;
mod setup;
mod stage;
