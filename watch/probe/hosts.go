package probe

import (
	"context"
	"sync"
	"time"
)

// hosts limits how many requests each host has under way, over all looks, and leaves
// those alone that ask for it.
type hosts struct {
	limit int

	mu  sync.Mutex
	all map[string]*host
}

type host struct {
	users int           // requests that hold a slot or wait for one
	slots chan struct{} // taken ones
	until time.Time     // no look before
	why   string
}

func newHosts(limit int) *hosts { return &hosts{limit: limit, all: map[string]*host{}} }

// enter waits until the host has room for a request; leave gives the room back.
func (h *hosts) enter(ctx context.Context, name string) (leave func(), err error) {
	h.mu.Lock()
	one := h.get(name)
	one.users++
	h.mu.Unlock()
	done := func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		one.users--
		h.forget(name, one)
	}
	select {
	case one.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-one.slots; done() }), nil
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
}

// get returns the host of a name. The lock is held.
func (h *hosts) get(name string) *host {
	one := h.all[name]
	if one == nil {
		one = &host{slots: make(chan struct{}, h.limit)}
		h.all[name] = one
	}
	return one
}

// forget drops a host that nobody uses and that has no pause. The lock is held.
func (h *hosts) forget(name string, one *host) {
	if one.users == 0 && one.until.IsZero() {
		delete(h.all, name)
	}
}

// pause leaves a host alone until the time.
func (h *hosts) pause(name string, until time.Time, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one := h.get(name); until.After(one.until) {
		one.until, one.why = until, why
	}
}

// paused returns until when the host wants to be left alone and why, zero for no pause.
func (h *hosts) paused(name string, now time.Time) (until time.Time, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.all[name]
	if one == nil {
		return until, ""
	}
	if now.Before(one.until) {
		return one.until, one.why
	}
	one.until = time.Time{}
	h.forget(name, one)
	return until, ""
}
