package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"cmp"
	"encoding/binary"
	"slices"
	"unsafe"
)

// Payment is what the onions of a payment tell the payee, and what they are made of.
type Payment struct {
	PaymentHash [32]byte
	// SessionSeed is secret, random, and never used twice.
	SessionSeed [32]byte
	// BlockHeight is the best block.
	BlockHeight uint32
	// ShadowBlocks move every expiry into the future, so that hops cannot count how far the payee is.
	ShadowBlocks uint32
	// TotalMsat is what all parts together deliver; 0 takes what the route or plan delivers.
	TotalMsat uint64
	// PaymentSecret and Metadata are the invoice's; nil where it has none.
	PaymentSecret *[32]byte
	Metadata      []byte
	// KeysendPreimage is the preimage of a spontaneous payment, else nil.
	KeysendPreimage *[32]byte
	// CustomRecords are by their types, 65,536 and above.
	CustomRecords map[uint64][]byte
}

// Onion is a packet for update_add_htlc, which reads what comes back for it, too.
type Onion struct {
	// Packet is the onion_routing_packet.
	Packet []byte
	// AmountMsat is what the payer's HTLC carries, through ShortChannelID.
	AmountMsat, ShortChannelID uint64
	// CltvExpiry is the block at which it expires.
	CltvExpiry uint32
	held       *owner
	index      int
}

// Failure is who failed an HTLC, and how.
type Failure struct {
	// ErringNode is 0 for the payer and 1 for the first node behind it; None where nobody can be told.
	ErringNode uint64
	// Code is BOLT 4's failure_code; 0 where it is not to be read.
	Code uint16
}

// Onion builds the packet of the route.
func (route *Route) Onion(payment Payment) (*Onion, error) {
	onions, err := onions(route.held, payment, func(handle unsafe.Pointer, from *C.fg_payment, to **C.fg_onions, told *C.fg_error) C.fg_status {
		return C.fg_route_onion((*C.fg_route)(handle), from, to, told)
	})
	if err != nil {
		return nil, err
	}
	return onions[0], nil
}

// Onions builds the packets of all parts, in their order.
func (plan *Plan) Onions(payment Payment) ([]*Onion, error) {
	return onions(plan.held, payment, func(handle unsafe.Pointer, from *C.fg_payment, to **C.fg_onions, told *C.fg_error) C.fg_status {
		return C.fg_plan_onions((*C.fg_plan)(handle), from, to, told)
	})
}

// ReadFailure reads the reason of an update_fail_htlc that came back for the packet.
func (onion *Onion) ReadFailure(reason []byte) (Failure, error) {
	first, size := read(reason)
	var node C.uint64_t
	var code C.uint32_t
	err := onion.held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		onions, at := (*C.fg_onions)(handle), C.size_t(onion.index)
		return C.fg_onions_read_failure(onions, at, first, size, &node, &code, told)
	})
	return Failure{uint64(node), uint16(code)}, err
}

func onions(
	sent *owner, payment Payment,
	build func(unsafe.Pointer, *C.fg_payment, **C.fg_onions, *C.fg_error) C.fg_status,
) ([]*Onion, error) {
	var loan loan
	defer loan.end()
	var to C.fg_payment
	payment.fill(&to, &loan)
	var made *C.fg_onions
	err := sent.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status { return build(handle, &to, &made, told) })
	if err != nil {
		return nil, err
	}
	held := own(unsafe.Pointer(made), func(handle unsafe.Pointer) C.fg_status {
		return C.fg_onions_free((*C.fg_onions)(handle))
	})
	defer keep(held)
	packets := make([]*Onion, C.fg_onions_count(made))
	for at := range packets {
		if packets[at], err = packet(held, at); err != nil {
			return nil, err
		}
	}
	return packets, nil
}

func packet(held *owner, index int) (*Onion, error) {
	var packet C.fg_packet
	onion := &Onion{held: held, index: index}
	err := held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		onions, size := (*C.fg_onions)(handle), C.size_t(C.sizeof_fg_packet)
		status := C.fg_onions_packet(onions, C.size_t(index), &packet, size, told)
		if status == C.FG_OK {
			onion.Packet = copied(packet.bytes, packet.size)
		}
		return status
	})
	onion.AmountMsat, onion.ShortChannelID = uint64(packet.amount_msat), uint64(packet.short_channel_id)
	onion.CltvExpiry = uint32(packet.cltv_expiry)
	return onion, err
}

func (payment *Payment) fill(to *C.fg_payment, loan *loan) {
	C.fg_payment_init(to, C.sizeof_fg_payment)
	for at := range payment.PaymentHash {
		to.payment_hash[at] = C.uint8_t(payment.PaymentHash[at])
		to.session_seed[at] = C.uint8_t(payment.SessionSeed[at])
	}
	to.block_height, to.shadow_blocks = C.uint32_t(payment.BlockHeight), C.uint32_t(payment.ShadowBlocks)
	if payment.TotalMsat > 0 {
		to.total_msat = C.uint64_t(payment.TotalMsat)
	}
	if payment.PaymentSecret != nil {
		to.payment_secret = lent(loan, payment.PaymentSecret[:])
	}
	if payment.KeysendPreimage != nil {
		to.keysend_preimage = lent(loan, payment.KeysendPreimage[:])
	}
	if payment.Metadata != nil {
		// Metadata of no bytes are not the same as none.
		to.metadata = lent(loan, append(slices.Clone(payment.Metadata), 0))
		to.metadata_size = C.size_t(len(payment.Metadata))
	}
	records := stream(payment.CustomRecords)
	to.custom_records, to.custom_records_size = lent(loan, records), C.size_t(len(records))
}

// lent is where C finds the bytes, nil where there are none.
func lent(loan *loan, from []byte) *C.uint8_t {
	return (*C.uint8_t)(unsafe.Pointer(pinned(loan, from)))
}

// stream is a TLV stream of BOLT 1.
func stream(records map[uint64][]byte) (bytes []byte) {
	types := make([]uint64, 0, len(records))
	for kind := range records {
		types = append(types, kind)
	}
	slices.SortFunc(types, cmp.Compare[uint64])
	for _, kind := range types {
		bytes = bigSize(bytes, kind)
		bytes = bigSize(bytes, uint64(len(records[kind])))
		bytes = append(bytes, records[kind]...)
	}
	return bytes
}

// bigSize appends a number in the form of BOLT 1.
func bigSize(to []byte, number uint64) []byte {
	switch {
	case number < 0xfd:
		return append(to, byte(number))
	case number < 1<<16:
		return binary.BigEndian.AppendUint16(append(to, 0xfd), uint16(number))
	case number < 1<<32:
		return binary.BigEndian.AppendUint32(append(to, 0xfe), uint32(number))
	default:
		return binary.BigEndian.AppendUint64(append(to, 0xff), number)
	}
}
