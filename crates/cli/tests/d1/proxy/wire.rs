//! A caller of the proxy that sends exactly these bytes, over a Unix socket or loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// Where a proxy listens.
#[derive(Clone, Debug)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

/// A connection to the proxy.
pub(crate) struct Connection(BufReader<Box<dyn Stream>>);

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body reached its announced end.
    pub(crate) is_complete: bool,
}

impl Address {
    pub(crate) fn connect(&self) -> std::io::Result<Connection> {
        let stream: Box<dyn Stream> = match self {
            Self::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(LIMIT))?;
                Box::new(stream)
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_read_timeout(Some(LIMIT))?;
                Box::new(stream)
            }
        };
        Ok(Connection(BufReader::new(stream)))
    }

    /// The response to one request, on a connection of its own.
    pub(crate) fn send(&self, request: &str) -> Response {
        let mut connection = self.connect().expect("the proxy listens");
        connection.write(request.as_bytes());
        connection.read().expect("a response")
    }

    /// The response to a GET with these header lines.
    pub(crate) fn get(&self, path: &str, headers: &[&str]) -> Response {
        self.send(&get(path, headers))
    }
}

/// A GET with these header lines.
pub(crate) fn get(path: &str, headers: &[&str]) -> String {
    let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

impl Connection {
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // A proxy that has refused the head closes before it has read the rest.
        let _ = self.0.get_mut().write_all(bytes);
    }

    /// The next response; `None` if the connection ends without one.
    pub(crate) fn read(&mut self) -> Option<Response> {
        let head = self.read_head()?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let mut response = Response { status, head, body: Vec::new(), is_complete: false };
        match (response.header("transfer-encoding"), response.header("content-length")) {
            (Some(_), _) => while self.read_chunk(&mut response) {},
            (None, Some(length)) => {
                let length: u64 = length.parse().expect("a number");
                let read = self.0.by_ref().take(length).read_to_end(&mut response.body);
                response.is_complete = read.is_ok_and(|read| read as u64 == length);
            }
            (None, None) => response.is_complete = self.0.read_to_end(&mut response.body).is_ok(),
        }
        Some(response)
    }

    pub(crate) fn read_head(&mut self) -> Option<String> {
        let mut head = String::new();
        loop {
            let before = head.len();
            match self.0.read_line(&mut head) {
                Ok(0) | Err(_) if head.is_empty() => return None,
                Ok(0) => panic!("half a head: {head}"),
                Err(error) => panic!("{error} after: {head}"),
                Ok(_) if head[before..].trim().is_empty() => return Some(head),
                Ok(_) => {}
            }
        }
    }

    /// Adds the next chunk; false at the end, which is complete if it is that of the encoding.
    pub(crate) fn read_chunk(&mut self, response: &mut Response) -> bool {
        let mut line = String::new();
        if self.0.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        let size = usize::from_str_radix(line.trim(), 16).expect("a size");
        let mut chunk = vec![0; size + 2];
        if self.0.read_exact(&mut chunk).is_err() {
            return false;
        }
        response.body.extend_from_slice(&chunk[..size]);
        response.is_complete = size == 0;
        size > 0
    }
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status, and the code of the error.
    pub(crate) fn failure(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The status, and the reason of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"]["reason"].as_str().unwrap_or_default().to_owned())
    }
}
