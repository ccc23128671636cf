// Package web answers what a watcher knows: the API, lists of mirrors, metrics, and what
// mirrorchecker served. It answers from the latest [watch.Snapshot] and the history, and
// changes nothing unless it is given tokens for that.
package web

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Options are what a server answers from.
type Options struct {
	// Snapshot gives the latest one.
	Snapshot func() *watch.Snapshot
	Lists    Lists
	// Old are the backends of a configuration of mirrorchecker.
	Old []Old
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Server answers. It is safe for concurrent use.
type Server struct {
	Options
	mux     *http.ServeMux
	old     *oldServer
	metrics *metrics
	made    atomic.Pointer[lists]

	mu         sync.Mutex
	advertised map[string]repo.Digest // by the name of a root
}

// New returns a server.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, mux: http.NewServeMux(), advertised: map[string]repo.Digest{}}
	var err error
	if s.old, err = newOldServer(s, o.Old); err != nil {
		return nil, err
	}
	s.metrics = s.newMetrics()
	s.routeLists()
	s.routeAPI()
	s.mux.Handle("GET /metrics", s.metrics.handler)
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if len(s.Old) > 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) && s.old.serve(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
