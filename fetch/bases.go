package fetch

import (
	"sync"
	"time"
)

// bases remembers which base URLs fail again and again: these are tried last for a
// while, so that not every file has to find out anew.
type bases struct {
	mu  sync.Mutex
	all map[string]*failing
}

type failing struct {
	inARow int
	until  time.Time
}

const (
	lastAfter = 5               // failures in a row
	lastFor   = 1 * time.Minute // then one file finds out whether it is better now
)

func (b *bases) succeeded(base string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.all, base)
}

func (b *bases) failed(base string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.all[base]
	if f == nil {
		f = &failing{}
		b.all[base] = f
	}
	if f.inARow++; f.inARow >= lastAfter {
		f.until = now.Add(lastFor)
	}
}

// trying notes that the base is being asked: if it has failed before, the others
// wait for what comes of it.
func (b *bases) trying(base string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.all[base]; f != nil && f.inARow >= lastAfter {
		f.until = now.Add(lastFor)
	}
}

// isLast reports whether the base is to be tried after others.
func (b *bases) isLast(base string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.all[base]
	return f != nil && now.Before(f.until)
}
