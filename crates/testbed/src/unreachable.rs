//! Addresses where no conversation begins: one that refuses, one that swallows every packet.
//!
//! Both stay reserved while they are needed. An address from a dropped listener could be another test's a moment later.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;

use socket2::{Domain, Socket, Type};

/// An address that drops connection attempts, for as long as it is held.
#[derive(Debug)]
pub struct Blackhole {
    address: SocketAddr,
    _listener: Socket,
    _waiting: Vec<Socket>,
}

impl Blackhole {
    /// The address.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }
}

/// Creates an address that drops connection attempts: a listener that never accepts, its queue full.
///
/// Linux silently drops further attempts; other systems refuse them, so there it is an error.
pub fn blackhole() -> io::Result<Blackhole> {
    if !cfg!(target_os = "linux") {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "only Linux drops what a full listen queue cannot take",
        ));
    }
    let listener = bound()?;
    listener.listen(0)?;
    let address = local(&listener)?;
    let waiting = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            // The first one fills the queue at once; the others stay pending, as intended.
            let _ = socket.connect(&address.into());
            Ok(socket)
        })
        .collect::<io::Result<_>>()?;
    Ok(Blackhole { address, _listener: listener, _waiting: waiting })
}

/// An address where connections are refused, the same for the whole process. Its port stays bound, without a listener, until the
/// process ends.
///
/// # Panics
///
/// If loopback has no free port.
pub fn refused_addr() -> SocketAddr {
    static BOUND: OnceLock<Socket> = OnceLock::new();
    local(BOUND.get_or_init(|| bound().expect("loopback has a free port"))).expect("a bound socket has an address")
}

fn bound() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket)
}

fn local(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("the socket has no IP address"))
}
