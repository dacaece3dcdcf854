package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "unsafe"

// Hop is an HTLC on a route, and the node that it leads to.
type Hop struct {
	ShortChannelID      uint64
	Direction           uint32
	NodeID              NodeID
	AmountMsat, FeeMsat uint64
	Cltv                uint32
}

// Route stands for itself: the graph may change, or be closed.
type Route struct {
	Payer                         NodeID
	AmountMsat, FeeMsat, CostMsat uint64
	// GapMsat is by how much a better route may be cheaper; 0 where there is none.
	GapMsat     uint64
	Probability float64
	Cltv        uint32
	Version     uint64
	Settled     uint64
	Hops        []Hop
	// Bytes are the FlatBuffers bytes of schemas/answer.fbs; equal routes have equal bytes.
	Bytes []byte
}

// Part is one part of a plan.
type Part struct {
	AmountMsat, FeeMsat uint64
	Probability         float64
	Cltv                uint32
	Hops                []Hop
}

// Plan is a payment in parts, the largest first.
type Plan struct {
	Payer                         NodeID
	AmountMsat, FeeMsat, CostMsat uint64
	// LeastCostMsat is what no set of parts costs less than; None where that is not known.
	LeastCostMsat uint64
	Probability   float64
	Cltv          uint32
	Version       uint64
	Parts         []Part
	// Bytes are the FlatBuffers bytes of schemas/answer.fbs.
	Bytes []byte
}

// takeRoute copies a route and frees it.
func takeRoute(handle *C.fg_route) (*Route, error) {
	defer C.fg_route_free(handle)
	var told C.fg_error
	var info C.fg_route_info
	if C.fg_route_get_info(handle, &info, C.sizeof_fg_route_info, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	hops := make([]C.fg_hop, info.hop_count)
	if len(hops) > 0 && C.fg_route_hops(handle, &hops[0], info.hop_count, nil, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	var bytes *C.uint8_t
	var size C.size_t
	if C.fg_route_bytes(handle, &bytes, &size, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	return &Route{
		Payer: nodeID(info.payer), AmountMsat: uint64(info.amount_msat), FeeMsat: uint64(info.fee_msat),
		CostMsat: uint64(info.cost_msat), GapMsat: uint64(info.gap_msat), Probability: float64(info.probability),
		Cltv: uint32(info.cltv), Version: uint64(info.version), Settled: uint64(info.settled),
		Hops: takeHops(hops), Bytes: C.GoBytes(unsafe.Pointer(bytes), C.int(size)),
	}, nil
}

// takePlan copies a plan and frees it.
func takePlan(handle *C.fg_plan) (*Plan, error) {
	defer C.fg_plan_free(handle)
	var told C.fg_error
	var info C.fg_plan_info
	if C.fg_plan_get_info(handle, &info, C.sizeof_fg_plan_info, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	plan := &Plan{
		Payer: nodeID(info.payer), AmountMsat: uint64(info.amount_msat), FeeMsat: uint64(info.fee_msat),
		CostMsat: uint64(info.cost_msat), LeastCostMsat: uint64(info.least_cost_msat),
		Probability: float64(info.probability), Cltv: uint32(info.cltv), Version: uint64(info.version),
	}
	for at := C.size_t(0); at < info.part_count; at++ {
		var part C.fg_part_info
		if C.fg_plan_part(handle, at, &part, C.sizeof_fg_part_info, &told) != C.FG_OK {
			return nil, failure(&told)
		}
		hops := make([]C.fg_hop, part.hop_count)
		if len(hops) > 0 && C.fg_plan_hops(handle, at, &hops[0], part.hop_count, nil, &told) != C.FG_OK {
			return nil, failure(&told)
		}
		plan.Parts = append(plan.Parts, Part{
			AmountMsat: uint64(part.amount_msat), FeeMsat: uint64(part.fee_msat),
			Probability: float64(part.probability), Cltv: uint32(part.cltv), Hops: takeHops(hops),
		})
	}
	var bytes *C.uint8_t
	var size C.size_t
	if C.fg_plan_bytes(handle, &bytes, &size, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	plan.Bytes = C.GoBytes(unsafe.Pointer(bytes), C.int(size))
	return plan, nil
}

func takeHops(from []C.fg_hop) []Hop {
	return mapped(from, func(hop C.fg_hop) Hop {
		return Hop{
			ShortChannelID: uint64(hop.short_channel_id), Direction: uint32(hop.direction),
			NodeID: nodeID(hop.node_id), AmountMsat: uint64(hop.amount_msat), FeeMsat: uint64(hop.fee_msat),
			Cltv: uint32(hop.cltv),
		}
	})
}
