//! Answers over HTTP/2 that nobody takes.
//!
//! Over HTTP/1.1, an answer that its client does not take makes a write to the socket wait, which `guard` sees. Over
//! HTTP/2, a client may leave the window of a stream closed and still take all else, signs of life included: its answers
//! lie in memory, and no write waits. So each piece of them is noted from when it is handed to hyper until its last byte
//! is written, or its stream ends. A connection where one lies for too long is to be ended.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The pieces of answers on one connection that their client has not taken yet.
#[derive(Debug, Default)]
pub(super) struct Untaken {
    pieces: Mutex<Pieces>,
    /// Hears that there is a piece, where there was none.
    begun: Notify,
}

#[derive(Debug, Default)]
struct Pieces {
    /// When each was handed out, by number.
    since: BTreeMap<u64, Instant>,
    next: u64,
}

/// An answer's body in pieces that are noted.
struct NotedBody {
    body: Body,
    /// Of the frame that is being handed out.
    rest: Bytes,
    untaken: Arc<Untaken>,
}

/// The bytes of a piece, for as long as anybody holds them.
struct Piece {
    bytes: Bytes,
    number: u64,
    untaken: Arc<Untaken>,
}

impl Untaken {
    /// The answer, with a body whose pieces are noted here.
    pub(super) fn note(self: Arc<Self>, answer: Response) -> Response {
        answer.map(|body| Body::new(NotedBody { body, rest: Bytes::new(), untaken: self }))
    }

    /// Returns once a piece has lain for so long.
    pub(super) async fn wait(&self, patience: Duration) {
        loop {
            let oldest = self.pieces().since.values().next().copied();
            match oldest {
                None => self.begun.notified().await,
                Some(since) if since.elapsed() >= patience => return,
                Some(since) => sleep_until(since + patience).await,
            }
        }
    }

    fn hold(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let mut pieces = self.pieces();
        let number = pieces.next;
        pieces.next += 1;
        if pieces.since.is_empty() {
            self.begun.notify_one();
        }
        pieces.since.insert(number, Instant::now());
        drop(pieces);
        Bytes::from_owner(Piece { bytes, number, untaken: Arc::clone(self) })
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.untaken.pieces().since.remove(&self.number);
    }
}

impl HttpBody for NotedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => this.rest = bytes,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        let bytes = this.rest.split_to(this.rest.len().min(PIECE_SIZE_MAX));
        Poll::Ready(Some(Ok(Frame::data(this.untaken.hold(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(body.lower().saturating_add(rest));
        hint
    }
}

/// A client must take so much at a time: two such pieces of each answer are under way. The frames of HTTP/2 are as large.
const PIECE_SIZE_MAX: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::time::{sleep, timeout};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn next(body: &mut Body) -> Bytes {
        body.frame().await.unwrap().unwrap().into_data().unwrap()
    }

    /// Whether the connection is to be ended within this time.
    async fn ends(untaken: &Untaken, within: Duration) -> bool {
        timeout(within, untaken.wait(PATIENCE)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_piece_that_nobody_takes_ends_the_connection() {
        let untaken = Arc::<Untaken>::default();
        let mut body = Arc::clone(&untaken).note(Response::new(Body::from(vec![7; 100]))).into_body();
        assert!(!ends(&untaken, 10 * PATIENCE).await, "none is handed out");
        let piece = next(&mut body).await;
        assert!(!ends(&untaken, PATIENCE - Duration::from_secs(1)).await);
        assert!(ends(&untaken, Duration::from_secs(2)).await);
        drop(piece);
        assert!(!ends(&untaken, 10 * PATIENCE).await, "it is taken");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_piece_now_and_then_is_waited_for() {
        let untaken = Arc::<Untaken>::default();
        let whole: Vec<u8> = (0..5 * PIECE_SIZE_MAX + 1).map(|at| at as u8).collect();
        let response = Arc::clone(&untaken).note(Response::new(Body::from(whole.clone())));
        let mut body = response.into_body();
        let taking = async {
            let mut taken = Vec::new();
            while !body.is_end_stream() {
                assert_eq!(body.size_hint().exact(), Some((whole.len() - taken.len()) as u64));
                let piece = next(&mut body).await;
                assert!(piece.len() <= PIECE_SIZE_MAX);
                sleep(PATIENCE - Duration::from_secs(1)).await;
                taken.extend_from_slice(&piece);
            }
            taken
        };
        tokio::select! {
            taken = taking => assert_eq!(taken, whole),
            () = untaken.wait(PATIENCE) => panic!("it takes all in time"),
        }
    }
}
