//! The memory that bodies share: those of requests until they are answered, those of answers until they are taken.
//!
//! Thousands of connections with a large body each would fill the memory, and so would as many that ask for a large answer
//! and leave it. So whatever is held whole takes room by its bytes, and what finds none is refused. What is short takes
//! none, and neither does an answer that is made while it is sent, of which some kilobytes are held.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The room that all bodies share.
#[derive(Debug, Clone)]
pub(super) struct BodyRoom(Arc<Semaphore>);

/// There is no room for more of bodies.
#[derive(Debug, thiserror::Error)]
#[error("there is no room for the body")]
pub(super) struct NoRoom;

/// An answer's body whose bytes hold room.
struct HousedBody {
    body: Body,
    room: Arc<OwnedSemaphorePermit>,
}

/// Bytes of an answer, for as long as anybody holds them.
struct Housed {
    bytes: Bytes,
    _room: Arc<OwnedSemaphorePermit>,
}

impl BodyRoom {
    /// Of so many bytes.
    pub(super) fn new(size: usize) -> Self {
        BodyRoom(Arc::new(Semaphore::new(size.min(Semaphore::MAX_PERMITS))))
    }

    /// Takes room for so many bytes. It is free again when it is dropped.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn take(&self, size: u64) -> Result<OwnedSemaphorePermit, NoRoom> {
        let size = u32::try_from(size).map_err(|_| NoRoom)?;
        Arc::clone(&self.0).try_acquire_many_owned(size).map_err(|_| NoRoom)
    }

    /// The answer; where it lies in memory whole, with room until the last of its bytes is sent.
    ///
    /// # Errors
    /// Where there is none.
    pub(super) fn house(&self, answer: Response) -> Result<Response, NoRoom> {
        let Some(size) = answer.body().size_hint().exact().filter(|&size| size > SHORT_SIZE_MAX) else {
            return Ok(answer);
        };
        let room = Arc::new(self.take(size)?);
        Ok(answer.map(|body| Body::new(HousedBody { body, room })))
    }
}

impl AsRef<[u8]> for Housed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for HousedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let HousedBody { body, room } = &mut *self;
        let house = |bytes| Bytes::from_owner(Housed { bytes, _room: Arc::clone(room) });
        Pin::new(body).poll_frame(cx).map_ok(|frame| frame.map_data(house))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bodies up to this size take no room.
pub(super) const SHORT_SIZE_MAX: u64 = 4096;

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn an_answer_holds_room_until_nobody_holds_its_bytes() {
        let room = BodyRoom::new(10_000);
        let answer = |size: usize| Response::new(Body::from(vec![7_u8; size]));
        let mut body = room.house(answer(6000)).unwrap().into_body();
        assert_eq!(body.size_hint().exact(), Some(6000));
        assert!(room.house(answer(6000)).is_err());
        assert!(room.house(answer(4096)).is_ok(), "what is short takes none");
        let made = stream::iter([Ok::<_, axum::Error>(Bytes::from(vec![7_u8; 20_000]))]);
        assert!(room.house(Response::new(Body::from_stream(made))).is_ok(), "it is not held");
        let bytes = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(bytes, vec![7_u8; 6000]);
        drop(body);
        assert!(room.house(answer(6000)).is_err(), "it is not sent");
        drop(bytes);
        assert!(room.house(answer(6000)).is_ok());
    }
}
