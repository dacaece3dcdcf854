package fulgurite

import "testing"

func TestReservationsHoldAndRelease(t *testing.T) {
	graph := ladder(t)
	book := must(NewReservations())
	defer book.Close()
	query := NewQuery(node(1), node(4), 600_000_000)
	query.Reservations = book
	route := must(graph.FindRoute(background, query))
	first := route.Hops[0]
	id := must(book.Add(route, now))
	amount, count, err := book.Get(first.ShortChannelID, first.Direction)
	if err != nil || amount != first.AmountMsat || count != 1 {
		t.Fatal(amount, count, err)
	}
	if other := must(graph.FindRoute(background, query)); other.Hops[0].ShortChannelID == first.ShortChannelID {
		t.Fatalf("it takes what is held: %+v", other)
	}
	must(0, book.Release(id))
	isStatus(t, book.Release(id), ErrBadArgument)
	if again := must(graph.FindRoute(background, query)); again.Hops[0].ShortChannelID != first.ShortChannelID {
		t.Fatalf("it was not released: %+v", again)
	}
	query.AmountMsat = 1_500_000_000
	plan := must(graph.FindPlan(background, query))
	for _, part := range plan.Parts {
		must(book.Add(part, now))
	}
	_, err = graph.FindPlan(background, query)
	isStatus(t, err, ErrNoRoute)
}
