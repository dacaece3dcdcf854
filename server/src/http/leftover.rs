//! What a refusal leaves unread of a body.
//!
//! A connection that is closed with bytes unread is reset, and a reset throws away the answer that is under way (RFC 9112,
//! section 9.6). So a refused body is read to its end before its answer goes out, within bounds of size and time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The body of a request that is being answered. It comes back when the handler has left it.
pub(super) struct Lent(oneshot::Receiver<Body>);

impl Lent {
    /// Lends a request its own body. `None` where nobody needs to look after it: what is short has arrived with its head,
    /// and who awaits a "100 Continue" has sent nothing.
    pub(super) fn lend(request: Request) -> (Request, Option<Self>) {
        let is_short = request.body().size_hint().upper().is_some_and(|size| size <= SHORT_SIZE_MAX);
        if is_short || request.headers().contains_key(EXPECT) {
            return (request, None);
        }
        let (give_back, returned) = oneshot::channel();
        let request = request.map(|body| Body::new(LentBody { body, give_back: Some(give_back) }));
        (request, Some(Lent(returned)))
    }

    /// Reads and throws away what is left. An answer that is streamed still reads the body, which is left to it.
    pub(super) async fn discard(mut self) {
        if let Ok(body) = self.0.try_recv() {
            let _ = timeout(DISCARD_TIME_MAX, read_to_end(body)).await;
        }
    }
}

async fn read_to_end(mut body: Body) {
    let mut size_left = DISCARD_SIZE_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let size = frame.data_ref().map_or(0, Bytes::len);
        let Some(left) = size_left.checked_sub(size) else { return };
        size_left = left;
    }
}

/// A body that comes back when the one who reads it is done.
struct LentBody {
    body: Body,
    give_back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        if let Some(give_back) = self.give_back.take() {
            // Nobody waits for the body of an answer that is streamed.
            let _ = give_back.send(std::mem::take(&mut self.body));
        }
    }
}

/// Bodies up to this size are not looked after.
const SHORT_SIZE_MAX: u64 = 4096;
/// What is read of a refused body at most; who sends more loses the answer.
const DISCARD_SIZE_MAX: usize = 4 << 20;
/// How long a refused body is read at most.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(1);
