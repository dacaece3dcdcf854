package fulgurite

import (
	"testing"
	"time"
)

func TestBeliefsLearnFromAttempts(t *testing.T) {
	graph := settled(t, ladder(t))
	beliefs := must(NewBeliefs(graph, HalfLives{}))
	defer beliefs.Close()
	query := NewQuery(node(1), node(4), 400_000_000)
	query.Beliefs, query.Now = beliefs, now
	route := must(graph.FindRoute(background, query))
	first := route.Hops[0]
	advice := must(beliefs.Learn(route, OutcomeFailed, Failure{0, 0x1007}, now))
	if advice != (Advice{AdviceBelieve, None, false}) {
		t.Fatalf("%+v", advice)
	}
	lower, upper, err := beliefs.Bounds(first.ShortChannelID, first.Direction, now)
	if err != nil || lower != 0 || upper >= first.AmountMsat {
		t.Fatal(lower, upper, err)
	}
	if again := must(graph.FindRoute(background, query)); again.Hops[0].ShortChannelID == first.ShortChannelID {
		t.Fatalf("nothing was learnt: %+v", again)
	}
	advice = must(beliefs.Learn(route, OutcomeFailed, Failure{1, 0x400a}, now))
	if advice != (Advice{AdviceAvoidChannel, 1, true}) {
		t.Fatalf("%+v", advice)
	}
	plan := must(graph.FindPlan(background, query))
	if advice := must(beliefs.Learn(plan.Parts[0], OutcomeSettled, Failure{}, now)); advice.Permanent {
		t.Fatalf("%+v", advice)
	}
	_, err = beliefs.Learn(route, OutcomeFailed, Failure{ErringNode: 99}, now)
	isStatus(t, err, ErrBadArgument)
}

func TestBeliefsFade(t *testing.T) {
	graph := settled(t, row(t, 3))
	day := 24 * time.Hour
	fading, lasting := must(NewBeliefs(graph, HalfLives{Carried: day})), must(NewBeliefs(graph, HalfLives{-1, -1}))
	for _, beliefs := range []*Beliefs{fading, lasting} {
		must(0, beliefs.LearnBalance(1, 0, 600_000_000, now))
		must(0, beliefs.Follow(graph))
	}
	bound := func(beliefs *Beliefs) uint64 {
		lower, _, err := beliefs.Bounds(1, 0, now.Add(day))
		return must(lower, err)
	}
	if lower := bound(fading); lower > 310_000_000 || lower < 290_000_000 {
		t.Fatal(lower)
	}
	if lower := bound(lasting); lower != 600_000_000 {
		t.Fatal(lower)
	}
	isStatus(t, fading.LearnBalance(77, 0, 1, now), ErrUnknownChannel)
}

func TestBeliefsAreWrittenAndRead(t *testing.T) {
	graph := settled(t, row(t, 3))
	beliefs := must(NewBeliefs(graph, HalfLives{}))
	must(0, beliefs.LearnBalance(1, 0, 600_000_000, now))
	for _, format := range []BeliefsFormat{BeliefsOwn, BeliefsMissionControl, BeliefsLayers, BeliefsLdkScores} {
		raw := must(beliefs.Write(format))
		again := must(NewBeliefs(graph, HalfLives{}))
		known, unknown, err := again.Read(format, raw, now)
		if err != nil || unknown != 0 || known == 0 && format != BeliefsMissionControl {
			t.Fatal(format, known, unknown, err)
		}
		_, _, err = again.Read(format, raw[:len(raw)-1], now)
		isStatus(t, err, ErrBadInput)
		if lower, _, _ := again.Bounds(1, 0, now); format == BeliefsOwn && lower != 600_000_000 {
			t.Fatal(lower)
		}
	}
	_, err := beliefs.Write(9)
	isStatus(t, err, ErrBadArgument)
}
