package fulgurite

import (
	"errors"
	"runtime"
	"sync"
	"testing"
)

func TestWhatIsClosedSaysSo(t *testing.T) {
	graph := must(New())
	must(0, graph.Close())
	must(0, graph.Close())
	_, err := graph.FindRoute(background, NewQuery(node(1), node(4), 50_000))
	isStatus(t, err, ErrBadHandle)
	_, err = graph.Publish()
	isStatus(t, err, ErrBadHandle)
	_, err = new(Graph).Publish()
	isStatus(t, err, ErrBadHandle)
	must(0, new(Graph).Close())
}

func TestRoutesOutliveTheirGraph(t *testing.T) {
	graph := row(t, 4)
	route := must(graph.FindRoute(background, NewQuery(node(1), node(4), 50_000)))
	must(0, graph.Close())
	runtime.GC()
	must(route.Onion(payment()))
	must(route.MarshalBinary())
}

func TestManyGoroutinesUnderUpdates(t *testing.T) {
	graph := row(t, 20)
	var group sync.WaitGroup
	for worker := 0; worker < 4; worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for at := 0; at < 300; at++ {
				route, err := graph.FindRoute(background, NewQuery(node(1), node(12), 1000))
				if errors.Is(err, ErrContended) {
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
		must(0, graph.SetPolicy(uint64(at%10+1), 0, policy))
	}
	group.Wait()
}

// Closing while others use a graph and the collector runs ends in answers and errors, and in nothing else.
func TestClosingRacesWithUse(t *testing.T) {
	for round := 0; round < 30; round++ {
		graph := row(t, 4)
		book, beliefs := must(NewReservations()), must(NewBeliefs(graph, HalfLives{}))
		query := NewQuery(node(1), node(4), 50_000)
		query.Reservations, query.Beliefs, query.Now = book, beliefs, now
		var group sync.WaitGroup
		for worker := 0; worker < 4; worker++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for at := 0; at < 20; at++ {
					route, err := graph.FindRoute(background, query)
					if err == nil {
						_, err = beliefs.Learn(route, OutcomeSettled, Failure{}, now)
					}
					if err != nil && !errors.Is(err, ErrBadHandle) && !errors.Is(err, ErrBusy) {
						t.Error(err)
					}
				}
			}()
		}
		runtime.GC()
		for _, closer := range []interface{ Close() error }{book, beliefs, graph} {
			if err := closer.Close(); err != nil && !errors.Is(err, ErrBusy) {
				t.Error(err)
			}
		}
		group.Wait()
	}
}

func TestTheCollectorClosesWhatWasForgotten(t *testing.T) {
	graph := row(t, 4)
	for at := 0; at < 3000; at++ {
		must(graph.FindRoute(background, NewQuery(node(1), node(4), 50_000)))
		if at%1000 == 0 {
			must(graph.View())
			must(NewLayers())
			runtime.GC()
		}
	}
	runtime.GC()
	if route := must(graph.FindRoute(background, NewQuery(node(1), node(4), 50_000))); len(route.Hops) != 3 {
		t.Fatalf("%+v", route)
	}
}
