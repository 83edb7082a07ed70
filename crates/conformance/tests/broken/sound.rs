//! The whole suite on the transport without a defect, without a waiver: what a broken one fails is due to its defect.

digicert_one_conformance::suite!(digicert_one_conformance::Subject::new(crate::transport::Connector::sound()));
