package fulgurite

import "testing"

func TestLayersChangeTheGraphOfAQuery(t *testing.T) {
	graph := row(t, 3)
	layers := must(NewLayers())
	defer layers.Close()
	query := NewQuery(node(1), node(3), 100_000)
	query.Layers, query.LayerNames = layers, []string{"mine"}
	_, err := graph.FindRoute(background, query)
	isStatus(t, err, ErrBadArgument)

	shortcut := Channel{ShortChannelID: 5, NodeID1: node(1), NodeID2: node(3), CapacityMsat: 1_000_000_000}
	must(0, layers.CreateChannel("mine", shortcut))
	must(0, layers.UpdateChannel("mine", 5, 0, Policy{HtlcMaximumMsat: 1_000_000_000}))
	if route := must(graph.FindRoute(background, query)); len(route.Hops) != 1 || route.Hops[0].ShortChannelID != 5 {
		t.Fatalf("%+v", route)
	}
	must(0, layers.InformChannel("mine", 5, 0, 50_000, InformConstrained, now))
	if route := must(graph.FindRoute(background, query)); len(route.Hops) != 2 {
		t.Fatalf("%+v", route)
	}
	must(0, layers.BiasChannel("mine", 1, 0, 50, now))
	isStatus(t, layers.BiasChannel("mine", 1, 0, 1000, now), ErrBadUpdate)
	stored := must(layers.Write())

	must(0, layers.DisableChannel("mine", 1, 0))
	_, err = graph.FindRoute(background, query)
	isStatus(t, err, ErrNoRoute)
	must(0, layers.Remove("mine"))
	isStatus(t, layers.Remove("mine"), ErrBadArgument)
	must(0, layers.Read(stored))
	must(graph.FindRoute(background, query))

	must(0, layers.DisableNode("more", node(2)))
	query.LayerNames = []string{"mine", "more"}
	_, err = graph.FindRoute(background, query)
	isStatus(t, err, ErrNoRoute)
	isStatus(t, layers.Read(stored[:len(stored)/2]), ErrBadInput)
}

func TestAQueryDoesNotForgetWhatIsClosed(t *testing.T) {
	graph := row(t, 3)
	layers, book, beliefs := must(NewLayers()), must(NewReservations()), must(NewBeliefs(graph, HalfLives{}))
	must(0, layers.Close())
	must(0, book.Close())
	must(0, beliefs.Close())
	for _, spoil := range []func(query *Query){
		func(query *Query) { query.Layers = layers },
		func(query *Query) { query.Reservations = book },
		func(query *Query) { query.Beliefs = beliefs },
	} {
		query := NewQuery(node(1), node(3), 1000)
		spoil(&query)
		_, err := graph.FindRoute(background, query)
		isStatus(t, err, ErrBadHandle)
	}
}
