package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"math"
	"time"
)

// Cost is what a query minimises.
type Cost uint32

// The costs: the fee; with the risk of locked funds; with the chance that a hop lacks the liquidity.
const (
	CostFee         Cost = C.FG_COST_FEE
	CostRisk        Cost = C.FG_COST_RISK
	CostProbability Cost = C.FG_COST_PROBABILITY
)

// FirstChannel is one of the payer's channels, and what it can send over it now.
type FirstChannel struct{ ShortChannelID, BalanceMsat uint64 }

// Direction is one direction of a channel (0: from the first node, 1: from the second).
type Direction struct {
	ShortChannelID uint64
	Direction      uint32
}

// ExtraArc is one direction of a channel that is not in the graph: a route hint, a private channel.
type ExtraArc struct {
	// CapacityMsat is None where it is not known.
	ShortChannelID, CapacityMsat uint64
	// Tail forwards over it, Head is where it leads to.
	Tail, Head NodeID
	Policy     Policy
}

// Query is a payment that wants a route or a plan. Make it with NewQuery, which fills in the defaults; the header of the
// library says what each field means.
type Query struct {
	Payer NodeID
	// Payee may be the payer, as for rebalancing.
	Payee      NodeID
	AmountMsat uint64
	Cost       Cost
	// RiskBillionths, HopBaseMsat and HopMillionths are for CostRisk and above, the attempt's for CostProbability.
	RiskBillionths, HopBaseMsat, HopMillionths uint32
	AttemptBaseMsat, AttemptMillionths         uint32
	// FeeMaxMsat may be None, FeeMaxMillionths 2^32-1; the stricter of both holds.
	FeeMaxMsat       uint64
	FeeMaxMillionths uint32
	// CltvMax and FinalCltvDelta are in blocks.
	CltvMax, FinalCltvDelta uint32
	HopCountMax             uint32
	// FinalPayloadExtra and EndPayloadSize (2^32-1 for a plain payee) are bytes in the payee's onion.
	FinalPayloadExtra, EndPayloadSize uint32
	HeadroomMillionths                uint32
	IgnoreInboundFees, MayOverpay     bool
	// PartCountMax and PartMinMsat are for plans.
	PartCountMax  uint32
	PartMinMsat   uint64
	ToleranceMsat uint64
	WorkMax       uint64
	// LastHop must be last before the payee; nil for any.
	LastHop         *NodeID
	AvoidNodes      []NodeID
	AvoidChannels   []uint64
	AvoidDirections []Direction
	// FirstChannels are those that may be used; nil allows all.
	FirstChannels []FirstChannel
	ExtraArcs     []ExtraArc
	// Layers and the names of those that change the graph for this query, in their order.
	Layers     *Layers
	LayerNames []string
	// Reservations are amounts in flight that are left alone.
	Reservations *Reservations
	// Beliefs are what is known of balances at Now.
	Beliefs *Beliefs
	Now     time.Time
	// BimodalScaleMsat is for beliefs: 0 where any balance is equally likely before anything is known.
	BimodalScaleMsat uint64
}

// NewQuery is a query with the library's defaults.
func NewQuery(payer, payee NodeID, amountMsat uint64) Query {
	var usual C.fg_query
	C.fg_query_init(&usual, C.sizeof_fg_query)
	return Query{
		Payer: payer, Payee: payee, AmountMsat: amountMsat, Cost: Cost(usual.cost),
		RiskBillionths: uint32(usual.risk_billionths), HopBaseMsat: uint32(usual.hop_base_msat),
		HopMillionths: uint32(usual.hop_millionths), AttemptBaseMsat: uint32(usual.attempt_base_msat),
		AttemptMillionths: uint32(usual.attempt_millionths), FeeMaxMsat: uint64(usual.fee_max_msat),
		FeeMaxMillionths: uint32(usual.fee_max_millionths), CltvMax: uint32(usual.cltv_max),
		FinalCltvDelta: uint32(usual.final_cltv_delta), HopCountMax: uint32(usual.hop_count_max),
		FinalPayloadExtra: uint32(usual.final_payload_extra), EndPayloadSize: uint32(usual.end_payload_size),
		HeadroomMillionths: uint32(usual.headroom_millionths), PartCountMax: uint32(usual.part_count_max),
		PartMinMsat: uint64(usual.part_min_msat), ToleranceMsat: uint64(usual.tolerance_msat),
		WorkMax: uint64(usual.work_max), BimodalScaleMsat: uint64(usual.bimodal_scale_msat),
	}
}

// fill writes the query for C. What it points to is lent.
func (query *Query) fill(to *C.fg_query, loan *loan) error {
	C.fg_query_init(to, C.sizeof_fg_query)
	query.fillNumbers(to)
	query.fillLists(to, loan)
	return query.fillHandles(to, loan)
}

