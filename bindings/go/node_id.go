package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"encoding/hex"
	"fmt"
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

// String is 66 hexadecimal digits.
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
