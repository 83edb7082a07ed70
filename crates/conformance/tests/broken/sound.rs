//! The whole suite on the transport without a defect, without a waiver: a failure of a broken one is due to
//! its defect.

digicert_one_conformance::suite!(digicert_one_conformance::Subject::new(crate::transport::Connector::sound()));

mod with_all_proxies {
    //! The same transport with every kind of proxy: what a stack declares must work, and the suite allows it.

    use digicert_one_conformance::{Subject, run};

    use crate::transport::Connector;

    fn holds(case: &str) {
        run(case, &Subject::new(Connector::sound_with_all_proxies()));
    }

    #[test]
    fn proxy_password_is_shown_nowhere() {
        holds("PROXY-05");
    }

    #[test]
    fn https_proxy_sees_no_identity() {
        holds("PROXY-06");
    }

    #[test]
    fn socks_proxy_is_given_the_name() {
        holds("PROXY-10");
    }

    #[test]
    fn socks_proxy_is_shown_its_password() {
        holds("PROXY-24");
    }

    #[test]
    fn https_proxy_is_verified() {
        holds("PROXY-25");
    }
}
