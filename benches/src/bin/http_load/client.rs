//! A client of HTTP/1.1 that costs as little as it can: requests are bytes made beforehand, of answers the status and the
//! length are read.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that is kept.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, buffer: Vec::with_capacity(1 << 14) })
    }

    /// Sends a request and waits for the whole answer; returns its status.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((status, size)) = read_head(&self.buffer)
                && self.buffer.len() >= size
            {
                return Ok(status);
            }
        }
    }

    /// Whether the other end has not closed it.
    pub(crate) fn is_open(&mut self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// The status, and the size of head and body.
fn read_head(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let is_length =
        |line: &&str| line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case("content-length:"));
    let length: usize = head.lines().find(is_length)?[15..].trim().parse().ok()?;
    Some((status, end + length))
}

/// A request with a body.
pub(crate) fn post(host: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    let size = body.len();
    let kind = "content-type: application/json";
    format!("POST {path} HTTP/1.1\r\nhost: {host}\r\n{kind}\r\ncontent-length: {size}\r\n\r\n{body}")
        .into_bytes()
}

/// A request without one.
pub(crate) fn get(host: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes()
}
