package fulgurite

import "runtime"

// Attempt is what was sent: a *Route, or a *Part of a plan.
type Attempt interface {
	// sent is the route, or the plan and the part's index, which is -1 for routes.
	sent() (held *owner, index int)
}

func (route *Route) sent() (*owner, int) { return route.held, -1 }

func (part *Part) sent() (*owner, int) { return part.held, part.index }

// keep has a handle that was borrowed live until here.
func keep(held *owner) { runtime.KeepAlive(held) }
