//! Addresses where no conversation begins.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Duration;

use digicert_one_testbed::{RawServer, refused_addr};

#[test]
fn refused_address_refuses_every_time() {
    let address = refused_addr();
    for _ in 0..3 {
        assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
    assert_eq!(refused_addr(), address, "one for the whole process");
}

#[cfg(target_os = "linux")]
#[test]
fn blackhole_neither_accepts_nor_refuses() {
    let blackhole = digicert_one_testbed::blackhole().unwrap();
    let error = TcpStream::connect_timeout(&blackhole.addr(), Duration::from_millis(200)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn silent_server_accepts_and_sends_nothing() {
    use std::io::Read;
    let server = RawServer::silent().unwrap();
    let mut connection = TcpStream::connect(server.addr()).unwrap();
    connection.set_read_timeout(Some(Duration::from_millis(200))).unwrap();

    let error = connection.read(&mut [0]).unwrap_err();

    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    assert!(server.ledger().wait_until_blocking(|seen| seen.connections.len() == 1, Duration::from_secs(20)));
}
