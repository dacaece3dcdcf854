package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "unsafe"

// Hop is an HTLC on a route, and the node that it leads to.
type Hop struct {
	ShortChannelID uint64
	Direction      uint32
	NodeID         NodeID
	// AmountMsat is what the HTLC carries, FeeMsat what the node keeps for forwarding.
	AmountMsat, FeeMsat uint64
	// Cltv is in blocks from now to the HTLC's expiry.
	Cltv uint32
}

// Route stands for itself: the graph may change, or be closed.
type Route struct {
	Payer                         NodeID
	AmountMsat, FeeMsat, CostMsat uint64
	// GapMsat is by how much a better route may be cheaper; 0 where there is none.
	GapMsat uint64
	// Probability is how likely every hop has the liquidity, where any balance is equally likely.
	Probability float64
	// Cltv is in blocks from now to the expiry of the payer's HTLC.
	Cltv uint32
	// Version is the graph's, Settled how many nodes or labels were expanded.
	Version, Settled uint64
	Hops             []Hop
	held             *owner
}

// MarshalBinary gives FlatBuffers bytes of schemas/answer.fbs; equal routes have equal bytes.
func (route *Route) MarshalBinary() ([]byte, error) {
	var first *C.uint8_t
	var size C.size_t
	var bytes []byte
	err := route.held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		status := C.fg_route_bytes((*C.fg_route)(handle), &first, &size, told)
		if status == C.FG_OK {
			bytes = copied(first, size)
		}
		return status
	})
	return bytes, err
}

// ownRoute copies what a route says, and keeps it.
func ownRoute(handle *C.fg_route) (*Route, error) {
	held := own(unsafe.Pointer(handle), func(handle unsafe.Pointer) C.fg_status {
		return C.fg_route_free((*C.fg_route)(handle))
	})
	var info C.fg_route_info
	var hops []C.fg_hop
	err := held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		route := (*C.fg_route)(handle)
		if status := C.fg_route_get_info(route, &info, C.sizeof_fg_route_info, told); status != C.FG_OK {
			return status
		}
		hops = make([]C.fg_hop, info.hop_count)
		return C.fg_route_hops(route, unsafe.SliceData(hops), info.hop_count, nil, told)
	})
	if err != nil {
		return nil, err
	}
	return &Route{
		Payer: nodeID(info.payer), AmountMsat: uint64(info.amount_msat), FeeMsat: uint64(info.fee_msat),
		CostMsat: uint64(info.cost_msat), GapMsat: uint64(info.gap_msat), Probability: float64(info.probability),
		Cltv: uint32(info.cltv), Version: uint64(info.version), Settled: uint64(info.settled),
		Hops: mapped(hops, hop), held: held,
	}, nil
}

func hop(from C.fg_hop) Hop {
	return Hop{
		ShortChannelID: uint64(from.short_channel_id), Direction: uint32(from.direction),
		NodeID: nodeID(from.node_id), AmountMsat: uint64(from.amount_msat), FeeMsat: uint64(from.fee_msat),
		Cltv: uint32(from.cltv),
	}
}
