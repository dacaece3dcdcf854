package fulgurite

/*
#include <fulgurite.h>
*/
import "C"

import (
	"context"
	"errors"
	"unsafe"
)

// FindRoute finds the cheapest route in what is published.
func (graph *Graph) FindRoute(ctx context.Context, query Query) (*Route, error) {
	var handle *C.fg_route
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_route(graph, asked, &handle, told)
	})
	if err != nil {
		return nil, err
	}
	return ownRoute(handle)
}

// FindAlternatives finds the count cheapest routes, the cheapest first.
func (graph *Graph) FindAlternatives(ctx context.Context, query Query, count int) ([]*Route, error) {
	handles := make([]*C.fg_route, max(count, 1))
	var found C.size_t
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_alternatives(graph, asked, &handles[0], C.size_t(max(count, 0)), &found, told)
	})
	return ownAll(handles[:found], ownRoute, err)
}

// FindDiverse finds up to count routes that share no channel but, where there is no other way, the first and the last.
func (graph *Graph) FindDiverse(ctx context.Context, query Query, count int) ([]*Route, error) {
	handles := make([]*C.fg_route, max(count, 1))
	var found C.size_t
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_diverse(graph, asked, &handles[0], C.size_t(max(count, 0)), &found, told)
	})
	return ownAll(handles[:found], ownRoute, err)
}

// FindPlan splits a payment as the query's cost likes it best.
func (graph *Graph) FindPlan(ctx context.Context, query Query) (*Plan, error) {
	var handle *C.fg_plan
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_plan(graph, asked, &handle, told)
	})
	if err != nil {
		return nil, err
	}
	return ownPlan(handle)
}

// FindPlanFrontier finds the cheapest plans from the likeliest to the cheapest, at most count of them.
func (graph *Graph) FindPlanFrontier(ctx context.Context, query Query, count int) ([]*Plan, error) {
	handles := make([]*C.fg_plan, max(count, 1))
	var found C.size_t
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_plan_frontier(graph, asked, &handles[0], C.size_t(max(count, 0)), &found, told)
	})
	return ownAll(handles[:found], ownPlan, err)
}

// FindWidest is the largest HTLC that any single path could carry if every channel's funds were on the right side.
func (graph *Graph) FindWidest(ctx context.Context, query Query) (uint64, error) {
	var amount C.uint64_t
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_widest(graph, asked, &amount, told)
	})
	return uint64(amount), err
}

// FindMostSendable is the most that all paths together can carry, fees aside. The query's amount counts for nothing, but
// may not be 0.
func (graph *Graph) FindMostSendable(ctx context.Context, query Query) (uint64, error) {
	var amount C.uint64_t
	err := graph.ask(ctx, query, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_most_sendable(graph, asked, &amount, told)
	})
	return uint64(amount), err
}

// Answer is a route, or why there is none.
type Answer struct {
	Route *Route
	Err   error
}

// FindBatch answers all queries on all processors, in their order. The error tells whether they were asked.
func (graph *Graph) FindBatch(ctx context.Context, queries []Query) ([]Answer, error) {
	if len(queries) == 0 {
		return nil, ctx.Err()
	}
	count := C.size_t(len(queries))
	routes, errs := make([]*C.fg_route, count), make([]C.fg_error, count)
	err := graph.askAll(ctx, queries, func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status {
		return C.fg_find_batch(graph, asked, count, &routes[0], &errs[0], told)
	})
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, count)
	for at, handle := range routes {
		if handle == nil {
			answers[at].Err = ofContext(ctx, failure(&errs[at]))
		} else {
			answers[at].Route, answers[at].Err = ownRoute(handle)
		}
	}
	return answers, nil
}

type search = func(graph *C.fg_graph, asked *C.fg_query, told *C.fg_error) C.fg_status

func (graph *Graph) ask(ctx context.Context, query Query, call search) error {
	return graph.askAll(ctx, []Query{query}, call)
}

// askAll fills in queries and runs a call of C with them, which ends early when the context does.
func (graph *Graph) askAll(ctx context.Context, queries []Query, call search) error {
	var loan loan
	defer loan.end()
	flag, release, err := watch(ctx)
	if err != nil {
		return err
	}
	defer release()
	asked := make([]C.fg_query, len(queries))
	for at := range queries {
		if err := queries[at].fill(&asked[at], &loan); err != nil {
			return err
		}
		asked[at].cancel = flag
	}
	err = graph.use(func(handle unsafe.Pointer, told *C.fg_error) C.fg_status {
		return call((*C.fg_graph)(handle), &asked[0], told)
	})
	return ofContext(ctx, err)
}

// ofContext is the context's error where that ended the query.
func ofContext(ctx context.Context, err error) error {
	if errors.Is(err, ErrCancelled) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// ownAll owns each handle, also where one fails.
func ownAll[Handle, Value any](handles []Handle, own func(Handle) (Value, error), err error) ([]Value, error) {
	if err != nil {
		return nil, err
	}
	values := make([]Value, len(handles))
	for at, handle := range handles {
		value, failed := own(handle)
		if failed != nil {
			err = failed
		}
		values[at] = value
	}
	if err != nil {
		return nil, err
	}
	return values, nil
}
