package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

// Status is how a call failed. Every Error is one of them:
//
//	if errors.Is(err, fulgurite.ErrNoRoute) { ... }
type Status int32

// What a call may fail with; the library's header says more.
const (
	ErrNoRoute        Status = C.FG_NO_ROUTE
	ErrWorkLimit      Status = C.FG_WORK_LIMIT
	ErrCancelled      Status = C.FG_CANCELLED
	ErrUnknownNode    Status = C.FG_UNKNOWN_NODE
	ErrUnknownChannel Status = C.FG_UNKNOWN_CHANNEL
	ErrBadQuery       Status = C.FG_BAD_QUERY
	ErrContended      Status = C.FG_CONTENDED
	ErrBadArgument    Status = C.FG_BAD_ARGUMENT
	ErrBadHandle      Status = C.FG_BAD_HANDLE // What was closed.
	ErrBusy           Status = C.FG_BUSY       // What cannot be closed while another goroutine uses it.
	ErrBadInput       Status = C.FG_BAD_INPUT
	ErrIO             Status = C.FG_IO
	ErrBadUpdate      Status = C.FG_BAD_UPDATE
	ErrPanic          Status = C.FG_PANIC
	ErrBadSignature   Status = C.FG_BAD_SIGNATURE
)

// String is the name of the fg_status, as "FG_NO_ROUTE".
func (status Status) String() string { return C.GoString(C.fg_status_name(C.int32_t(status))) }

func (status Status) Error() string { return "fulgurite: " + status.String() }

// Reason is what closes the way, for ErrNoRoute.
type Reason int32

// What closes the way; ValueMsat of the Error tells how much would go, or what it would cost.
const (
	ReasonNone               Reason = C.FG_REASON_NONE
	ReasonPayerCannotSend    Reason = C.FG_REASON_PAYER_CANNOT_SEND
	ReasonPayeeCannotReceive Reason = C.FG_REASON_PAYEE_CANNOT_RECEIVE
	ReasonFeeLimit           Reason = C.FG_REASON_FEE_LIMIT
	ReasonRouteLimits        Reason = C.FG_REASON_ROUTE_LIMITS
	ReasonHtlcMinimum        Reason = C.FG_REASON_HTLC_MINIMUM
	ReasonNotConnected       Reason = C.FG_REASON_NOT_CONNECTED
	ReasonCut                Reason = C.FG_REASON_CUT
	ReasonNoRoomForFees      Reason = C.FG_REASON_NO_ROOM_FOR_FEES
	ReasonTooFewParts        Reason = C.FG_REASON_TOO_FEW_PARTS
)

// Error is a call that failed.
type Error struct {
	Status Status
	// Reason is what closes the way where there is no route, else ReasonNone.
	Reason Reason
	// ValueMsat is what the reason tells of, Position a byte, a line or a place in a list; None where there is none.
	ValueMsat, Position uint64
	// Message says it in words.
	Message string
}

// Error is the message.
func (err *Error) Error() string { return "fulgurite: " + err.Message }

// Unwrap is the status, for errors.Is.
func (err *Error) Unwrap() error { return err.Status }

// ended is what a call returns.
func ended(status C.fg_status, told *C.fg_error) error {
	if status == C.FG_OK {
		return nil
	}
	return failure(told)
}

func failure(from *C.fg_error) *Error {
	return &Error{
		Status:    Status(from.status),
		Reason:    Reason(from.reason),
		ValueMsat: uint64(from.value_msat),
		Position:  uint64(from.position),
		Message:   C.GoString(&from.message[0]),
	}
}

func misused(status Status, message string) *Error {
	return &Error{Status: status, ValueMsat: None, Position: None, Message: message}
}
