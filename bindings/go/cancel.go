package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import "context"

// watch is the flag of a context, nil where that never ends. The function that is returned frees it.
func watch(ctx context.Context) (*C.fg_cancel, func(), error) {
	if ctx.Done() == nil {
		return nil, func() {}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var told C.fg_error
	var flag *C.fg_cancel
	if err := ended(C.fg_cancel_new(&flag, &told), &told); err != nil {
		return nil, nil, err
	}
	raised := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.fg_cancel_set(flag)
		close(raised)
	})
	return flag, func() {
		if !stop() {
			<-raised
		}
		C.fg_cancel_free(flag)
	}, nil
}
