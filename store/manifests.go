package store

import (
	"container/list"
	"sync"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// maxHeldFiles is how many files the manifests in memory have together, about 150 bytes
// each.
const maxHeldFiles = 400_000

// manifests are those that were read last: many looks ask for the same ones. It is safe
// for concurrent use; nil holds nothing.
type manifests struct {
	mu    sync.Mutex
	files int
	order list.List // of *heldManifest, that used last in front
	held  map[string]*list.Element
}

// heldManifest is read once, by whoever asks first.
type heldManifest struct {
	key  string
	read sync.Once
	m    *repo.Manifest
	err  error
	// files is how many it has, 0 as long as it is being read.
	files int
}

// get is the manifest of this name, which is read where it is not held.
func (c *manifests) get(key string, read func() (*repo.Manifest, error)) (*repo.Manifest, error) {
	if c == nil {
		return read()
	}
	h := c.entry(key)
	h.read.Do(func() {
		h.m, h.err = read()
		c.account(h)
	})
	return h.m, h.err
}

func (c *manifests) entry(key string) *heldManifest {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.held[key]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*heldManifest)
	}
	if c.held == nil {
		c.held = map[string]*list.Element{}
	}
	h := &heldManifest{key: key}
	c.held[key] = c.order.PushFront(h)
	return h
}

// account counts what was read, and lets go of what was not used for longest. An error is
// not kept.
func (c *manifests) account(h *heldManifest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.err != nil {
		c.drop(c.held[h.key])
		return
	}
	h.files = max(1, len(h.m.Root)+len(h.m.Indexes)+len(h.m.Packages))
	c.files += h.files
	for e := c.order.Back(); e != nil && c.files > maxHeldFiles; {
		last := e
		e = e.Prev()
		if n := last.Value.(*heldManifest).files; n > 0 {
			c.files -= n
			c.drop(last)
		}
	}
}

func (c *manifests) drop(e *list.Element) {
	c.order.Remove(e)
	delete(c.held, e.Value.(*heldManifest).key)
}
