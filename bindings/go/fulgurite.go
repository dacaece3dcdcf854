// Package fulgurite finds routes for payments on the Lightning Network.
//
//	graph, err := fulgurite.Load("graph.fgsn")
//	if err != nil { ... }
//	defer graph.Close()
//	route, err := graph.FindRoute(ctx, fulgurite.NewQuery(payer, payee, 1_000_000))
//
// Everything may be used by any number of goroutines at once, and queries never wait for changes. Routes, plans and
// onions are values that may be read for ever. What has a Close holds memory of the library until then, and is closed by
// the garbage collector where that was forgotten. A query ends early when its context does.
//
// Amounts are in msat. The library is found by pkg-config: install it with cargo xtask install.
package fulgurite

/*
#cgo pkg-config: fulgurite
#include <fulgurite.h>
*/
import "C"

import "fmt"

// None stands for no limit, no value, no place.
const None uint64 = C.FG_NONE

// Version is the library's version.
func Version() string { return C.GoString(C.fg_version()) }

func init() {
	if !C.fg_abi_fits(C.FG_ABI_MAJOR, C.FG_ABI_MINOR) {
		panic(fmt.Sprintf("fulgurite: the library has ABI %#x, which is not the header's", C.fg_abi_version()))
	}
}
