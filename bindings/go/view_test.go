package fulgurite

import "testing"

func TestViewsAreWalkedThrough(t *testing.T) {
	graph := row(t, 4)
	view := must(graph.View())
	if view.NodeCount() != 4 || view.ChannelCount() != 3 {
		t.Fatal(view.NodeCount(), view.ChannelCount())
	}
	seen := 0
	view.Nodes()(func(index int, id NodeID) bool {
		seen++
		return must(view.FindNode(id)) == index && must(view.Node(index)) == id
	})
	if seen != 4 {
		t.Fatal(seen)
	}
	view.Channels()(func(index int, channel Channel) bool {
		if channel.NodeID1 != node(byte(channel.ShortChannelID)) || channel.CapacityMsat != 1_000_000_000 || channel.Closed {
			t.Errorf("%+v", channel)
		}
		if must(view.FindChannel(channel.ShortChannelID)) != index || must(view.Policy(index, 0)) != usual() {
			t.Errorf("%+v", channel)
		}
		_, err := view.Policy(index, 1)
		isStatus(t, err, ErrUnknownChannel)
		seen++
		return false
	})
	if seen != 5 {
		t.Fatal("the walk did not end", seen)
	}
	_, err := view.FindNode(node(77))
	isStatus(t, err, ErrUnknownNode)
	_, err = view.FindChannel(77)
	isStatus(t, err, ErrUnknownChannel)
	_, err = view.Channel(-1)
	isStatus(t, err, ErrBadArgument)
}

func TestViewsStayAsTheyAre(t *testing.T) {
	graph := row(t, 3)
	view := must(graph.View())
	join(t, graph, 9, 1, 5, usual())
	must(graph.Publish())
	if view.ChannelCount() != 2 {
		t.Fatal(view.ChannelCount())
	}
	view.Channels()(func(int, Channel) bool {
		must(0, view.Close())
		return true
	})
	if view.ChannelCount() != 0 || view.NodeCount() != 0 {
		t.Fatal("a closed view tells")
	}
	_, err := view.Node(0)
	isStatus(t, err, ErrBadHandle)
}
