package fulgurite

/*
#include <fulgurite.h>
#include <stdlib.h>
*/
import "C"

import "unsafe"

// Graph is a channel graph that is searched while it changes.
type Graph struct{ *owner }

func ownGraph(handle *C.fg_graph) *Graph {
	free := func(handle unsafe.Pointer) C.fg_status { return C.fg_graph_free((*C.fg_graph)(handle)) }
	return &Graph{own(unsafe.Pointer(handle), free)}
}

// New makes an empty graph.
func New() (*Graph, error) {
	var told C.fg_error
	var handle *C.fg_graph
	if err := ended(C.fg_graph_new(&handle, &told), &told); err != nil {
		return nil, err
	}
	return ownGraph(handle), nil
}

// Load loads a graph of any known format, told by its content. The file must not change meanwhile.
func Load(path string) (*Graph, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var told C.fg_error
	var handle *C.fg_graph
	if err := ended(C.fg_graph_load(name, &handle, &told), &told); err != nil {
		return nil, err
	}
	return ownGraph(handle), nil
}

// FromBytes is Load for a file in memory.
func FromBytes(file []byte) (*Graph, error) {
	first, size := read(file)
	var told C.fg_error
	var handle *C.fg_graph
	if err := ended(C.fg_graph_read(first, size, &handle, &told), &told); err != nil {
		return nil, err
	}
	return ownGraph(handle), nil
}

// Format is one that a graph is saved in.
type Format uint32

// The formats.
const (
	FormatSnapshot Format = C.FG_FORMAT_SNAPSHOT // Fulgurite's own, the fastest to load.
	FormatCSV      Format = C.FG_FORMAT_CSV
	FormatLndJSON  Format = C.FG_FORMAT_LND_JSON
)

// Save writes the graph to a file, which appears whole or not at all. What was not yet published is published with it.
func (graph *Graph) Save(path string, format Format) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	return graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_save((*C.fg_graph)(handle), name, C.uint32_t(format), told)
	})
}

// Info is what a published graph holds.
type Info struct {
	// NodeCount counts the nodes that queries know, ChannelCount the channels, closed ones included.
	NodeCount, ChannelCount uint64
	// Version counts the publications.
	Version uint64
}

// Info tells what the published graph holds.
func (graph *Graph) Info() (Info, error) {
	var info C.fg_graph_info
	err := graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_get_info((*C.fg_graph)(handle), &info, C.sizeof_fg_graph_info, told)
	})
	return Info{uint64(info.node_count), uint64(info.channel_count), uint64(info.version)}, err
}

// Publish shows all changes to the queries that begin from now on, and returns the version. Call it after each batch of
// changes, or some times a second.
func (graph *Graph) Publish() (uint64, error) {
	var version C.uint64_t
	err := graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_graph_publish((*C.fg_graph)(handle), &version, told)
	})
	return uint64(version), err
}
