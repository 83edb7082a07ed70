//! Just enough HTTP/2 (RFC 9113) to serve a script: frames are read so that it is known where a request begins and ends, and how much
//! flow control lets through. Heads are not decoded.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const INITIAL_WINDOW_SIZE: u16 = 4;
/// Of the connection and of each stream, before the client changes it (section 6.9.2).
const WINDOW: i64 = 65_535;

/// The server's side of one connection; it handles one request at a time.
#[derive(Debug)]
pub(crate) struct Http2 {
    is_begun: bool,
    /// The last request that was handed out.
    answered: u32,
    /// The newest stream: a client may open it while it still sends the body of the previous one.
    stream: u32,
    head_ended: bool,
    stream_ended: bool,
    /// The remaining send window: of the connection, of this stream, and of a new stream.
    windows: (i64, i64, i64),
}

impl Default for Http2 {
    fn default() -> Self {
        let windows = (WINDOW, WINDOW, WINDOW);
        Http2 { is_begun: false, answered: 0, stream: 0, head_ended: false, stream_ended: false, windows }
    }
}

impl Http2 {
    /// Reads up to the end of the head of a new request, and returns its stream.
    pub(crate) async fn begin_request<S>(&mut self, stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<u32>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !self.is_begun {
            self.is_begun = true;
            write(stream, SETTINGS, 0, 0, &[]).await?;
            take(stream, buffer, PREFACE).await?;
        }
        while self.stream == self.answered || !self.head_ended {
            self.read_frame(stream, buffer).await?;
        }
        self.answered = self.stream;
        Ok(self.stream)
    }

    /// Reads up to the end of the request, or to the next request.
    pub(crate) async fn finish_request<S>(&mut self, stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while !self.stream_ended && self.stream == self.answered {
            self.read_frame(stream, buffer).await?;
        }
        Ok(())
    }

    /// Waits until this many bytes may be sent, and counts them as sent.
    pub(crate) async fn await_window<S>(&mut self, stream: &mut S, buffer: &mut Vec<u8>, bytes: usize) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let bytes = bytes as i64;
        while self.windows.0 < bytes || self.windows.1 < bytes {
            self.read_frame(stream, buffer).await?;
        }
        self.windows.0 -= bytes;
        self.windows.1 -= bytes;
        Ok(())
    }

    async fn read_frame<S>(&mut self, stream: &mut S, buffer: &mut Vec<u8>) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let head = take(stream, buffer, 9).await?;
        let (length, kind, flags) = (number(&head[..3]) as usize, head[3], head[4]);
        let id = number(&head[5..9]) & 0x7fff_ffff;
        let payload = take(stream, buffer, length).await?;
        match kind {
            DATA if length > 0 => {
                // Used up, all of it.
                write(stream, WINDOW_UPDATE, 0, 0, &four_bytes(length)).await?;
                if flags & END_STREAM == 0 {
                    write(stream, WINDOW_UPDATE, 0, id, &four_bytes(length)).await?;
                }
            }
            // Trailers arrive on an existing stream.
            HEADERS if id > self.stream => {
                (self.stream, self.head_ended, self.stream_ended) = (id, flags & END_HEADERS != 0, false);
                self.windows.1 = self.windows.2;
            }
            CONTINUATION => self.head_ended |= flags & END_HEADERS != 0,
            RST_STREAM if id == self.stream => self.stream_ended = true,
            SETTINGS if flags & ACK == 0 => {
                for setting in payload.chunks_exact(6).filter(|one| number(&one[..2]) == u32::from(INITIAL_WINDOW_SIZE))
                {
                    let window = i64::from(number(&setting[2..]));
                    self.windows.1 += window - self.windows.2;
                    self.windows.2 = window;
                }
                write(stream, SETTINGS, ACK, 0, &[]).await?;
            }
            PING if flags & ACK == 0 => write(stream, PING, ACK, 0, &payload).await?,
            WINDOW_UPDATE if id == 0 => self.windows.0 += i64::from(number(&payload)),
            WINDOW_UPDATE if id == self.stream => self.windows.1 += i64::from(number(&payload)),
            _ => {}
        }
        if matches!(kind, DATA | HEADERS) && id == self.stream && flags & END_STREAM != 0 {
            self.stream_ended = true;
        }
        Ok(())
    }
}

fn number(big_endian: &[u8]) -> u32 {
    big_endian.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn four_bytes(length: usize) -> [u8; 4] {
    (length as u32).to_be_bytes()
}

async fn write<S>(stream: &mut S, kind: u8, flags: u8, id: u32, payload: &[u8]) -> io::Result<()>
where
    S: AsyncWrite + Unpin,
{
    let [_, a, b, c] = four_bytes(payload.len());
    let frame = [&[a, b, c, kind, flags][..], &id.to_be_bytes(), payload].concat();
    stream.write_all(&frame).await?;
    stream.flush().await
}

async fn take<S: AsyncRead + Unpin>(stream: &mut S, buffer: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.drain(..length).collect())
}
