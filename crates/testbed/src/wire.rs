//! Just enough HTTP/1.1 to read a request off a stream byte by byte: head, then a body of known length or in chunks.
//!
//! Used where hyper is too strict. What follows the request stays in the buffer for the next one.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::ledger::{Ledger, Request, RequestProgress, RequestTicket};
use crate::provider::sha256_hex;

const HEAD_LIMIT: usize = 1 << 20;

/// A request head and where its body ends.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) version: http::Version,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(present, _)| present == name).map(|(_, value)| value.as_slice())
    }

    pub(crate) fn to_request(&self, connection: u64) -> Request {
        Request {
            connection,
            method: self.method.clone(),
            target: self.target.clone(),
            version: self.version,
            headers: self.headers.clone(),
            body_len: 0,
            body_sha256: String::new(),
            progress: RequestProgress::Receiving,
        }
    }
}

/// A request whose head was read and recorded, but not its body.
#[derive(Debug)]
pub(crate) struct Begun {
    head: Head,
    ticket: RequestTicket,
}

/// Reads one whole request and records it. An early end is an error, and the ledger shows the request as abandoned.
pub(crate) async fn read_request<S>(stream: &mut S, buffer: &mut Vec<u8>, ledger: &Ledger, id: u64) -> io::Result<()>
where
    S: AsyncRead + Unpin,
{
    begin_request(stream, buffer, ledger, id).await?.finish(stream, buffer).await
}

/// Reads the head of a request and records it.
pub(crate) async fn begin_request<S>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    ledger: &Ledger,
    id: u64,
) -> io::Result<Begun>
where
    S: AsyncRead + Unpin,
{
    let head = read_head(stream, buffer).await?;
    let ticket = ledger.open_request(head.to_request(id));
    Ok(Begun { head, ticket })
}

impl Begun {
    /// Reads the body.
    pub(crate) async fn finish<S>(self, stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<()>
    where
        S: AsyncRead + Unpin,
    {
        let Begun { head, ticket } = self;
        let chunked = head.value("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
        let body = if chunked {
            read_chunks(stream, buffer).await?
        } else {
            let length = head.value("content-length").map_or(Ok(0), |value| number(value, 10))?;
            take(stream, buffer, length).await?
        };
        ticket.received(body.len() as u64, sha256_hex(&body));
        ticket.leave();
        Ok(())
    }
}

/// Reads up to and with the empty line.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<Head> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if buffer.len() > HEAD_LIMIT {
            return Err(malformed("the head has no end"));
        }
        fill(stream, buffer).await?;
    };
    let head: Vec<u8> = buffer.drain(..end).collect();
    parse_head(&head).ok_or_else(|| malformed("not an HTTP/1.1 request head"))
}

fn parse_head(head: &[u8]) -> Option<Head> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut request_line = std::str::from_utf8(lines.next()?).ok()?.split(' ');
    let (method, target) = (request_line.next()?.to_owned(), request_line.next()?.to_owned());
    let version = match request_line.next()? {
        "HTTP/1.1" => http::Version::HTTP_11,
        "HTTP/1.0" => http::Version::HTTP_10,
        _ => return None,
    };
    let headers = lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?.to_ascii_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        })
        .collect::<Option<_>>()?;
    Some(Head { method, target, version, headers })
}

async fn read_chunks<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream, buffer).await?;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let length = number(digits.trim_ascii(), 16)?;
        if length == 0 {
            while !read_line(stream, buffer).await?.is_empty() {}
            return Ok(body);
        }
        body.extend(take(stream, buffer, length).await?);
        read_line(stream, buffer).await?;
    }
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    loop {
        if let Some(end) = buffer.windows(2).position(|window| window == b"\r\n") {
            let mut line: Vec<u8> = buffer.drain(..end + 2).collect();
            line.truncate(end);
            return Ok(line);
        }
        fill(stream, buffer).await?;
    }
}

async fn take<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while buffer.len() < length {
        fill(stream, buffer).await?;
    }
    Ok(buffer.drain(..length).collect())
}

async fn fill<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

fn number(digits: &[u8], radix: u32) -> io::Result<usize> {
    std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| usize::from_str_radix(digits, radix).ok())
        .ok_or_else(|| malformed("a length is not a number"))
}

fn malformed(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