func (query *Query) fillNumbers(to *C.fg_query) {
	to.payer, to.payee, to.amount_msat = query.Payer.c(), query.Payee.c(), C.uint64_t(query.AmountMsat)
	to.cost = C.uint32_t(query.Cost)
	to.risk_billionths, to.hop_base_msat = C.uint32_t(query.RiskBillionths), C.uint32_t(query.HopBaseMsat)
	to.hop_millionths, to.attempt_base_msat = C.uint32_t(query.HopMillionths), C.uint32_t(query.AttemptBaseMsat)
	to.attempt_millionths = C.uint32_t(query.AttemptMillionths)
	to.fee_max_msat, to.fee_max_millionths = C.uint64_t(query.FeeMaxMsat), C.uint32_t(query.FeeMaxMillionths)
	to.cltv_max, to.final_cltv_delta = C.uint32_t(query.CltvMax), C.uint32_t(query.FinalCltvDelta)
	to.hop_count_max, to.final_payload_extra = C.uint32_t(query.HopCountMax), C.uint32_t(query.FinalPayloadExtra)
	to.end_payload_size = C.uint32_t(query.EndPayloadSize)
	to.headroom_millionths = C.uint32_t(query.HeadroomMillionths)
	to.part_count_max, to.part_min_msat = C.uint32_t(query.PartCountMax), C.uint64_t(query.PartMinMsat)
	to.tolerance_msat, to.work_max = C.uint64_t(query.ToleranceMsat), C.uint64_t(query.WorkMax)
	to.bimodal_scale_msat, to.now = C.uint64_t(query.BimodalScaleMsat), seconds(query.Now)
	if query.IgnoreInboundFees {
		to.flags |= C.FG_IGNORE_INBOUND_FEES
	}
	if query.MayOverpay {
		to.flags |= C.FG_MAY_OVERPAY
	}
}

func (query *Query) fillLists(to *C.fg_query, loan *loan) {
	if query.LastHop != nil {
		to.last_hop = pinned(loan, []C.fg_node_id{query.LastHop.c()})
	}
	to.avoid_nodes = pinned(loan, mapped(query.AvoidNodes, NodeID.c))
	to.avoid_node_count = C.size_t(len(query.AvoidNodes))
	to.avoid_channels = pinned(loan, mapped(query.AvoidChannels, func(id uint64) C.uint64_t { return C.uint64_t(id) }))
	to.avoid_channel_count = C.size_t(len(query.AvoidChannels))
	to.avoid_directions = pinned(loan, mapped(query.AvoidDirections, func(from Direction) C.fg_direction {
		id, direction := C.uint64_t(from.ShortChannelID), C.uint32_t(from.Direction)
		return C.fg_direction{short_channel_id: id, direction: direction}
	}))
	to.avoid_direction_count = C.size_t(len(query.AvoidDirections))
	if query.FirstChannels != nil {
		first := mapped(query.FirstChannels, func(from FirstChannel) C.fg_first_channel {
			id, balance := C.uint64_t(from.ShortChannelID), C.uint64_t(from.BalanceMsat)
			return C.fg_first_channel{short_channel_id: id, balance_msat: balance}
		})
		// A list of none is not the same as no list.
		to.first_channels = pinned(loan, append(first, C.fg_first_channel{}))
		to.first_channel_count = C.size_t(len(query.FirstChannels))
	}
	to.extra_arcs = pinned(loan, mapped(query.ExtraArcs, func(from ExtraArc) C.fg_extra_arc {
		return C.fg_extra_arc{
			short_channel_id: C.uint64_t(from.ShortChannelID), capacity_msat: C.uint64_t(from.CapacityMsat),
			policy: from.Policy.c(), tail: from.Tail.c(), head: from.Head.c(),
		}
	}))
	to.extra_arc_count = C.size_t(len(query.ExtraArcs))
	to.layer_names = pinned(loan, mapped(query.LayerNames, loan.text))
	to.layer_count = C.size_t(len(query.LayerNames))
}

// fillHandles fails where one is closed: the query would mean something else without it.
func (query *Query) fillHandles(to *C.fg_query, loan *loan) error {
	if query.Layers != nil {
		handle, err := loan.borrow(query.Layers.owner)
		if err != nil {
			return err
		}
		to.layers = (*C.fg_layers)(handle)
	}
	if query.Reservations != nil {
		handle, err := loan.borrow(query.Reservations.owner)
		if err != nil {
			return err
		}
		to.reservations = (*C.fg_reservations)(handle)
	}
	if query.Beliefs != nil {
		handle, err := loan.borrow(query.Beliefs.owner)
		if err != nil {
			return err
		}
		to.beliefs = (*C.fg_beliefs)(handle)
	}
	return nil
}

// seconds are those since 1970, as far as they go.
func seconds(at time.Time) C.uint32_t {
	return C.uint32_t(min(max(at.Unix(), 0), math.MaxUint32))
}
