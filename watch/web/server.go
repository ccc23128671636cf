// Package web answers what a watcher knows: the API, lists of mirrors, metrics, and what
// mirrorchecker served. It answers from the latest [watch.Snapshot] and the history, and
// changes nothing unless it is given tokens for that.
package web

import (
	"context"
	_ "embed"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// Options are what a server answers from.
type Options struct {
	// Snapshot gives the latest one.
	Snapshot func() *watch.Snapshot
	Lists    Lists
	// History answers for the past; nil for none.
	History *history.Store
	// Ledgers have the manifests of generations, by the name of the root.
	Ledgers map[string]Ledgers
	// Edit changes the list of sites, for those who have one of the Tokens.
	Edit   func(context.Context, history.Edit) error
	Tokens []string
	// Version is the program's.
	Version string
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

	next atomic.Pointer[Server] // takes the place of this one

	advertised *advertised
}

// advertised is what lists told of last, by the name of a root.
type advertised struct {
	sync.Mutex
	roots map[string]repo.Digest
}

// New returns a server.
func New(o Options) (*Server, error) {
	s := &Server{Options: o, advertised: &advertised{roots: map[string]repo.Digest{}}}
	s.metrics = s.newMetrics()
	return s, s.route()
}

// Prepare makes what has the server answer by other options: where lists and tokens come
// from, and the old backends. What it counted stays. Nothing changes until it is called.
func (s *Server) Prepare(o Options) (replace func(), err error) {
	next := &Server{Options: o, advertised: s.advertised, metrics: s.metrics}
	if err := next.route(); err != nil {
		return nil, err
	}
	return func() { s.next.Store(next) }, nil
}

// latest is the server that answers.
func (s *Server) latest() *Server {
	if next := s.next.Load(); next != nil {
		return next
	}
	return s
}

// route makes the server answer its paths.
func (s *Server) route() (err error) {
	s.mux = http.NewServeMux()
	if s.old, err = newOldServer(s, s.Old); err != nil {
		return err
	}
	s.routeLists()
	s.routeAPI()
	s.routeExports()
	s.routeEdits()
	if s.History != nil {
		s.routePast()
		s.mux.HandleFunc("GET /api/v1/who-has", s.whoHas)
	}
	s.mux.HandleFunc("GET /api/v1/openapi.yaml", openAPI)
	s.mux.Handle("GET /metrics", s.metrics.handler)
	return nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s = s.latest()
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

//go:embed openapi.yaml
var openAPIText []byte

// openAPI answers with the description of the API.
func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	_, _ = w.Write(openAPIText) // who asked is gone
}
