//! `d1` as a user runs it: the built program, its output and its exit code, against an emulator of this process.

mod calls;
mod canaries;
mod cert_files;
mod cert_verify;
mod command_docs;
mod demo;
mod doctor;
mod doctor_faults;
mod doctor_openssl;
mod emulator;
mod encodings;
mod env_lines;
#[path = "../environment/mod.rs"]
mod environment;
mod expiry;
mod explain;
mod import;
mod init;
mod json_documents;
mod json_schema;
mod lists;
mod manners;
mod operating;
mod recover;
mod run;
#[path = "../../../redis/tests/redis/server.rs"]
mod server;
mod setup;
mod stage;
mod surroundings;
