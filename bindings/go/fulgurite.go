// Package fulgurite finds routes for payments on the Lightning Network.
//
//	graph, err := fulgurite.Load("graph.fgsn")
//	if err != nil { ... }
//	defer graph.Close()
//	route, err := graph.FindRoute(ctx, fulgurite.NewQuery(payer, payee, 1_000_000))
//
// A Graph may be used by any number of goroutines; queries never wait for changes. Routes and plans are plain values.
// What holds memory of the library has a Close, and is closed by the garbage collector where that was forgotten. A query
// ends early when its context does.
//
// The library is found by pkg-config: install it with cargo xtask install.
package fulgurite

/*
#cgo pkg-config: fulgurite
#include <fulgurite.h>
#include <stdlib.h>
*/
import "C"

import (
	"context"
	"encoding/hex"
	"fmt"
	"runtime"
	"unsafe"
)

// NodeID is a node's compressed public key.
type NodeID [33]byte

// ParseNodeID reads 66 hexadecimal digits.
func ParseNodeID(digits string) (NodeID, error) {
	var id NodeID
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != len(id) {
		return id, fmt.Errorf("%q is no node id: expected 66 hexadecimal digits", digits)
	}
	copy(id[:], raw)
	return id, nil
}

func (id NodeID) String() string { return hex.EncodeToString(id[:]) }

func (id NodeID) c() (to C.fg_node_id) {
	for at, b := range id {
		to.bytes[at] = C.uint8_t(b)
	}
	return to
}

func nodeID(from C.fg_node_id) (id NodeID) {
	for at := range id {
		id[at] = byte(from.bytes[at])
	}
	return id
}

// None stands for no limit, no value, no place.
const None = ^uint64(0)

// Error is a call that failed.
type Error struct {
	// Status is the name of the fg_status, as "FG_NO_ROUTE".
	Status string
	// Reason is the number of the fg_reason where there is no route, else 0.
	Reason int
	// ValueMsat is what the reason tells of, Position a byte, a line or a place in a list; None where there is none.
	ValueMsat, Position uint64
	// Message says it in words.
	Message string
}

func (err *Error) Error() string { return err.Message }

func failure(from *C.fg_error) *Error {
	return &Error{
		Status:    C.GoString(C.fg_status_name(C.int32_t(from.status))),
		Reason:    int(from.reason),
		ValueMsat: uint64(from.value_msat),
		Position:  uint64(from.position),
		Message:   C.GoString(&from.message[0]),
	}
}

// Version is the library's version.
func Version() string { return C.GoString(C.fg_version()) }

func init() {
	if !C.fg_abi_fits(C.FG_ABI_MAJOR, C.FG_ABI_MINOR) {
		panic(fmt.Sprintf("fulgurite: the library has ABI %#x, which is not the header's", C.fg_abi_version()))
	}
}

// Graph is a channel graph that is searched while it changes.
type Graph struct{ handle *C.fg_graph }

func adopt(handle *C.fg_graph) *Graph {
	graph := &Graph{handle}
	runtime.SetFinalizer(graph, (*Graph).Close)
	return graph
}

