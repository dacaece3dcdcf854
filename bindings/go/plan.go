package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "unsafe"

// Part is one part of a plan.
type Part struct {
	AmountMsat, FeeMsat uint64
	// Probability is how likely its channels can carry it, if it were alone.
	Probability float64
	Cltv        uint32
	Hops        []Hop
	held        *owner
	index       int
}

// Plan is a payment in parts, the largest first. It stands for itself, as a Route does.
type Plan struct {
	Payer                         NodeID
	AmountMsat, FeeMsat, CostMsat uint64
	// LeastCostMsat is what no set of parts costs less than; None where that is not known.
	LeastCostMsat uint64
	// Probability is how likely every channel can carry all that the parts send over it.
	Probability float64
	// Cltv is in blocks until the last of the payer's HTLCs expires.
	Cltv    uint32
	Version uint64
	Parts   []*Part
	held    *owner
}

// MarshalBinary gives FlatBuffers bytes of schemas/answer.fbs.
func (plan *Plan) MarshalBinary() ([]byte, error) {
	var first *C.uint8_t
	var size C.size_t
	var bytes []byte
	err := plan.held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		status := C.fg_plan_bytes((*C.fg_plan)(handle), &first, &size, told)
		if status == C.FG_OK {
			bytes = copied(first, size)
		}
		return status
	})
	return bytes, err
}

// ownPlan copies what a plan says, and keeps it.
func ownPlan(handle *C.fg_plan) (*Plan, error) {
	held := own(unsafe.Pointer(handle), func(handle unsafe.Pointer) C.fg_status {
		return C.fg_plan_free((*C.fg_plan)(handle))
	})
	var info C.fg_plan_info
	err := held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_plan_get_info((*C.fg_plan)(handle), &info, C.sizeof_fg_plan_info, told)
	})
	if err != nil {
		return nil, err
	}
	plan := &Plan{
		Payer: nodeID(info.payer), AmountMsat: uint64(info.amount_msat), FeeMsat: uint64(info.fee_msat),
		CostMsat: uint64(info.cost_msat), LeastCostMsat: uint64(info.least_cost_msat),
		Probability: float64(info.probability), Cltv: uint32(info.cltv), Version: uint64(info.version),
		Parts: make([]*Part, info.part_count), held: held,
	}
	for at := range plan.Parts {
		if plan.Parts[at], err = part(held, at); err != nil {
			return nil, err
		}
	}
	return plan, nil
}

func part(held *owner, index int) (*Part, error) {
	var info C.fg_part_info
	var hops []C.fg_hop
	err := held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		plan, at := (*C.fg_plan)(handle), C.size_t(index)
		if status := C.fg_plan_part(plan, at, &info, C.sizeof_fg_part_info, told); status != C.FG_OK {
			return status
		}
		hops = make([]C.fg_hop, info.hop_count)
		return C.fg_plan_hops(plan, at, unsafe.SliceData(hops), info.hop_count, nil, told)
	})
	return &Part{
		AmountMsat: uint64(info.amount_msat), FeeMsat: uint64(info.fee_msat), Probability: float64(info.probability),
		Cltv: uint32(info.cltv), Hops: mapped(hops, hop), held: held, index: index,
	}, err
}
