package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// Beliefs are what is believed of the balances in a graph's channels: learnt from payments, fading with time.
type Beliefs struct{ *owner }

// HalfLives are how long beliefs last: a lower bound halves in Carried, an upper one in Refused. 0 is the default (a day,
// and six hours), less than 0 is for ever.
type HalfLives struct{ Carried, Refused time.Duration }

// NewBeliefs makes beliefs that know nothing yet.
func NewBeliefs(graph *Graph, lives HalfLives) (*Beliefs, error) {
	var beliefs *C.fg_beliefs
	err := graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		carried, refused := halfLife(lives.Carried), halfLife(lives.Refused)
		return C.fg_beliefs_new((*C.fg_graph)(handle), carried, refused, &beliefs, told)
	})
	if err != nil {
		return nil, err
	}
	free := func(handle unsafe.Pointer) C.fg_status { return C.fg_beliefs_free((*C.fg_beliefs)(handle)) }
	return &Beliefs{own(unsafe.Pointer(beliefs), free)}, nil
}

func halfLife(life time.Duration) C.uint32_t {
	switch {
	case life == 0:
		return C.FG_NONE_32
	case life < 0:
		return 0
	default:
		return C.uint32_t(min(max(life/time.Second, 1), C.FG_NONE_32-1))
	}
}

// Outcome is how an attempt ended.
type Outcome uint32

// The outcomes.
const (
	OutcomeSettled    Outcome = C.FG_OUTCOME_SETTLED    // The payee took the payment.
	OutcomeReached    Outcome = C.FG_OUTCOME_REACHED    // The payee was reached and refused: a probe that arrived.
	OutcomeFailed     Outcome = C.FG_OUTCOME_FAILED     // A node failed it.
	OutcomeUnreadable Outcome = C.FG_OUTCOME_UNREADABLE // An error came back that nobody can be blamed for.
)

// AdviceKind is what to do about a failure.
type AdviceKind uint32

// The advice; what Place means depends on it.
const (
	AdviceBelieve          AdviceKind = C.FG_ADVICE_BELIEVE            // Ask again: the beliefs know what happened.
	AdviceReprice          AdviceKind = C.FG_ADVICE_REPRICE            // Apply the channel_update of hop Place, ask again.
	AdviceAvoidChannel     AdviceKind = C.FG_ADVICE_AVOID_CHANNEL      // Leave out the direction of hop Place.
	AdviceAvoidNode        AdviceKind = C.FG_ADVICE_AVOID_NODE         // Leave out node Place; the first hop leads to 1.
	AdviceShortenExpiry    AdviceKind = C.FG_ADVICE_SHORTEN_EXPIRY     // Ask for a route with an earlier expiry.
	AdviceAvoidBlindedPath AdviceKind = C.FG_ADVICE_AVOID_BLINDED_PATH // Try another blinded path of the payee.
	AdvicePayee            AdviceKind = C.FG_ADVICE_PAYEE              // The payee has spoken.
	AdviceAvoidRoute       AdviceKind = C.FG_ADVICE_AVOID_ROUTE        // Any node of the route may be at fault.
)

// Advice is what to do about a failure beyond believing it.
type Advice struct {
	Kind AdviceKind
	// Place is None where the kind has none.
	Place uint64
	// Permanent tells that trying again later is useless.
	Permanent bool
}

// Learn learns from an attempt that ended at now, and says what to do about it. The failure is for OutcomeFailed. What
// other parts of a plan held in the same channels is not taken into account.
func (beliefs *Beliefs) Learn(attempt Attempt, outcome Outcome, failure Failure, now time.Time) (Advice, error) {
	held, index := attempt.sent()
	sent, err := held.borrow()
	if err != nil {
		return Advice{}, err
	}
	var advice C.fg_advice
	err = beliefs.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		beliefs, how, node := (*C.fg_beliefs)(handle), C.uint32_t(outcome), C.size_t(failure.ErringNode)
		code, at := C.uint32_t(failure.Code), seconds(now)
		if index < 0 {
			return C.fg_beliefs_learn(beliefs, (*C.fg_route)(sent), how, node, code, at, &advice, told)
		}
		part := C.size_t(index)
		return C.fg_beliefs_learn_part(beliefs, (*C.fg_plan)(sent), part, how, node, code, at, &advice, told)
	})
	keep(held)
	return Advice{AdviceKind(advice.kind), uint64(advice.place), advice.permanent != 0}, err
}

// LearnBalance learns the balance that an own channel has in a direction (0 or 1).
func (beliefs *Beliefs) LearnBalance(shortChannelID uint64, direction uint32, balanceMsat uint64, now time.Time) error {
	return beliefs.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		scid, way, balance := C.uint64_t(shortChannelID), C.uint32_t(direction), C.uint64_t(balanceMsat)
		return C.fg_beliefs_learn_balance((*C.fg_beliefs)(handle), scid, way, balance, seconds(now), told)
	})
}

// Bounds are the least and the greatest balance that a channel is believed to have in a direction (0 or 1).
func (beliefs *Beliefs) Bounds(shortChannelID uint64, direction uint32, now time.Time) (lower, upper uint64, err error) {
	var least, most C.uint64_t
	err = beliefs.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		scid, way := C.uint64_t(shortChannelID), C.uint32_t(direction)
		return C.fg_beliefs_bounds((*C.fg_beliefs)(handle), scid, way, seconds(now), &least, &most, told)
	})
	return uint64(least), uint64(most), err
}

// Follow carries the beliefs over to the channels that the graph has now; a query does so by itself where it must.
func (beliefs *Beliefs) Follow(graph *Graph) error {
	network, err := graph.borrow()
	if err != nil {
		return err
	}
	defer keep(graph.owner)
	return beliefs.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_beliefs_follow((*C.fg_beliefs)(handle), (*C.fg_graph)(network), told)
	})
}

// BeliefsFormat is a form that beliefs have outside.
type BeliefsFormat uint32

// The forms.
const (
	BeliefsOwn            BeliefsFormat = C.FG_BELIEFS_OWN             // Fulgurite's own: all, exactly.
	BeliefsMissionControl BeliefsFormat = C.FG_BELIEFS_MISSION_CONTROL // LND's mission control, JSON.
	BeliefsLayers         BeliefsFormat = C.FG_BELIEFS_LAYERS          // Core Lightning's layers, JSON.
	BeliefsLdkScores      BeliefsFormat = C.FG_BELIEFS_LDK_SCORES      // LDK's scores.
)

// Read takes over beliefs, beside those that are known. It returns how many statements were and were not of channels of
// the graph. What was read before an error stays; now is for statements without a time.
func (beliefs *Beliefs) Read(format BeliefsFormat, from []byte, now time.Time) (known, unknown uint64, err error) {
	first, size := read(from)
	var taken, left C.uint64_t
	err = beliefs.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		form, at := C.uint32_t(format), seconds(now)
		return C.fg_beliefs_read((*C.fg_beliefs)(handle), form, first, size, at, &taken, &left, told)
	})
	return uint64(taken), uint64(left), err
}

// Write writes what is believed.
func (beliefs *Beliefs) Write(format BeliefsFormat) ([]byte, error) {
	return beliefs.written(func(handle unsafe.Pointer, to **C.fg_buffer, told *C.fg_error) C.fg_status {
		return C.fg_beliefs_write((*C.fg_beliefs)(handle), C.uint32_t(format), to, told)
	})
}
