package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"context"
	"runtime"
	"unsafe"
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

// Direction is one direction of a channel.
type Direction struct {
	ShortChannelID uint64
	Direction      uint32
}

// ExtraArc is one direction of a channel that is not in the graph: a route hint, a private channel.
type ExtraArc struct {
	ShortChannelID, CapacityMsat uint64
	Tail, Head                   NodeID
	Policy                       Policy
}

// Query is a payment that wants a route or a plan. Make it with NewQuery, which fills in the defaults.
type Query struct {
	Payer, Payee                               NodeID
	AmountMsat                                 uint64
	Cost                                       Cost
	RiskBillionths, HopBaseMsat, HopMillionths uint32
	AttemptBaseMsat, AttemptMillionths         uint32
	FeeMaxMsat                                 uint64
	FeeMaxMillionths                           uint32
	CltvMax, FinalCltvDelta, HopCountMax       uint32
	FinalPayloadExtra, HeadroomMillionths      uint32
	IgnoreInboundFees, MayOverpay              bool
	PartCountMax                               uint32
	PartMinMsat, ToleranceMsat, WorkMax        uint64
	LastHop                                    *NodeID
	AvoidNodes                                 []NodeID
	AvoidChannels                              []uint64
	AvoidDirections                            []Direction
	// FirstChannels are those that may be used; nil allows all.
	FirstChannels []FirstChannel
	ExtraArcs     []ExtraArc
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
		FinalPayloadExtra: uint32(usual.final_payload_extra), HeadroomMillionths: uint32(usual.headroom_millionths),
		PartCountMax: uint32(usual.part_count_max), PartMinMsat: uint64(usual.part_min_msat),
		ToleranceMsat: uint64(usual.tolerance_msat), WorkMax: uint64(usual.work_max),
	}
}

