//! A connection with two patiences that hyper does not have: for its first bytes, and for answers that nobody takes. Those
//! over HTTP/2 that no write waits for are seen by `untaken`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::arrival::Reads;

/// A stream that ends with an error where its peer sends nothing that tells the version of HTTP, or takes nothing of what
/// is written, for too long.
pub(super) struct Guarded<S> {
    stream: S,
    reads: Reads,
    /// Until the first bytes have told the version.
    opening: Option<Opening>,
    write_timeout: Duration,
    /// Runs while a write waits.
    writing: Pin<Box<Sleep>>,
    is_waiting: bool,
}

struct Opening {
    patience: Pin<Box<Sleep>>,
    /// How many bytes of the preface of HTTP/2 have come.
    matched: usize,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, reads: Reads, head_timeout: Duration, write_timeout: Duration) -> Self {
        let opening = Some(Opening { patience: Box::pin(sleep(head_timeout)), matched: 0 });
        let writing = Box::pin(sleep(write_timeout));
        Guarded { stream, reads, opening, write_timeout, writing, is_waiting: false }
    }

    /// Notes whether a write waits, and ends it where that takes too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_waiting = false;
            return written;
        }
        if !self.is_waiting {
            self.is_waiting = true;
            self.writing.as_mut().reset(Instant::now() + self.write_timeout);
        }
        ready!(self.writing.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Opening {
    /// Whether more bytes are needed to tell the version.
    fn goes_on(&mut self, bytes: &[u8]) -> bool {
        let rest = &PREFACE[self.matched..];
        let is_preface = !bytes.is_empty() && rest.starts_with(&bytes[..bytes.len().min(rest.len())]);
        self.matched += bytes.len().min(rest.len());
        is_preface && self.matched < PREFACE.len()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        let read = this.reads.poll(cx, |cx| Pin::new(&mut this.stream).poll_read(cx, buf));
        let Some(opening) = &mut this.opening else { return read };
        match read {
            Poll::Ready(result) => {
                if !opening.goes_on(&buf.filled()[before..]) {
                    this.opening = None;
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(opening.patience.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, shut)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// What a client of HTTP/2 says first (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::super::arrival::Arrival;
    use super::super::work::{Patience, Pressure};
    use super::*;

    const HEAD: Duration = Duration::from_secs(10);
    const WRITE: Duration = Duration::from_secs(30);

    fn guarded<S>(stream: S) -> Guarded<S> {
        let now = std::time::Instant::now();
        let pressure = Pressure::new(Patience::new(HEAD, HEAD, now), 1, now);
        Guarded::new(stream, Arrival::new(pressure, now).reads(), HEAD, WRITE)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_connection_that_has_said_nothing() {
        let (client, server) = duplex(64);
        let mut guarded = guarded(server);
        let error = guarded.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_preface_is_no_request() {
        let (mut client, server) = duplex(64);
        let mut guarded = guarded(server);
        client.write_all(b"PRI * HT").await.unwrap();
        let mut bytes = [0; 8];
        guarded.read_exact(&mut bytes).await.unwrap();
        assert_eq!(guarded.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_begun_a_request_is_left_to_hyper() {
        for first in [&b"G"[..], b"PU", PREFACE] {
            let (mut client, server) = duplex(64);
            let mut guarded = guarded(server);
            client.write_all(first).await.unwrap();
            let mut bytes = vec![0; first.len()];
            guarded.read_exact(&mut bytes).await.unwrap();
            let silent = tokio::time::timeout(10 * HEAD, guarded.read_u8()).await;
            assert!(silent.is_err(), "{first:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up() {
        let (client, server) = duplex(64);
        let mut guarded = guarded(server);
        let error = guarded.write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(client);
    }
}
