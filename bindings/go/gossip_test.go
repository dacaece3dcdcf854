package fulgurite

import "testing"

// messages are an announcement of channel 5 and an update of it, which nobody has signed.
func messages() (announced, update []byte) {
	announced = make([]byte, 2+256+2+32+8+4*33)
	announced[0], announced[2+256+2+32+7], announced[300], announced[333] = 1, 5, 2, 3
	update = make([]byte, 2+64+32+8+4+2+2+8+4+4+8)
	update[0], update[1], update[98+7], update[110], update[132] = 1, 2, 5, 1, 1
	return announced, update
}

func TestGossipThatIsTrustedIsApplied(t *testing.T) {
	graph := row(t, 1)
	announced, update := messages()
	if kind := must(graph.ApplyGossip(announced, 5_000_000)); kind != GossipChannelAnnouncement {
		t.Fatal(kind)
	}
	if kind := must(graph.ApplyGossip(update, None)); kind != GossipChannelUpdate {
		t.Fatal(kind)
	}
	if kind := must(graph.ApplyGossip([]byte{1, 9}, None)); kind != GossipSkipped {
		t.Fatal(kind)
	}
	_, err := graph.ApplyGossip(announced[:100], None)
	if told := isStatus(t, err, ErrBadInput); told.Position != 100 {
		t.Fatalf("%+v", told)
	}
	must(graph.Publish())
	if info := must(graph.Info()); info.NodeCount != 2 || info.ChannelCount != 1 {
		t.Fatalf("%+v", info)
	}
}

func TestGossipOfStrangersIsVerified(t *testing.T) {
	graph := row(t, 1)
	announced, _ := messages()
	_, err := graph.VerifyGossip(announced, &[32]byte{}, 1)
	isStatus(t, err, ErrBadSignature)
	_, err = graph.VerifyGossip(announced, nil, 1)
	isStatus(t, err, ErrBadInput)
	if kind := must(graph.VerifyGossip([]byte{1, 9}, nil, None)); kind != GossipSkipped {
		t.Fatal(kind)
	}
}
