package fulgurite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
)

func node(last byte) (id NodeID) {
	id[0], id[32] = 2, last
	return id
}

// row is nodes in a row, each a channel from the next.
func row(t *testing.T, count byte) *Graph {
	t.Helper()
	graph, err := New()
	if err != nil {
		t.Fatal(err)
	}
	policy := Policy{FeeBaseMsat: 1000, CltvExpiryDelta: 40, HtlcMaximumMsat: 900_000_000}
	for at := byte(1); at < count; at++ {
		if err := graph.OpenChannel(uint64(at), node(at), node(at+1), 1_000_000_000); err != nil {
			t.Fatal(err)
		}
		if err := graph.SetPolicy(uint64(at), 0, policy); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := graph.Publish(); err != nil {
		t.Fatal(err)
	}
	return graph
}

func TestRouteAlongARow(t *testing.T) {
	graph := row(t, 4)
	route, err := graph.FindRoute(context.Background(), NewQuery(node(1), node(4), 50_000))
	if err != nil {
		t.Fatal(err)
	}
	if route.FeeMsat != 2000 || len(route.Hops) != 3 || route.Hops[2].NodeID != node(4) {
		t.Fatalf("%+v", route)
	}
	plan, err := graph.FindPlan(context.Background(), NewQuery(node(1), node(4), 50_000))
	if err != nil || len(plan.Parts) != 1 || plan.FeeMsat != 2000 {
		t.Fatalf("%+v %v", plan, err)
	}
	routes, err := graph.FindAlternatives(context.Background(), NewQuery(node(1), node(4), 50_000), 3)
	if err != nil || len(routes) != 1 {
		t.Fatalf("%+v %v", routes, err)
	}
	if err := graph.Close(); err != nil {
		t.Fatal(err)
	}
	if err := graph.Close(); err != nil {
		t.Fatal("closing twice", err)
	}
	if _, err := graph.FindRoute(context.Background(), NewQuery(node(1), node(4), 50_000)); err == nil {
		t.Fatal("a closed graph answers")
	}
}

func TestListsAreHandedOver(t *testing.T) {
	graph := row(t, 4)
	defer graph.Close()
	query := NewQuery(node(1), node(4), 50_000)
	query.AvoidChannels = []uint64{2}
	query.ExtraArcs = []ExtraArc{{
		ShortChannelID: 99, CapacityMsat: None, Tail: node(1), Head: node(3),
		Policy: Policy{HtlcMaximumMsat: 1_000_000},
	}}
	query.FirstChannels = []FirstChannel{{99, 60_000}}
	route, err := graph.FindRoute(context.Background(), query)
	if err != nil || route.Hops[0].ShortChannelID != 99 || len(route.Hops) != 2 {
		t.Fatalf("%+v %v", route, err)
	}
	query.FirstChannels = []FirstChannel{}
	if _, err := graph.FindRoute(context.Background(), query); err == nil {
		t.Fatal("a payer without channels pays")
	}
}

func TestErrorsSayWhy(t *testing.T) {
	graph := row(t, 3)
	defer graph.Close()
	var told *Error
	_, err := graph.FindRoute(context.Background(), NewQuery(node(1), node(3), 950_000_000))
	if !errors.As(err, &told) || told.Status != "FG_NO_ROUTE" || told.ValueMsat != 900_000_000 {
		t.Fatal(err)
	}
	_, err = graph.FindRoute(context.Background(), NewQuery(node(1), node(9), 1))
	if !errors.As(err, &told) || told.Status != "FG_UNKNOWN_NODE" {
		t.Fatal(err)
	}
}

func TestContextEndsAQuery(t *testing.T) {
	graph := row(t, 3)
	defer graph.Close()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := graph.FindRoute(ctx, NewQuery(node(1), node(3), 1000)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := graph.FindRoute(ctx, NewQuery(node(1), node(3), 1000)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestManyGoroutinesUnderUpdates(t *testing.T) {
	graph := row(t, 20)
	defer graph.Close()
	var group sync.WaitGroup
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for at := 0; at < 300; at++ {
				route, err := graph.FindRoute(context.Background(), NewQuery(node(1), node(12), 1000))
				var told *Error
				if errors.As(err, &told) && told.Status == "FG_CONTENDED" {
					continue
				}
				if err != nil || len(route.Hops) != 11 {
					t.Error(route, err)
					return
				}
			}
		}()
	}
	policy := Policy{CltvExpiryDelta: 40, HtlcMaximumMsat: 900_000_000}
	for at := uint32(0); at < 2000; at++ {
		policy.FeeBaseMsat = at
		if err := graph.SetPolicy(uint64(at%10+1), 0, policy); err != nil {
			t.Fatal(err)
		}
	}
	group.Wait()
}

func TestSavedIsLoaded(t *testing.T) {
	graph := row(t, 5)
	defer graph.Close()
	path := filepath.Join(t.TempDir(), "row.fgsn")
	if err := graph.Save(path, FormatSnapshot); err != nil {
		t.Fatal(err)
	}
	again, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := again.FindRoute(context.Background(), NewQuery(node(1), node(5), 1000)); err != nil {
		t.Fatal(err)
	}
}
