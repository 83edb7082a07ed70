//! `d1 service-user`, `token`, `cert`, `resume` and what stands around them. Each test looks at the platform afterwards: what failed
//! must have left nothing there.

mod failed;
mod listed;
mod made;
mod replaced;
#[cfg(unix)]
mod signalled;
mod stored;
