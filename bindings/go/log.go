package fulgurite

/*
#include <fulgurite.h>

void fulguriteTell(uint32_t level, char *message, void *user);
*/
import "C"

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// LogLevel is how much is told.
type LogLevel uint32

// The levels.
const (
	LogNone    LogLevel = C.FG_LOG_NONE
	LogError   LogLevel = C.FG_LOG_ERROR   // Mistakes in the library that were caught.
	LogWarning LogLevel = C.FG_LOG_WARNING // What a file held that was left out.
	LogInfo    LogLevel = C.FG_LOG_INFO    // Graphs that were loaded and saved.
)

// SetLog has everything up to a level told, for all graphs; nil tells nobody. The function is called by whichever
// goroutine or thread has something to say, never by two at once, and must not call SetLog.
func SetLog(level LogLevel, tell func(level LogLevel, message string)) error {
	settingLog.Lock()
	defer settingLog.Unlock()
	var told C.fg_error
	if tell == nil {
		return ended(C.fg_set_log(nil, nil, C.FG_LOG_NONE, &told), &told)
	}
	// The library is silent in between, so that nothing is told to the wrong one.
	if err := ended(C.fg_set_log(nil, nil, C.FG_LOG_NONE, &told), &told); err != nil {
		return err
	}
	listener.Store(&tell)
	return ended(C.fg_set_log(C.fg_log_fn(C.fulguriteTell), nil, C.uint32_t(level), &told), &told)
}

var (
	settingLog sync.Mutex
	listener   atomic.Pointer[func(LogLevel, string)]
)

//export fulguriteTell
func fulguriteTell(level C.uint32_t, message *C.char, _ unsafe.Pointer) {
	(*listener.Load())(LogLevel(level), C.GoString(message))
}
