package fulgurite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var background = context.Background()

// now is when tests learn and hold.
var now = time.Unix(1000, 0)

func node(last byte) (id NodeID) {
	id[0], id[32] = 2, last
	return id
}

// must ends a test at an error.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// isStatus ends a test where a call did not fail like this.
func isStatus(t *testing.T, err error, status Status) *Error {
	t.Helper()
	var told *Error
	if !errors.Is(err, status) || !errors.As(err, &told) {
		t.Fatalf("%v is not %v", err, status)
	}
	return told
}

func usual() Policy {
	return Policy{FeeBaseMsat: 1000, CltvExpiryDelta: 40, HtlcMaximumMsat: 900_000_000}
}

// join opens a channel with one policy.
func join(t *testing.T, graph *Graph, shortChannelID uint64, from, to byte, policy Policy) {
	t.Helper()
	channel := Channel{ShortChannelID: shortChannelID, NodeID1: node(from), NodeID2: node(to), CapacityMsat: 1_000_000_000}
	if err := graph.OpenChannel(channel); err != nil {
		t.Fatal(err)
	}
	if err := graph.SetPolicy(shortChannelID, 0, policy); err != nil {
		t.Fatal(err)
	}
}

// row is nodes in a row, each a channel from the next, whose channel has its number.
func row(t *testing.T, count byte) *Graph {
	t.Helper()
	graph := must(New())
	t.Cleanup(func() {
		if err := graph.Close(); err != nil {
			t.Error(err)
		}
	})
	for at := byte(1); at < count; at++ {
		join(t, graph, uint64(at), at, at+1, usual())
	}
	must(graph.Publish())
	return graph
}

// settled is the same graph loaded from a file: beliefs have no place for channels that a graph opened since.
func settled(t *testing.T, graph *Graph) *Graph {
	t.Helper()
	path := filepath.Join(t.TempDir(), "graph.fgsn")
	if err := graph.Save(path, FormatSnapshot); err != nil {
		t.Fatal(err)
	}
	loaded := must(Load(path))
	t.Cleanup(func() {
		if err := loaded.Close(); err != nil {
			t.Error(err)
		}
	})
	return loaded
}

// ladder is two rows of three nodes from 1 to 4; the dearer has the channels 11 and 12.
func ladder(t *testing.T) *Graph {
	t.Helper()
	graph := row(t, 1)
	join(t, graph, 1, 1, 2, usual())
	join(t, graph, 2, 2, 4, usual())
	dear := usual()
	dear.FeeBaseMsat = 3000
	join(t, graph, 11, 1, 3, dear)
	join(t, graph, 12, 3, 4, dear)
	must(graph.Publish())
	return graph
}

func TestSavedIsLoaded(t *testing.T) {
	graph := row(t, 5)
	for _, format := range []Format{FormatSnapshot, FormatCSV, FormatLndJSON} {
		path := filepath.Join(t.TempDir(), "row")
		if err := graph.Save(path, format); err != nil {
			t.Fatal(err)
		}
		loaded := must(Load(path))
		read := must(FromBytes(must(os.ReadFile(path))))
		for _, again := range []*Graph{loaded, read} {
			info := must(again.Info())
			if info.NodeCount != 5 || info.ChannelCount != 4 {
				t.Fatalf("%+v", info)
			}
			must(again.FindRoute(background, NewQuery(node(1), node(5), 1000)))
			must(0, again.Close())
		}
	}
	isStatus(t, graph.Save("/nowhere/at/all", FormatCSV), ErrIO)
	_, err := Load("/nowhere/at/all")
	isStatus(t, err, ErrIO)
	_, err = FromBytes(nil)
	isStatus(t, err, ErrBadInput)
}

func TestChangesShowWhenTheyArePublished(t *testing.T) {
	graph := row(t, 3)
	before := must(graph.Info()).Version
	join(t, graph, 9, 1, 3, Policy{HtlcMaximumMsat: 1_000_000})
	if found := must(graph.FindRoute(background, NewQuery(node(1), node(3), 1000))); len(found.Hops) != 2 {
		t.Fatalf("%+v", found)
	}
	if version := must(graph.Publish()); version <= before {
		t.Fatal(version)
	}
	if found := must(graph.FindRoute(background, NewQuery(node(1), node(3), 1000))); found.Hops[0].ShortChannelID != 9 {
		t.Fatalf("%+v", found)
	}
	must(0, graph.CloseChannel(9))
	must(graph.Publish())
	if found := must(graph.FindRoute(background, NewQuery(node(1), node(3), 1000))); len(found.Hops) != 2 {
		t.Fatalf("%+v", found)
	}
	isStatus(t, graph.CloseChannel(77), ErrUnknownChannel)
	isStatus(t, graph.SetPolicy(1, 2, usual()), ErrBadArgument)
}

func TestNodeIDsAreHexadecimal(t *testing.T) {
	id := node(200)
	if again := must(ParseNodeID(id.String())); again != id {
		t.Fatal(again)
	}
	for _, wrong := range []string{"", "02zz", id.String() + "00"} {
		if _, err := ParseNodeID(wrong); err == nil {
			t.Fatal(wrong)
		}
	}
}
