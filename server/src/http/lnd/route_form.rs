//! A route as LND writes it.

use std::collections::BTreeMap;

use engine::route::Route;
use engine::snapshot::Snapshot;
use primitives::Msat;
use serde::Serialize;

use super::form::Base64;
use crate::json::{NodeIdText, Text};

/// `lnrpc.Route`.
#[derive(Debug, Serialize)]
pub(super) struct RouteForm {
    total_time_lock: u32,
    total_fees: Text<u64>,
    total_amt: Text<u64>,
    hops: Vec<HopForm>,
    total_fees_msat: Text<u64>,
    total_amt_msat: Text<u64>,
    first_hop_amount_msat: Text<u64>,
    custom_channel_data: &'static str,
}

/// `lnrpc.Hop`.
#[derive(Debug, Serialize)]
struct HopForm {
    chan_id: Text<u64>,
    chan_capacity: Text<u64>,
    amt_to_forward: Text<u64>,
    fee: Text<u64>,
    expiry: u32,
    amt_to_forward_msat: Text<u64>,
    fee_msat: Text<u64>,
    pub_key: NodeIdText,
    tlv_payload: bool,
    mpp_record: Option<MppRecord>,
    amp_record: Option<()>,
    custom_records: BTreeMap<u64, Base64>,
    metadata: &'static str,
    blinding_point: &'static str,
    encrypted_data: &'static str,
    total_amt_msat: Text<u64>,
}

/// `lnrpc.MPPRecord`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct MppRecord {
    pub(super) payment_addr: Base64,
    pub(super) total_amt_msat: Text<u64>,
}

impl RouteForm {
    /// A route whose expiries are counted from `height`.
    pub(super) fn new(snapshot: &Snapshot, route: &Route, height: u32) -> Self {
        let total = route.amount.saturating_add(route.fee);
        let expiries = route.hops.iter().skip(1).chain(route.hops.last()).map(|hop| hop.cltv);
        let hops = route.hops.iter().zip(expiries).map(|(hop, cltv)| {
            // What the node at the hop's end passes on; the payee keeps all of it.
            let forwarded = hop.amount.saturating_sub(hop.fee);
            let channel = snapshot.channel(hop.short_channel_id);
            // Of a channel of a hint nothing is known but that it carries this.
            let capacity = channel.and_then(|channel| snapshot.capacity(channel)).unwrap_or(hop.amount);
            HopForm {
                chan_id: Text(hop.short_channel_id.to_u64()),
                chan_capacity: Text(capacity.to_sat_floor()),
                amt_to_forward: Text(forwarded.to_sat_floor()),
                fee: Text(hop.fee.to_sat_floor()),
                expiry: height.saturating_add(cltv),
                amt_to_forward_msat: Text(forwarded.to_msat()),
                fee_msat: Text(hop.fee.to_msat()),
                pub_key: Text(hop.node_id),
                tlv_payload: true,
                mpp_record: None,
                amp_record: None,
                custom_records: BTreeMap::new(),
                metadata: "",
                blinding_point: "",
                encrypted_data: "",
                total_amt_msat: Text(0),
            }
        });
        RouteForm {
            total_time_lock: height.saturating_add(route.cltv),
            total_fees: Text(route.fee.to_sat_floor()),
            total_amt: Text(total.to_sat_floor()),
            hops: hops.collect(),
            total_fees_msat: Text(route.fee.to_msat()),
            total_amt_msat: Text(total.to_msat()),
            first_hop_amount_msat: Text(0),
            custom_channel_data: "",
        }
    }

    /// The same with what the payee's payload carries beside amount and expiry.
    pub(super) fn with_payload(
        mut self,
        records: BTreeMap<u64, Base64>,
        payment_addr: Option<Base64>,
        amount: Msat,
    ) -> Self {
        if let Some(last) = self.hops.last_mut() {
            last.custom_records = records;
            last.mpp_record = payment_addr
                .map(|payment_addr| MppRecord { payment_addr, total_amt_msat: Text(amount.to_msat()) });
        }
        self
    }
}
