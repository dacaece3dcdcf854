package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "unsafe"

// Gossip is what became of a gossip message.
type Gossip uint32

// What becomes of messages.
const (
	GossipSkipped             Gossip = C.FG_GOSSIP_SKIPPED // Of a type, or of an old form, that says nothing of the graph.
	GossipChannelAnnouncement Gossip = C.FG_GOSSIP_CHANNEL_ANNOUNCEMENT
	GossipNodeAnnouncement    Gossip = C.FG_GOSSIP_NODE_ANNOUNCEMENT
	GossipChannelUpdate       Gossip = C.FG_GOSSIP_CHANNEL_UPDATE
	GossipStale               Gossip = C.FG_GOSSIP_STALE // Not newer than the policy in the graph.
)

// ApplyGossip applies a message of BOLT 7, its type included, which is trusted. Only a channel_announcement needs the
// capacity, which may be None.
func (graph *Graph) ApplyGossip(message []byte, capacityMsat uint64) (Gossip, error) {
	first, size := read(message)
	var kind C.fg_gossip
	err := graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_apply_gossip((*C.fg_graph)(handle), first, size, C.uint64_t(capacityMsat), &kind, told)
	})
	return Gossip(kind), err
}

// VerifyGossip is ApplyGossip for a message of a stranger: it checks the signatures, the chain (nil is Bitcoin's main
// chain), and that it is news. That the channel is on the chain is still the caller's to find out.
func (graph *Graph) VerifyGossip(message []byte, chainHash *[32]byte, capacityMsat uint64) (Gossip, error) {
	first, size := read(message)
	var kind C.fg_gossip
	err := graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		chain, capacity := (*C.uint8_t)(unsafe.Pointer(chainHash)), C.uint64_t(capacityMsat)
		return C.fg_graph_verify_gossip((*C.fg_graph)(handle), first, size, chain, capacity, &kind, told)
	})
	return Gossip(kind), err
}
