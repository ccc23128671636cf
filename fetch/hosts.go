package fetch

import (
	"context"
	"strings"
	"sync"
	"time"
)

// hosts limits how many requests are under way, in total and to each host. A host
// that is overloaded gets half as many, and with every success a little more
// again: additive increase, multiplicative decrease, as TCP does it.
type hosts struct {
	total, perHost int
	backoff        Backoff

	mu      sync.Mutex
	active  int
	all     map[string]*host
	waiting map[chan struct{}]bool
}

type host struct {
	active  int
	limit   float64   // of active, from 1 to perHost
	halved  int       // how often the limit was halved
	refused int       // how often without a success between
	until   time.Time // no request before
}

// pauseAfter is how many times a host refuses before it gets a pause.
const pauseAfter = 3

func newHosts(total, perHost int, b Backoff) *hosts {
	return &hosts{total: total, perHost: perHost, backoff: b, all: map[string]*host{}, waiting: map[chan struct{}]bool{}}
}

// hostOf returns what tells the host of a URL from others: "https://example.org:8443".
func hostOf(url string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + strings.ToLower(rest[strings.LastIndexByte(rest, '@')+1:])
}

// ticket is the right to one request, from enter to leave.
type ticket struct {
	host   *host
	halved int // of the host when the request began
}

// room reports whether a request to the host may begin; if not, it tells the time
// from which it may, zero when another request has to end first.
func (h *hosts) room(key string, now time.Time) (ok bool, from time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.roomFor(h.get(key), now)
}

func (h *hosts) roomFor(one *host, now time.Time) (bool, time.Time) {
	if now.Before(one.until) {
		return false, one.until
	}
	return h.active < h.total && one.active < int(one.limit), time.Time{}
}

// pause returns the time before which the host gets no request, zero for none.
func (h *hosts) pause(key string, now time.Time) (until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one := h.all[key]; one != nil && now.Before(one.until) {
		return one.until
	}
	return time.Time{}
}

// enter begins a request where there is room; see room for the rest.
func (h *hosts) enter(key string, now time.Time) (t ticket, ok bool, from time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.get(key)
	if ok, from = h.roomFor(one, now); !ok {
		return ticket{}, false, from
	}
	h.active++
	one.active++
	return ticket{one, one.halved}, true, time.Time{}
}

// load is what a request told of its host.
type load uint8

const (
	unclear    load = iota // it failed in a way that says nothing of load
	light                  // the host answered
	overloaded             // the host refused, or asked for less
)

// leave ends a request. The host is left alone for the time that it asked for.
func (h *hosts) leave(t ticket, l load, retryAfter time.Duration, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := t.host
	h.active--
	one.active--
	switch l {
	case light:
		one.refused = 0
		one.limit = min(one.limit+1/one.limit, float64(h.perHost))
	case overloaded:
		if one.halved == t.halved { // requests that were under way together count once
			one.halved++
			one.refused++
			one.limit = max(one.limit/2, 1)
		}
		if one.refused >= pauseAfter {
			retryAfter = max(retryAfter, h.backoff.delay(1))
		}
		if until := now.Add(retryAfter); until.After(one.until) {
			one.until = until
		}
	}
	for c := range h.waiting {
		select {
		case c <- struct{}{}:
		default: // it has been told already
		}
	}
}

// get returns the host of a key. The lock is held.
func (h *hosts) get(key string) *host {
	one := h.all[key]
	if one == nil {
		one = &host{limit: float64(h.perHost)}
		h.all[key] = one
	}
	return one
}

// join returns a channel that is told whenever there may be room, until part.
func (h *hosts) join() chan struct{} {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[c] = true
	return c
}

func (h *hosts) part(c chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.waiting, c)
}

// wait enters as soon as there is room.
func (h *hosts) wait(ctx context.Context, key string) (ticket, error) {
	told := h.join()
	defer h.part(told)
	for {
		now := time.Now()
		t, ok, from := h.enter(key, now)
		if ok {
			return t, nil
		}
		var later <-chan time.Time
		if !from.IsZero() {
			later = time.After(from.Sub(now))
		}
		select {
		case <-told:
		case <-later:
		case <-ctx.Done():
			return ticket{}, ctx.Err()
		}
	}
}
