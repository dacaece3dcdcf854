package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// Reservations are what payments that are under way hold of channels. Queries that carry them leave that alone.
type Reservations struct{ *owner }

// NewReservations makes a book in which nothing is in flight.
func NewReservations() (*Reservations, error) {
	var told C.fg_error
	var book *C.fg_reservations
	if err := ended(C.fg_reservations_new(&book, &told), &told); err != nil {
		return nil, err
	}
	free := func(handle unsafe.Pointer) C.fg_status { return C.fg_reservations_free((*C.fg_reservations)(handle)) }
	return &Reservations{own(unsafe.Pointer(book), free)}, nil
}

// Add reserves what the HTLCs of an attempt carry, and returns what releases it. Queries that begin from then on see it.
func (book *Reservations) Add(attempt Attempt, now time.Time) (uint64, error) {
	held, index := attempt.sent()
	sent, err := held.borrow()
	if err != nil {
		return 0, err
	}
	var id C.uint64_t
	err = book.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		book := (*C.fg_reservations)(handle)
		if index < 0 {
			return C.fg_reservations_add_route(book, (*C.fg_route)(sent), seconds(now), &id, told)
		}
		return C.fg_reservations_add_part(book, (*C.fg_plan)(sent), C.size_t(index), seconds(now), &id, told)
	})
	keep(held)
	return uint64(id), err
}

// Release releases what was reserved, once.
func (book *Reservations) Release(id uint64) error {
	return book.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return C.fg_reservations_release((*C.fg_reservations)(handle), C.uint64_t(id), told)
	})
}

// Get is what is in flight over a direction (0 or 1) of a channel, and in how many HTLCs.
func (book *Reservations) Get(shortChannelID uint64, direction uint32) (amountMsat uint64, htlcCount uint32, err error) {
	var amount C.uint64_t
	var count C.uint32_t
	err = book.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		scid, way := C.uint64_t(shortChannelID), C.uint32_t(direction)
		return C.fg_reservations_get((*C.fg_reservations)(handle), scid, way, &amount, &count, told)
	})
	return uint64(amount), uint32(count), err
}
