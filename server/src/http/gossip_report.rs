//! What the server's log hears of gossip.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

use super::app::App;
use super::gossip::GossipInfo;
use crate::net::Notice;

/// Counts, and writes to the server's log what a node of gossip does, until the server stops.
pub async fn report_gossip(app: App, notices: Receiver<Notice>) {
    let Some(watch) = app.gossip() else { return };
    let (mut stopped, mut ticks) = (app.stopped(), interval(LOOK_EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut looked_at) = (watch.info(), Instant::now());
    let (mut told, mut told_at, mut has_ended) = (before, looked_at, false);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped.wait() => return,
        }
        for notice in notices.try_iter() {
            tracing::info!("gossip: {notice}");
        }
        if let Some(why) = watch.ended().filter(|_| !has_ended) {
            has_ended = true;
            tracing::error!("gossip has ended, and the graph stays as it is until a restart: {why}");
        }
        let (info, now) = (watch.info(), Instant::now());
        let count = info.message_count.saturating_sub(before.message_count);
        let millis = now.duration_since(looked_at).as_millis().max(1);
        let per_second = u128::from(count).saturating_mul(1000) / millis;
        watch.note_rate(u64::try_from(per_second).unwrap_or(u64::MAX));
        (before, looked_at) = (info, now);
        if now.duration_since(told_at) >= TELL_EVERY {
            if info != told {
                let GossipInfo { peer_count, verified_count, lag_us, wanted_count, is_synced, .. } = info;
                let messages = info.message_count.saturating_sub(told.message_count);
                tracing::info!(
                    peer_count,
                    messages,
                    verified_count,
                    lag_us,
                    wanted_count,
                    is_synced,
                    "gossip of a minute"
                );
            }
            (told, told_at) = (info, now);
        }
    }
}

const LOOK_EVERY: Duration = Duration::from_secs(2);
const TELL_EVERY: Duration = Duration::from_secs(60);