// New makes an empty graph.
func New() (*Graph, error) {
	var told C.fg_error
	var handle *C.fg_graph
	if C.fg_graph_new(&handle, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	return adopt(handle), nil
}

// Load loads a graph of any known format.
func Load(path string) (*Graph, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var told C.fg_error
	var handle *C.fg_graph
	if C.fg_graph_load(name, &handle, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	return adopt(handle), nil
}

// Close frees the graph; closing twice is fine. It fails while another goroutine uses the graph.
func (graph *Graph) Close() error {
	if graph.handle == nil {
		return nil
	}
	if status := C.fg_graph_free(graph.handle); status == C.FG_BUSY {
		return &Error{Status: "FG_BUSY", ValueMsat: None, Position: None, Message: "the graph is in use"}
	}
	graph.handle = nil
	runtime.SetFinalizer(graph, nil)
	return nil
}

// Format is one that a graph is saved in.
type Format uint32

// The formats.
const (
	FormatSnapshot Format = C.FG_FORMAT_SNAPSHOT
	FormatCSV      Format = C.FG_FORMAT_CSV
	FormatLndJSON  Format = C.FG_FORMAT_LND_JSON
)

// Save writes the graph to a file, which appears whole or not at all.
func (graph *Graph) Save(path string, format Format) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var told C.fg_error
	defer runtime.KeepAlive(graph)
	return ended(C.fg_graph_save(graph.handle, name, C.uint32_t(format), &told), &told)
}

// Publish shows all changes to the queries that begin from now on, and returns the version.
func (graph *Graph) Publish() (uint64, error) {
	var told C.fg_error
	var version C.uint64_t
	defer runtime.KeepAlive(graph)
	status := C.fg_graph_publish(graph.handle, &version, &told)
	return uint64(version), ended(status, &told)
}

// OpenChannel opens a channel between two nodes in the order of their ids; the capacity may be None.
func (graph *Graph) OpenChannel(shortChannelID uint64, nodeID1, nodeID2 NodeID, capacityMsat uint64) error {
	channel := C.fg_channel{
		short_channel_id: C.uint64_t(shortChannelID), capacity_msat: C.uint64_t(capacityMsat),
		node_id_1: nodeID1.c(), node_id_2: nodeID2.c(),
	}
	var told C.fg_error
	defer runtime.KeepAlive(graph)
	return ended(C.fg_graph_open_channel(graph.handle, &channel, &told), &told)
}

// CloseChannel closes a channel.
func (graph *Graph) CloseChannel(shortChannelID uint64) error {
	var told C.fg_error
	defer runtime.KeepAlive(graph)
	return ended(C.fg_graph_close_channel(graph.handle, C.uint64_t(shortChannelID), &told), &told)
}

// Policy is what a node asks of HTLCs over one direction of a channel.
type Policy struct {
	FeeBaseMsat, FeeProportionalMillionths         uint32
	CltvExpiryDelta                                uint16
	HtlcMinimumMsat, HtlcMaximumMsat               uint64
	InboundBaseMsat, InboundProportionalMillionths int32
	LastUpdate                                     uint32
	Disabled                                       bool
}

// SetPolicy replaces the policy of a direction (0: from the first node, 1: from the second), whatever its age.
func (graph *Graph) SetPolicy(shortChannelID uint64, direction uint32, policy Policy) error {
	value := policy.c()
	var told C.fg_error
	defer runtime.KeepAlive(graph)
	scid := C.uint64_t(shortChannelID)
	return ended(C.fg_graph_set_policy(graph.handle, scid, C.uint32_t(direction), &value, &told), &told)
}

func (policy Policy) c() C.fg_policy {
	to := C.fg_policy{
		htlc_minimum_msat:               C.uint64_t(policy.HtlcMinimumMsat),
		htlc_maximum_msat:               C.uint64_t(policy.HtlcMaximumMsat),
		fee_base_msat:                   C.uint32_t(policy.FeeBaseMsat),
		fee_proportional_millionths:     C.uint32_t(policy.FeeProportionalMillionths),
		inbound_base_msat:               C.int32_t(policy.InboundBaseMsat),
		inbound_proportional_millionths: C.int32_t(policy.InboundProportionalMillionths),
		last_update:                     C.uint32_t(policy.LastUpdate),
		cltv_expiry_delta:               C.uint16_t(policy.CltvExpiryDelta),
	}
	if policy.Disabled {
		to.disabled = 1
	}
	return to
}

// ApplyGossip applies a gossip message of BOLT 7, which is trusted; only an announcement needs the capacity.
func (graph *Graph) ApplyGossip(message []byte, capacityMsat uint64) error {
	var told C.fg_error
	defer runtime.KeepAlive(graph)
	var first *C.uint8_t
	if len(message) > 0 {
		first = (*C.uint8_t)(unsafe.Pointer(&message[0]))
	}
	capacity := C.uint64_t(capacityMsat)
	return ended(C.fg_graph_apply_gossip(graph.handle, first, C.size_t(len(message)), capacity, nil, &told), &told)
}

func ended(status C.fg_status, told *C.fg_error) error {
	if status == C.FG_OK {
		return nil
	}
	return failure(told)
}

// watched gives a query the flag of its context. The flag is freed by the function that is returned, after which the
// query must not be used any more.
func watched(ctx context.Context, query *C.fg_query) (func(), error) {
	if ctx == nil || ctx.Done() == nil {
		return func() {}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var told C.fg_error
	var flag *C.fg_cancel
	if C.fg_cancel_new(&flag, &told) != C.FG_OK {
		return nil, failure(&told)
	}
	query.cancel = flag
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-ctx.Done():
			C.fg_cancel_set(flag)
		case <-done:
		}
	}()
	return func() {
		close(done)
		<-watched
		C.fg_cancel_free(flag)
	}, nil
}
