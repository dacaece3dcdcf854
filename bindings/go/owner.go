package fulgurite

/*
#include <fulgurite.h>
#include <stdlib.h>
*/
import "C"

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// owner holds something of the library, which is freed once: by Close, or by the garbage collector. Any number of
// goroutines may use and close it; the library itself knows what a call uses, and what was freed.
type owner struct {
	handle unsafe.Pointer // Of C, read and written atomically; nil when it is closed.
	free   func(unsafe.Pointer) C.fg_status
}

func own(handle unsafe.Pointer, free func(unsafe.Pointer) C.fg_status) *owner {
	held := &owner{handle, free}
	runtime.SetFinalizer(held, func(held *owner) { _ = held.Close() })
	return held
}

// Close frees it; closing twice is fine. It is ErrBusy while another goroutine uses it.
func (held *owner) Close() error {
	if held == nil {
		return nil
	}
	handle := atomic.SwapPointer(&held.handle, nil)
	if handle == nil {
		return nil
	}
	if held.free(handle) == C.FG_BUSY {
		atomic.StorePointer(&held.handle, handle)
		return misused(ErrBusy, "it is in use")
	}
	runtime.SetFinalizer(held, nil)
	return nil
}

// borrow gives the handle, which lives until the caller says runtime.KeepAlive(held).
func (held *owner) borrow() (unsafe.Pointer, error) {
	if held != nil {
		if handle := atomic.LoadPointer(&held.handle); handle != nil {
			return handle, nil
		}
	}
	return nil, misused(ErrBadHandle, "it is closed")
}

// use runs a call of C with the handle.
func (held *owner) use(call func(handle unsafe.Pointer, told *C.fg_error) C.fg_status) error {
	handle, err := held.borrow()
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(held)
	var told C.fg_error
	return ended(call(handle, &told), &told)
}

// loan is what C is lent for the time of one call.
type loan struct {
	pinner runtime.Pinner
	texts  []unsafe.Pointer
	held   []*owner
}

func (loan *loan) end() {
	loan.pinner.Unpin()
	for _, text := range loan.texts {
		C.free(text)
	}
	runtime.KeepAlive(loan.held)
}

func (loan *loan) borrow(held *owner) (unsafe.Pointer, error) {
	loan.held = append(loan.held, held)
	return held.borrow()
}

func (loan *loan) text(text string) *C.char {
	made := C.CString(text)
	loan.texts = append(loan.texts, unsafe.Pointer(made))
	return made
}

// pinned is where C finds the values, nil where there are none.
func pinned[T any](loan *loan, values []T) *T {
	if len(values) == 0 {
		return nil
	}
	loan.pinner.Pin(&values[0])
	return &values[0]
}

func mapped[From, To any](from []From, convert func(From) To) []To {
	to := make([]To, len(from))
	for at, value := range from {
		to[at] = convert(value)
	}
	return to
}

// read is where C finds the bytes, for the time of one call.
func read(from []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.SliceData(from)), C.size_t(len(from))
}

// copied is a copy of bytes that the library lends.
func copied(from *C.uint8_t, size C.size_t) []byte {
	return bytes.Clone(unsafe.Slice((*byte)(from), size))
}

// written copies a buffer that a call makes, and frees it.
func (held *owner) written(write func(handle unsafe.Pointer, to **C.fg_buffer, told *C.fg_error) C.fg_status) ([]byte, error) {
	var buffer *C.fg_buffer
	err := held.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status { return write(handle, &buffer, told) })
	if err != nil {
		return nil, err
	}
	defer C.fg_buffer_free(buffer)
	var told C.fg_error
	var first *C.uint8_t
	var size C.size_t
	if err := ended(C.fg_buffer_bytes(buffer, &first, &size, &told), &told); err != nil {
		return nil, err
	}
	return copied(first, size), nil
}
