//! `d1` as a user runs it: the built program, its output and its exit code, against an emulator of this process.

mod calls;
mod canaries;
mod cert_files;
mod cert_verify;
mod command_docs;
mod csc;
mod curl;
mod demo;
mod doctor;
mod doctor_faults;
mod doctor_openssl;
mod emulator;
mod encodings;
mod env_lines;
mod expiry;
mod explain;
mod fleet;
mod import;
mod init;
mod json_documents;
mod json_schema;
mod lists;
mod manners;
mod operating;
#[cfg(unix)]
mod proxy;
mod recover;
mod run;
#[path = "../../../redis/tests/redis/server.rs"]
mod server;
mod service_users;
mod setup;
mod stage;
mod surroundings;
#[cfg(target_os = "linux")]
mod terminal;
