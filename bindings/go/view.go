package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "unsafe"

// View is the published graph of one moment, whose nodes and channels have fixed numbers, counted from 0. It keeps the
// memory of its generation: close it soon. Policies are those in force when they are asked for.
type View struct{ *owner }

// View takes a view of what is published.
func (graph *Graph) View() (*View, error) {
	var view *C.fg_view
	err := graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_view((*C.fg_graph)(handle), &view, told)
	})
	if err != nil {
		return nil, err
	}
	free := func(handle unsafe.Pointer) C.fg_status { return C.fg_view_free((*C.fg_view)(handle)) }
	return &View{own(unsafe.Pointer(view), free)}, nil
}

// NodeCount is how many nodes there are; 0 when it is closed.
func (view *View) NodeCount() (count int) {
	_ = view.use(func(handle unsafe.Pointer, _ *C.fg_error) C.fg_status {
		count = int(C.fg_view_node_count((*C.fg_view)(handle)))
		return C.FG_OK
	})
	return count
}

// ChannelCount is how many channels there are, closed ones included; 0 when it is closed.
func (view *View) ChannelCount() (count int) {
	_ = view.use(func(handle unsafe.Pointer, _ *C.fg_error) C.fg_status {
		count = int(C.fg_view_channel_count((*C.fg_view)(handle)))
		return C.FG_OK
	})
	return count
}

// Node is the id of a node.
func (view *View) Node(index int) (NodeID, error) {
	var id C.fg_node_id
	err := view.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_view_node((*C.fg_view)(handle), C.size_t(index), &id, told)
	})
	return nodeID(id), err
}

// Channel tells of a channel.
func (view *View) Channel(index int) (Channel, error) {
	var channel C.fg_channel
	err := view.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_view_channel((*C.fg_view)(handle), C.size_t(index), &channel, told)
	})
	return Channel{
		ShortChannelID: uint64(channel.short_channel_id), NodeID1: nodeID(channel.node_id_1),
		NodeID2: nodeID(channel.node_id_2), CapacityMsat: uint64(channel.capacity_msat), Closed: channel.closed != 0,
	}, err
}

// Policy is the policy of a channel's direction (0 or 1); ErrUnknownChannel where it has none.
func (view *View) Policy(index int, direction uint32) (Policy, error) {
	var value C.fg_policy
	err := view.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_view_policy((*C.fg_view)(handle), C.size_t(index), C.uint32_t(direction), &value, told)
	})
	return policy(value), err
}

// FindNode is a node's number; ErrUnknownNode where it is not there.
func (view *View) FindNode(id NodeID) (int, error) {
	wanted := id.c()
	var index C.size_t
	err := view.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_view_find_node((*C.fg_view)(handle), &wanted, &index, told)
	})
	return int(index), err
}

// FindChannel is an open channel's number; ErrUnknownChannel where it is not there.
func (view *View) FindChannel(shortChannelID uint64) (int, error) {
	var index C.size_t
	err := view.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_view_find_channel((*C.fg_view)(handle), C.uint64_t(shortChannelID), &index, told)
	})
	return int(index), err
}

// Nodes are all nodes with their numbers, for range from Go 1.23 on; an iter.Seq2. It ends where the view is closed.
func (view *View) Nodes() func(yield func(int, NodeID) bool) {
	return each(view.NodeCount, view.Node)
}

// Channels are all channels with their numbers, closed ones included; as Nodes.
func (view *View) Channels() func(yield func(int, Channel) bool) {
	return each(view.ChannelCount, view.Channel)
}

func each[T any](count func() int, get func(int) (T, error)) func(yield func(int, T) bool) {
	return func(yield func(int, T) bool) {
		for at, end := 0, count(); at < end; at++ {
			value, err := get(at)
			if err != nil || !yield(at, value) {
				return
			}
		}
	}
}