// fill writes the query for C. What it points to is pinned until the pinner lets go.
func (query *Query) fill(to *C.fg_query, pinner *runtime.Pinner) {
	C.fg_query_init(to, C.sizeof_fg_query)
	to.payer, to.payee, to.amount_msat = query.Payer.c(), query.Payee.c(), C.uint64_t(query.AmountMsat)
	to.cost = C.uint32_t(query.Cost)
	to.risk_billionths, to.hop_base_msat = C.uint32_t(query.RiskBillionths), C.uint32_t(query.HopBaseMsat)
	to.hop_millionths, to.attempt_base_msat = C.uint32_t(query.HopMillionths), C.uint32_t(query.AttemptBaseMsat)
	to.attempt_millionths = C.uint32_t(query.AttemptMillionths)
	to.fee_max_msat, to.fee_max_millionths = C.uint64_t(query.FeeMaxMsat), C.uint32_t(query.FeeMaxMillionths)
	to.cltv_max, to.final_cltv_delta = C.uint32_t(query.CltvMax), C.uint32_t(query.FinalCltvDelta)
	to.hop_count_max, to.final_payload_extra = C.uint32_t(query.HopCountMax), C.uint32_t(query.FinalPayloadExtra)
	to.headroom_millionths = C.uint32_t(query.HeadroomMillionths)
	to.part_count_max, to.part_min_msat = C.uint32_t(query.PartCountMax), C.uint64_t(query.PartMinMsat)
	to.tolerance_msat, to.work_max = C.uint64_t(query.ToleranceMsat), C.uint64_t(query.WorkMax)
	if query.IgnoreInboundFees {
		to.flags |= C.FG_IGNORE_INBOUND_FEES
	}
	if query.MayOverpay {
		to.flags |= C.FG_MAY_OVERPAY
	}
	if query.LastHop != nil {
		last := query.LastHop.c()
		to.last_hop = pinned(pinner, []C.fg_node_id{last})
	}
	to.avoid_nodes = pinned(pinner, mapped(query.AvoidNodes, NodeID.c))
	to.avoid_node_count = C.size_t(len(query.AvoidNodes))
	to.avoid_channels = pinned(pinner, mapped(query.AvoidChannels, func(id uint64) C.uint64_t { return C.uint64_t(id) }))
	to.avoid_channel_count = C.size_t(len(query.AvoidChannels))
	to.avoid_directions = pinned(pinner, mapped(query.AvoidDirections, func(from Direction) C.fg_direction {
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
		to.first_channels = pinned(pinner, append(first, C.fg_first_channel{}))
		to.first_channel_count = C.size_t(len(query.FirstChannels))
	}
	to.extra_arcs = pinned(pinner, mapped(query.ExtraArcs, func(from ExtraArc) C.fg_extra_arc {
		return C.fg_extra_arc{
			short_channel_id: C.uint64_t(from.ShortChannelID), capacity_msat: C.uint64_t(from.CapacityMsat),
			policy: from.Policy.c(), tail: from.Tail.c(), head: from.Head.c(),
		}
	}))
	to.extra_arc_count = C.size_t(len(query.ExtraArcs))
}

func mapped[From, To any](from []From, convert func(From) To) []To {
	to := make([]To, len(from))
	for at, value := range from {
		to[at] = convert(value)
	}
	return to
}

// pinned is where C finds the values, nil where there are none.
func pinned[T any](pinner *runtime.Pinner, values []T) *T {
	if len(values) == 0 {
		return nil
	}
	pinner.Pin(&values[0])
	return &values[0]
}

// ask fills in a query and runs a call of C with it, which ends early when the context does.
func (graph *Graph) ask(ctx context.Context, query Query, call func(*C.fg_query, *C.fg_error) C.fg_status) error {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	defer runtime.KeepAlive(graph)
	asked := new(C.fg_query)
	pinner.Pin(asked)
	query.fill(asked, &pinner)
	release, err := watched(ctx, asked)
	if err != nil {
		return err
	}
	defer release()
	var told C.fg_error
	status := call(asked, &told)
	if status == C.FG_CANCELLED && ctx.Err() != nil {
		return ctx.Err()
	}
	return ended(status, &told)
}

// FindRoute finds the cheapest route.
func (graph *Graph) FindRoute(ctx context.Context, query Query) (*Route, error) {
	var handle *C.fg_route
	err := graph.ask(ctx, query, func(asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_route(graph.handle, asked, &handle, told)
	})
	if err != nil {
		return nil, err
	}
	return takeRoute(handle)
}

// FindAlternatives finds the count cheapest routes, the cheapest first.
func (graph *Graph) FindAlternatives(ctx context.Context, query Query, count int) ([]*Route, error) {
	return graph.findSeveral(ctx, query, count, func(asked *C.fg_query, to **C.fg_route, found *C.size_t, told *C.fg_error) C.fg_status {
		return C.fg_find_alternatives(graph.handle, asked, to, C.size_t(count), found, told)
	})
}

// FindDiverse finds up to count routes that share no channel but, where there is no other way, the first and the last.
func (graph *Graph) FindDiverse(ctx context.Context, query Query, count int) ([]*Route, error) {
	return graph.findSeveral(ctx, query, count, func(asked *C.fg_query, to **C.fg_route, found *C.size_t, told *C.fg_error) C.fg_status {
		return C.fg_find_diverse(graph.handle, asked, to, C.size_t(count), found, told)
	})
}

func (graph *Graph) findSeveral(
	ctx context.Context, query Query, count int,
	search func(*C.fg_query, **C.fg_route, *C.size_t, *C.fg_error) C.fg_status,
) ([]*Route, error) {
	if count <= 0 {
		return nil, nil
	}
	handles := make([]*C.fg_route, count)
	var found C.size_t
	err := graph.ask(ctx, query, func(asked *C.fg_query, told *C.fg_error) C.fg_status {
		return search(asked, (**C.fg_route)(unsafe.Pointer(&handles[0])), &found, told)
	})
	if err != nil {
		return nil, err
	}
	routes := make([]*Route, 0, found)
	for at, handle := range handles[:found] {
		route, err := takeRoute(handle)
		if err != nil {
			for _, rest := range handles[at+1 : found] {
				C.fg_route_free(rest)
			}
			return nil, err
		}
		routes = append(routes, route)
	}
	return routes, nil
}

// FindPlan splits a payment as the query's cost likes it best.
func (graph *Graph) FindPlan(ctx context.Context, query Query) (*Plan, error) {
	var handle *C.fg_plan
	err := graph.ask(ctx, query, func(asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_plan(graph.handle, asked, &handle, told)
	})
	if err != nil {
		return nil, err
	}
	return takePlan(handle)
}
