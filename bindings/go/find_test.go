package fulgurite

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

func TestRouteAlongARow(t *testing.T) {
	graph := row(t, 4)
	route := must(graph.FindRoute(background, NewQuery(node(1), node(4), 50_000)))
	if route.FeeMsat != 2000 || len(route.Hops) != 3 || route.Hops[2].NodeID != node(4) || route.Payer != node(1) {
		t.Fatalf("%+v", route)
	}
	if raw := must(route.MarshalBinary()); string(raw[4:8]) != "FGAN" {
		t.Fatalf("%x", raw)
	}
	plan := must(graph.FindPlan(background, NewQuery(node(1), node(4), 50_000)))
	if len(plan.Parts) != 1 || plan.FeeMsat != 2000 || len(plan.Parts[0].Hops) != 3 || plan.Payer != node(1) {
		t.Fatalf("%+v", plan)
	}
	if raw := must(plan.MarshalBinary()); string(raw[4:8]) != "FGAN" {
		t.Fatalf("%x", raw)
	}
}

func TestAlternativesComeInOrder(t *testing.T) {
	graph := ladder(t)
	query := NewQuery(node(1), node(4), 50_000)
	for _, routes := range [][]*Route{
		must(graph.FindAlternatives(background, query, 5)), must(graph.FindDiverse(background, query, 5)),
	} {
		if len(routes) != 2 || routes[0].FeeMsat != 1000 || routes[1].FeeMsat != 3000 {
			t.Fatalf("%+v", routes)
		}
	}
	if routes := must(graph.FindAlternatives(background, query, 1)); len(routes) != 1 {
		t.Fatalf("%+v", routes)
	}
	for _, count := range []int{0, -3} {
		if routes, err := graph.FindAlternatives(background, query, count); len(routes) > 0 {
			t.Fatalf("%+v %v", routes, err)
		}
	}
}

func TestPlansSplitWhatOneChannelCannotCarry(t *testing.T) {
	graph := ladder(t)
	query := NewQuery(node(1), node(4), 1_500_000_000)
	plan := must(graph.FindPlan(background, query))
	if len(plan.Parts) < 2 || plan.Parts[0].AmountMsat+plan.Parts[1].AmountMsat > 1_500_000_000 {
		t.Fatalf("%+v", plan)
	}
	if plans := must(graph.FindPlanFrontier(background, query, 3)); len(plans) == 0 || len(plans) > 3 {
		t.Fatalf("%+v", plans)
	}
	widest, most := must(graph.FindWidest(background, query)), must(graph.FindMostSendable(background, query))
	if widest != 900_000_000 || most <= widest || most > 2*widest {
		t.Fatal(widest, most)
	}
}

func TestBatchesAnswerEachQuery(t *testing.T) {
	graph := ladder(t)
	good, bad := NewQuery(node(1), node(4), 50_000), NewQuery(node(1), node(99), 50_000)
	good.AvoidChannels = []uint64{1}
	answers := must(graph.FindBatch(background, []Query{good, bad, good}))
	isStatus(t, answers[1].Err, ErrUnknownNode)
	if answers[0].Err != nil || answers[0].Route.Hops[0].ShortChannelID != 11 {
		t.Fatalf("%+v", answers[0])
	}
	if !bytes.Equal(must(answers[0].Route.MarshalBinary()), must(answers[2].Route.MarshalBinary())) {
		t.Fatal("equal queries, other answers")
	}
	if answers := must(graph.FindBatch(background, nil)); len(answers) != 0 {
		t.Fatal(answers)
	}
}

func TestListsAreHandedOver(t *testing.T) {
	graph := row(t, 4)
	query := NewQuery(node(1), node(4), 50_000)
	query.AvoidChannels = []uint64{2}
	query.ExtraArcs = []ExtraArc{{
		ShortChannelID: 99, CapacityMsat: None, Tail: node(1), Head: node(3),
		Policy: Policy{HtlcMaximumMsat: 1_000_000},
	}}
	query.FirstChannels = []FirstChannel{{99, 60_000}}
	last := node(3)
	query.LastHop = &last
	route := must(graph.FindRoute(background, query))
	if route.Hops[0].ShortChannelID != 99 || len(route.Hops) != 2 {
		t.Fatalf("%+v", route)
	}
	for _, spoil := range []func(query *Query){
		func(query *Query) { query.FirstChannels = []FirstChannel{} },
		func(query *Query) { query.AvoidNodes = []NodeID{node(3)} },
		func(query *Query) { query.AvoidDirections = []Direction{{3, 0}} },
		func(query *Query) { other := node(2); query.LastHop = &other },
		func(query *Query) { query.FeeMaxMsat, query.ExtraArcs[0].Policy.FeeBaseMsat = 0, 5 },
	} {
		spoiled := query
		spoiled.ExtraArcs = append([]ExtraArc(nil), query.ExtraArcs...)
		spoil(&spoiled)
		if route, err := graph.FindRoute(background, spoiled); !errors.Is(err, ErrNoRoute) && route != nil && route.FeeMsat == 0 {
			t.Fatalf("%+v %v", route, err)
		}
	}
}

func TestErrorsSayWhy(t *testing.T) {
	graph := row(t, 3)
	_, err := graph.FindRoute(background, NewQuery(node(1), node(3), 950_000_000))
	told := isStatus(t, err, ErrNoRoute)
	if told.Reason != ReasonPayerCannotSend || told.ValueMsat != 900_000_000 || told.Status.String() != "FG_NO_ROUTE" {
		t.Fatalf("%+v", told)
	}
	_, err = graph.FindRoute(background, NewQuery(node(1), node(9), 1))
	isStatus(t, err, ErrUnknownNode)
	if errors.Is(err, ErrNoRoute) {
		t.Fatal("two statuses")
	}
}

func TestContextEndsAQuery(t *testing.T) {
	graph := row(t, 3)
	query := NewQuery(node(1), node(3), 1000)
	ctx, cancel := context.WithCancel(background)
	must(graph.FindRoute(ctx, query))
	cancel()
	if _, err := graph.FindRoute(ctx, query); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := graph.FindBatch(ctx, []Query{query}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// Whenever it ends, there is an answer or the context's error.
	for at := 0; at < 200; at++ {
		ctx, cancel := context.WithTimeout(background, time.Duration(at)*time.Microsecond)
		route, err := graph.FindRoute(ctx, query)
		if (err == nil) != (route != nil) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(route, err)
		}
		cancel()
	}
}
