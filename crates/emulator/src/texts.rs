//! The form of the error messages of this crate.

#[path = "../../core/tests/texts/form.rs"]
mod form;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::{ControlError, EmulatorError, HostKind, LastDay};

#[test]
fn messages_have_the_form() {
    let (ip, taken) = (IpAddr::from([192, 0, 2, 1]), || io::Error::from(io::ErrorKind::AddrInUse));
    let (address, path) = (SocketAddr::from((ip, 8443)), || PathBuf::from("/tmp/emulator.json"));
    let name = || "ci-bot".to_owned();
    for error in [
        EmulatorError::NotLoopback(ip),
        EmulatorError::PortTaken { listener: HostKind::Platform, port: 8443, source: taken() },
        EmulatorError::Listen(HostKind::Platform, address, taken()),
        EmulatorError::ControlPort(address, taken()),
        EmulatorError::SamePort(8443),
        EmulatorError::NoServiceUser,
        EmulatorError::DuplicateName { name: name() },
        EmulatorError::UnusableCsc("name no credential"),
        EmulatorError::UnusableApiKey(name()),
        EmulatorError::UnknownRole { name: name(), role: "ADMIN".to_owned() },
        EmulatorError::StateNotRead(path(), taken()),
        EmulatorError::StateNotWritten(path(), taken()),
        EmulatorError::StateMalformed(path(), "line 3".to_owned()),
        EmulatorError::StateVersion { path: path(), found: 9, known: 1 },
    ] {
        form::assert_form(&error);
    }
    for error in [
        ControlError::Gone,
        ControlError::NoSuchUser(name()),
        ControlError::NoSuchCredential(name(), "API token", "1".to_owned()),
        ControlError::NoStateFile,
        ControlError::Save(Box::new(EmulatorError::NoServiceUser)),
        ControlError::Certificate(taken()),
    ] {
        form::assert_form(&error);
    }
    form::assert_form(&"tomorrow".parse::<LastDay>().expect_err("not a day"));
}
