package fulgurite

import (
	"bytes"
	"encoding/hex"
	"flag"
	"testing"
)

func payment() Payment {
	return Payment{SessionSeed: [32]byte{31: 1}, BlockHeight: 800_000, PaymentSecret: &[32]byte{9}}
}

func TestOnionsWrapRoutesAndPlans(t *testing.T) {
	graph := row(t, 4)
	route := must(graph.FindRoute(background, NewQuery(node(1), node(4), 50_000)))
	onion, first := must(route.Onion(payment())), route.Hops[0]
	if len(onion.Packet) != 1366 || onion.AmountMsat != first.AmountMsat || onion.ShortChannelID != 1 {
		t.Fatalf("%+v", onion)
	}
	if onion.CltvExpiry != 800_000+first.Cltv {
		t.Fatal(onion.CltvExpiry)
	}
	if again := must(route.Onion(payment())); !bytes.Equal(again.Packet, onion.Packet) {
		t.Fatal("another packet of the same seed")
	}
	plan := must(graph.FindPlan(background, NewQuery(node(1), node(4), 50_000)))
	if onions := must(plan.Onions(payment())); len(onions) != 1 || len(onions[0].Packet) != 1366 {
		t.Fatalf("%+v", onions)
	}
	// Each field makes another packet.
	for _, change := range []func(payment *Payment){
		func(payment *Payment) { payment.PaymentHash[0] = 1 },
		func(payment *Payment) { payment.SessionSeed[0] = 1 },
		func(payment *Payment) { payment.BlockHeight++ },
		func(payment *Payment) { payment.ShadowBlocks = 3 },
		func(payment *Payment) { payment.TotalMsat = 40_000 },
		func(payment *Payment) { payment.PaymentSecret = &[32]byte{8} },
		func(payment *Payment) { payment.Metadata = []byte{} },
		func(payment *Payment) { payment.KeysendPreimage = &[32]byte{7} },
		func(payment *Payment) {
			payment.CustomRecords = map[uint64][]byte{1 << 33: {1}, 65_536: nil, 70_000: make([]byte, 300)}
		},
	} {
		changed := payment()
		change(&changed)
		if other := must(route.Onion(changed)); bytes.Equal(other.Packet, onion.Packet) {
			t.Fatalf("the same packet for %+v", changed)
		}
	}
	low := payment()
	low.CustomRecords = map[uint64][]byte{7: {1}}
	_, err := route.Onion(low)
	isStatus(t, err, ErrBadArgument)
}

func TestStreamsAreThoseOfBolt1(t *testing.T) {
	stream := stream(map[uint64][]byte{70_000: {1, 2}, 252: {}, 253: make([]byte, 253), 1 << 32: {3}})
	expected := "fc00" + "fd00fdfd00fd" + hex.EncodeToString(make([]byte, 253)) + "fe000111700201" + "02" + "ff00000001000000000103"
	if hex.EncodeToString(stream) != expected {
		t.Fatalf("%x", stream)
	}
}

func TestFailuresThatNobodyCanReadNameNobody(t *testing.T) {
	graph := row(t, 4)
	onion := must(must(graph.FindRoute(background, NewQuery(node(1), node(4), 50_000))).Onion(payment()))
	if failure := must(onion.ReadFailure(make([]byte, 292))); failure != (Failure{None, 0}) {
		t.Fatalf("%+v", failure)
	}
}

// The graph, the ends of a payment of 1,000,000 msat, and what its second node answers come from the repository's tests.
func TestFailuresNameTheirNode(t *testing.T) {
	if flag.NArg() < 4 {
		t.Skip("wants GRAPH PAYER PAYEE REASON after -args")
	}
	graph := must(Load(flag.Arg(0)))
	defer graph.Close()
	ends := [2]NodeID{must(ParseNodeID(flag.Arg(1))), must(ParseNodeID(flag.Arg(2)))}
	route := must(graph.FindRoute(background, NewQuery(ends[0], ends[1], 1_000_000)))
	failure := must(must(route.Onion(payment())).ReadFailure(must(hex.DecodeString(flag.Arg(3)))))
	if failure != (Failure{2, 0x2002}) {
		t.Fatalf("%+v", failure)
	}
}
