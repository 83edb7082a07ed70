//! `d1 service-user`, `token`, `cert`, `resume` and what stands around them, as a user runs them: the built program against an
//! emulator of this process. Each test looks at the platform afterwards: what failed must have left nothing there.

#[path = "../environment/mod.rs"]
mod environment;
mod failed;
mod listed;
mod made;
mod replaced;
mod signalled;
mod stage;
mod stored;
