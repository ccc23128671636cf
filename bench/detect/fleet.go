package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// fleet is a source and the sites that copy it, served below paths of their own: mirmon
// wants a host that has a name.
type fleet struct {
	clock  *clock
	random *rand.Rand
	repository
	mu       sync.Mutex // guards what is served
	source   *site
	sites    []*site
	byName   map[string]*site
	port     int
	server   *http.Server
	released int // generations
}

// site is a server with a tree and a timestamp.
type site struct {
	fault    string
	harmless bool          // its content is right
	is       []watch.State // what the watcher may call it
	url      string

	tree     map[string][]byte
	previous map[string][]byte // the tree of the generation before, where that is served
	stamp    time.Time
	copies   time.Duration // when it copies, after the full hour
	copy     func(f *fleet, s *site)
	answer   func(w http.ResponseWriter, r *http.Request, serve http.HandlerFunc) // nil for serve
	since    time.Time                                                            // when it became bad, zero before
	waits    bool                                                                 // it becomes bad with the next publication

	noticed map[string]time.Time
}

const (
	root      = "dists/s/InRelease"
	stampFile = "TIME.txt"
)

func newFleet(c *clock, random *rand.Rand, packages, generations int) (*fleet, error) {
	f := &fleet{clock: c, random: random, byName: map[string]*site{}}
	var err error
	if f.repository, err = newRepository(c.now(), packages, generations); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.port = l.Addr().(*net.TCPAddr).Port
	f.source = f.add(&site{tree: f.trees[0], stamp: c.now()}, "source")
	f.released = 1
	for i, s := range faults() {
		s.copies = time.Duration(random.Int64N(int64(copies))).Truncate(step)
		if s.copy == nil {
			s.copy = copyAll
		}
		s.tree, s.stamp = f.source.tree, f.source.stamp
		f.sites = append(f.sites, f.add(s, fmt.Sprintf("site%d", i+1)))
	}
	f.server = &http.Server{Handler: f}
	go func() { _ = f.server.Serve(l) }()
	return f, nil
}

func (f *fleet) close() { f.server.Close() }

func (f *fleet) add(s *site, name string) *site {
	s.url, s.noticed = fmt.Sprintf("http://127.0.0.1:%d/%s", f.port, name), map[string]time.Time{}
	f.byName[name] = s
	return s
}

// happen has happen what is due when so much time has passed.
func (f *fleet) happen(passed time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if passed%plants == 0 {
		f.source.stamp = f.clock.now()
	}
	if passed > 0 && passed%publishes == 0 && f.released < len(f.trees) {
		f.source.tree = f.trees[f.released]
		f.released++
		for _, s := range f.sites {
			if s.waits {
				s.bad(f)
			}
		}
	}
	if passed == settles {
		for _, s := range f.sites {
			if begin := faultOf(s); begin != nil {
				begin(f)
			}
			if s.harmless {
				s.bad(f)
			}
		}
	}
	for _, s := range f.sites {
		if passed%copies == s.copies {
			s.copy(f, s)
		}
	}
}

// bad notes that the site is so from now on.
func (s *site) bad(f *fleet) {
	if s.since.IsZero() {
		s.since = f.clock.now()
	}
}

// ServeHTTP serves what a site has.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	site, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	f.mu.Lock()
	s := f.byName[site]
	if s == nil {
		f.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	tree, stamp, answer := s.tree, s.stamp, s.answer
	if s.previous != nil && backend(r) {
		tree = s.previous
	}
	f.mu.Unlock()
	serve := func(w http.ResponseWriter, r *http.Request) {
		content, there := tree[name]
		if name == stampFile {
			content, there = fmt.Appendf(nil, "%d\n", stamp.Unix()), true
		}
		if !there {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, len(content), crc32.ChecksumIEEE(content)))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
	if answer != nil {
		answer(w, r, serve)
		return
	}
	serve(w, r)
}

// backend picks one of two servers by the client's connection.
func backend(r *http.Request) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(r.RemoteAddr))
	return h.Sum32()%2 == 1
}

// copyAll copies the source as rsync does.
func copyAll(f *fleet, s *site) { s.tree, s.stamp = f.source.tree, f.source.stamp }

// news are the packages that the source has and the site has not.
func news(f *fleet, s *site) (paths []string) {
	for name := range f.source.tree {
		if _, there := s.tree[name]; !there && strings.HasPrefix(name, "pool/") {
			paths = append(paths, name)
		}
	}
	return paths
}

// copyWith copies the source and does something to the copy when there is something new.
func copyWith(change func(s *site, tree map[string][]byte, added []string)) func(f *fleet, s *site) {
	return func(f *fleet, s *site) {
		added := news(f, s)
		if bytes.Equal(s.tree[root], f.source.tree[root]) {
			s.stamp = f.source.stamp
			return
		}
		tree := maps.Clone(f.source.tree)
		change(s, tree, added)
		s.tree, s.stamp = tree, f.source.stamp
		s.bad(f)
	}
}
