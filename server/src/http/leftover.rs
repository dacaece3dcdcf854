//! What is held of a request's body, and what a refusal leaves unread of it.
//!
//! A body that is read takes room (see `room`) until it is answered; what finds none is refused.
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
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::room::{BodyRoom, NoRoom, SHORT_SIZE_MAX};

/// The body of a request that is being answered. It comes back when the handler has left it.
pub(super) struct Lent(oneshot::Receiver<Returned>);

/// What comes back. What it has taken of the room is free again when it is dropped.
pub(super) struct Returned {
    body: Body,
    taken: Option<OwnedSemaphorePermit>,
    is_refused: bool,
}

impl Lent {
    /// Lends a request its own body. `None` where nobody needs to look after it: what is short has arrived with its head.
    pub(super) fn lend(request: Request, room: &BodyRoom) -> (Request, Option<Self>) {
        if request.body().size_hint().upper().is_some_and(|size| size <= SHORT_SIZE_MAX) {
            return (request, None);
        }
        let is_awaited = request.headers().contains_key(EXPECT);
        let (give_back, returned) = oneshot::channel();
        let request = request.map(|body| {
            let returned = Returned { body, taken: None, is_refused: false };
            Body::new(LentBody { returned, room: room.clone(), is_awaited, give_back: Some(give_back) })
        });
        (request, Some(Lent(returned)))
    }

    /// Takes it back from a handler that has ended. An answer that is streamed still reads the body, which is left to it.
    pub(super) fn take_back(mut self) -> Option<Returned> {
        self.0.try_recv().ok()
    }
}

impl Returned {
    /// Whether the body found no room.
    pub(super) fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Reads and throws away what is left.
    pub(super) async fn discard(self) {
        drop(self.taken);
        let _ = timeout(DISCARD_TIME_MAX, read_to_end(self.body)).await;
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
    returned: Returned,
    room: BodyRoom,
    /// Whether its client sends nothing before it is told to go on.
    is_awaited: bool,
    /// Nobody waits for the body of an answer that is streamed.
    give_back: Option<oneshot::Sender<Returned>>,
}

impl LentBody {
    /// Takes room for bytes that have come. A stream takes none: it answers for what it holds by itself.
    fn take_room(&mut self, size: usize) -> Result<(), NoRoom> {
        if self.give_back.as_ref().is_none_or(oneshot::Sender::is_closed) {
            self.returned.taken = None;
            return Ok(());
        }
        let taken = self.room.take(size as u64)?;
        match &mut self.returned.taken {
            Some(before) => before.merge(taken),
            before @ None => *before = Some(taken),
        }
        Ok(())
    }
}

impl HttpBody for LentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_awaited = false;
        let polled = Pin::new(&mut self.returned.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let size = frame.data_ref().map_or(0, Bytes::len);
            if let Err(error) = self.take_room(size) {
                self.returned.is_refused = true;
                return Poll::Ready(Some(Err(axum::Error::new(error))));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.returned.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.returned.body.size_hint()
    }
}

impl Drop for LentBody {
    fn drop(&mut self) {
        let Some(give_back) = self.give_back.take() else { return };
        let body = if self.is_awaited { Body::empty() } else { std::mem::take(&mut self.returned.body) };
        let (taken, is_refused) = (self.returned.taken.take(), self.returned.is_refused);
        let _ = give_back.send(Returned { body, taken, is_refused });
    }
}

/// What is read of a refused body at most; who sends more loses the answer.
const DISCARD_SIZE_MAX: usize = 4 << 20;
/// How long a refused body is read at most.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(1);
