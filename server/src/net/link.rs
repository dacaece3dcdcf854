//! What the core holds of a conversation: a queue of messages for the peer, bounded by bytes, and the gate of its reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gossip::sync::DisconnectReason;
use tokio::sync::{mpsc, watch};

/// The core's end.
#[derive(Debug)]
pub(super) struct Link {
    orders: mpsc::UnboundedSender<Order>,
    queued_bytes: Arc<AtomicUsize>,
    pause: watch::Sender<bool>,
}

/// The conversation's end.
#[derive(Debug)]
pub(super) struct LinkEnd {
    orders: mpsc::UnboundedReceiver<Order>,
    queued_bytes: Arc<AtomicUsize>,
    pub(super) pause: watch::Receiver<bool>,
}

/// What a conversation is told to do.
#[derive(Debug)]
pub(super) enum Order {
    Send(Vec<u8>),
    /// Leave the peer, once it was sent what was ordered before.
    Close(DisconnectReason),
}

/// What a conversation hears from the core.
#[derive(Debug)]
pub(super) enum News {
    /// An order; `None` where the core has gone.
    Order(Option<Order>),
    /// The gate of reads was opened or closed.
    Gate,
}

/// Both ends.
pub(super) fn link() -> (Link, LinkEnd) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (pause_sender, pause) = watch::channel(false);
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    let end = LinkEnd { orders: receiver, queued_bytes: Arc::clone(&queued_bytes), pause };
    (Link { orders: sender, queued_bytes, pause: pause_sender }, end)
}

impl Link {
    /// Queues a message; `false` where the queue is full, which no peer's reading can bring about: the core sends piece
    /// by piece, as [`gossip::sync::Input::Writable`] lets it.
    pub(super) fn send(&self, message: Vec<u8>) -> bool {
        let size = message.len();
        if self.queued_bytes.load(Ordering::Relaxed).saturating_add(size) > QUEUED_BYTES_MAX {
            return false;
        }
        self.queued_bytes.fetch_add(size, Ordering::Relaxed);
        // A conversation that is over is about to say so.
        let _ = self.orders.send(Order::Send(message));
        true
    }

    pub(super) fn close(&self, reason: DisconnectReason) {
        let _ = self.orders.send(Order::Close(reason));
    }

    pub(super) fn pause(&self, is_paused: bool) {
        self.pause.send_replace(is_paused);
    }
}

impl LinkEnd {
    /// What comes next; orders only where `may_order`.
    pub(super) async fn news(&mut self, may_order: bool) -> News {
        tokio::select! {
            biased;
            order = self.orders.recv(), if may_order => {
                self.count(order.as_ref());
                News::Order(order)
            }
            changed = self.pause.changed() => match changed {
                Ok(()) => News::Gate,
                // The core has gone, and there may be orders yet; without leave to take them, there is nothing to do.
                Err(_) if may_order => {
                    let order = self.orders.recv().await;
                    self.count(order.as_ref());
                    News::Order(order)
                }
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// The next order, where there is one already.
    pub(super) fn try_next(&mut self) -> Option<Order> {
        let order = self.orders.try_recv().ok();
        self.count(order.as_ref());
        order
    }

    fn count(&self, order: Option<&Order>) {
        if let Some(Order::Send(message)) = order {
            self.queued_bytes.fetch_sub(message.len(), Ordering::Relaxed);
        }
    }
}

/// Bytes that wait for one peer: two of the largest pieces that the core sends at once, and questions of ours.
const QUEUED_BYTES_MAX: usize = 1 << 20;
