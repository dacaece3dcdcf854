package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "unsafe"

// Channel is a channel between two nodes in the order of their ids.
type Channel struct {
	ShortChannelID   uint64
	NodeID1, NodeID2 NodeID
	// CapacityMsat is None where it is not known.
	CapacityMsat uint64
	// Closed is told, never read.
	Closed bool
}

func (channel Channel) c() C.fg_channel {
	return C.fg_channel{
		short_channel_id: C.uint64_t(channel.ShortChannelID), capacity_msat: C.uint64_t(channel.CapacityMsat),
		node_id_1: channel.NodeID1.c(), node_id_2: channel.NodeID2.c(),
	}
}

// Policy is what a node asks of HTLCs over one direction of a channel.
type Policy struct {
	FeeBaseMsat, FeeProportionalMillionths uint32
	CltvExpiryDelta                        uint16
	HtlcMinimumMsat, HtlcMaximumMsat       uint64
	// InboundBaseMsat and InboundProportionalMillionths are the inbound fee of bLIP-18.
	InboundBaseMsat, InboundProportionalMillionths int32
	// LastUpdate is in seconds since 1970.
	LastUpdate uint32
	Disabled   bool
}

func (policy Policy) c() C.fg_policy {
	to := C.fg_policy{
		htlc_minimum_msat:               C.uint64_t(policy.HtlcMinimumMsat),
		htlc_maximum_msat:               C.uint64_t(policy.HtlcMaximumMsat),
		fee_base_msat:                   C.uint32_t(policy.FeeBaseMsat),
		fee_proportional_millionths:     C.uint32_t(policy.FeeProportionalMillionths),
		inbound_base_msat:               C.int32_t(policy.InboundBaseMsat),
		inbound_proportional_millionths: C.int32_t(policy.InboundProportionalMillionths),
		last_update:                     C.uint32_t(policy.LastUpdate),
		cltv_expiry_delta:               C.uint16_t(policy.CltvExpiryDelta),
	}
	if policy.Disabled {
		to.disabled = 1
	}
	return to
}

func policy(from C.fg_policy) Policy {
	return Policy{
		FeeBaseMsat:                   uint32(from.fee_base_msat),
		FeeProportionalMillionths:     uint32(from.fee_proportional_millionths),
		CltvExpiryDelta:               uint16(from.cltv_expiry_delta),
		HtlcMinimumMsat:               uint64(from.htlc_minimum_msat),
		HtlcMaximumMsat:               uint64(from.htlc_maximum_msat),
		InboundBaseMsat:               int32(from.inbound_base_msat),
		InboundProportionalMillionths: int32(from.inbound_proportional_millionths),
		LastUpdate:                    uint32(from.last_update),
		Disabled:                      from.disabled != 0,
	}
}

// OpenChannel opens a channel, which carries nothing before it has a policy. Queries see it with the next Publish.
func (graph *Graph) OpenChannel(channel Channel) error {
	value := channel.c()
	return graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_open_channel((*C.fg_graph)(handle), &value, told)
	})
}

// CloseChannel closes a channel.
func (graph *Graph) CloseChannel(shortChannelID uint64) error {
	return graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_close_channel((*C.fg_graph)(handle), C.uint64_t(shortChannelID), told)
	})
}

// SetPolicy replaces the policy of a direction (0: from the first node, 1: from the second), whatever its age. Queries
// see it at once where the channel is not new, else with the next Publish.
func (graph *Graph) SetPolicy(shortChannelID uint64, direction uint32, policy Policy) error {
	scid, value := C.uint64_t(shortChannelID), policy.c()
	return graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_set_policy((*C.fg_graph)(handle), scid, C.uint32_t(direction), &value, told)
	})
}
