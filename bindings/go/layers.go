package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// Layers are named layers over a graph, as Core Lightning's askrene has them. A Query names those that it wants. Each
// edit makes a layer that is not there, costs a copy of the layer, and shows in the queries that begin from then on.
type Layers struct{ *owner }

// NewLayers makes a place for layers, of which there are none yet.
func NewLayers() (*Layers, error) {
	var told C.fg_error
	var layers *C.fg_layers
	if err := ended(C.fg_layers_new(&layers, &told), &told); err != nil {
		return nil, err
	}
	free := func(handle unsafe.Pointer) C.fg_status { return C.fg_layers_free((*C.fg_layers)(handle)) }
	return &Layers{own(unsafe.Pointer(layers), free)}, nil
}

// Read takes layers in the JSON of askrene-listlayers; each replaces the one of its name. All or none.
func (layers *Layers) Read(json []byte) error {
	first, size := read(json)
	return layers.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_layers_read((*C.fg_layers)(handle), first, size, told)
	})
}

// Write writes all layers in the JSON of askrene-listlayers.
func (layers *Layers) Write() ([]byte, error) {
	return layers.written(func(handle unsafe.Pointer, to **C.fg_buffer, told *C.fg_error) C.fg_status {
		return C.fg_layers_write((*C.fg_layers)(handle), to, told)
	})
}

// Remove removes a layer. Queries that run keep it.
func (layers *Layers) Remove(layer string) error {
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_remove(to, name, told)
	})
}

// CreateChannel adds a channel that only the layer knows; its capacity must be known. It carries payments in the
// directions that UpdateChannel gives a policy.
func (layers *Layers) CreateChannel(layer string, channel Channel) error {
	value := channel.c()
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_create_channel(to, name, &value, told)
	})
}

// UpdateChannel replaces the policy of a direction; bLIP-18's fees and LastUpdate stay the graph's.
func (layers *Layers) UpdateChannel(layer string, shortChannelID uint64, direction uint32, policy Policy) error {
	scid, value := C.uint64_t(shortChannelID), policy.c()
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_update_channel(to, name, scid, C.uint32_t(direction), &value, told)
	})
}

// BiasChannel makes a direction dearer (down to -100) or cheaper (up to 100); 0 forgets it.
func (layers *Layers) BiasChannel(
	layer string, shortChannelID uint64, direction uint32, bias int32, now time.Time,
) error {
	scid, way := C.uint64_t(shortChannelID), C.uint32_t(direction)
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_bias_channel(to, name, scid, way, C.int32_t(bias), seconds(now), told)
	})
}

// Inform is how an attempt to send over a channel ended.
type Inform uint32

// How attempts end, for a layer.
const (
	InformConstrained   Inform = C.FG_INFORM_CONSTRAINED   // It lacked the liquidity.
	InformUnconstrained Inform = C.FG_INFORM_UNCONSTRAINED // It passed the HTLC on, which failed later.
	InformSucceeded     Inform = C.FG_INFORM_SUCCEEDED     // The payment settled.
)

// InformChannel notes how an attempt to send an amount over a direction ended.
func (layers *Layers) InformChannel(
	layer string, shortChannelID uint64, direction uint32, amountMsat uint64, inform Inform, now time.Time,
) error {
	scid, way, amount := C.uint64_t(shortChannelID), C.uint32_t(direction), C.uint64_t(amountMsat)
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_inform_channel(to, name, scid, way, amount, C.uint32_t(inform), seconds(now), told)
	})
}

// DisableChannel disables a direction.
func (layers *Layers) DisableChannel(layer string, shortChannelID uint64, direction uint32) error {
	scid, way := C.uint64_t(shortChannelID), C.uint32_t(direction)
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_disable_channel(to, name, scid, way, told)
	})
}

// DisableNode disables all channels of a node.
func (layers *Layers) DisableNode(layer string, id NodeID) error {
	value := id.c()
	return layers.edit(layer, func(to *C.fg_layers, name *C.char, told *C.fg_error) C.fg_status {
		return C.fg_layers_disable_node(to, name, &value, told)
	})
}

func (layers *Layers) edit(layer string, call func(*C.fg_layers, *C.char, *C.fg_error) C.fg_status) error {
	var loan loan
	defer loan.end()
	name := loan.text(layer)
	return layers.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return call((*C.fg_layers)(handle), name, told)
	})
}
