//! Gives a builder everything of a setup that is not the credential.

use digicert_one_client::ClientBuilder;
use digicert_one_credentials::Setup;

/// Configures a builder as a [`Setup`] says.
pub trait SetupExt: Sized {
    /// Instance, trust roots and proxy rules as they are set up. Roots stand beside the system's; on a transport that cannot do that they
    /// stand alone, and a warning says so. The credential is given apart: fixed (from [`Setup::read`]), watching (over
    /// [`Setup::source`]), or one of CSC.
    #[must_use]
    fn setup(self, setup: &Setup) -> Self;
}

macro_rules! implement {
    ($builder:ty) => {
        impl SetupExt for $builder {
            fn setup(self, setup: &Setup) -> Self {
                let builder = self.instance(setup.instance().clone()).proxy_rules(setup.proxy().rules().clone());
                match setup.roots() {
                    Some(roots) => builder.roots_beside_system(roots.to_vec()),
                    None => builder,
                }
            }
        }
    };
}

implement!(ClientBuilder);
#[cfg(feature = "csc")]
implement!(crate::csc::CscClientBuilder);
