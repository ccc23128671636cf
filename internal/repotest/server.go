package repotest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
)

// Request is one request that a server answered, or broke off.
type Request struct {
	Method string
	// Path is decoded; a proxy has the whole URL here.
	Path   string
	Header http.Header
	Status int
	Bytes  int64 // of the body, as far as they were sent
}

// Conditional reports whether the request asked for changes only.
func (r Request) Conditional() bool {
	return r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != ""
}

func (r Request) String() string {
	s := fmt.Sprintf("%s %s %d (%d bytes)", r.Method, r.Path, r.Status, r.Bytes)
	if r.Header.Get("Range") != "" {
		s += " range"
	}
	if r.Conditional() {
		s += " conditional"
	}
	return s
}

// Log is the requests of a server, in the order in which they came.
type Log struct {
	mu       sync.Mutex
	idle     *sync.Cond // signalled when running is 0
	running  int
	requests []*Request
}

func newLog() *Log {
	l := &Log{}
	l.idle = sync.NewCond(&l.mu)
	return l
}

// begin notes a request; end completes it when it was answered, or broken off.
func (l *Log) begin(method, path string, header http.Header) (end func(status int, bytes int64)) {
	r := &Request{Method: method, Path: path, Header: header.Clone()}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running++
	l.requests = append(l.requests, r)
	return func(status int, bytes int64) {
		l.mu.Lock()
		defer l.mu.Unlock()
		r.Status, r.Bytes = status, bytes
		if l.running--; l.running == 0 {
			l.idle.Broadcast()
		}
	}
}

// Requests are those whose path matches the regular expression. It waits for the
// requests that are being answered, so that all of a client that is gone are
// there; a [Fault] must not call it.
func (l *Log) Requests(pattern string) (matching []Request) {
	re := regexp.MustCompile(pattern)
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.running > 0 {
		l.idle.Wait()
	}
	for _, r := range l.requests {
		if re.MatchString(r.Path) {
			matching = append(matching, *r)
		}
	}
	return matching
}

// Reset forgets all requests.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.running > 0 {
		l.idle.Wait()
	}
	l.requests = nil
}

// Server serves a directory on 127.0.0.1, with faults.
type Server struct {
	URL string
	*Log

	mu     sync.Mutex
	faults []strike
	files  http.Handler
}

type strike struct {
	paths *regexp.Regexp
	fault Fault
}

// Serve serves the directory until the test ends: with ETag, Last-Modified and
// ranges as common servers do it.
func Serve(t testing.TB, dir string) *Server {
	t.Helper()
	s := &Server{Log: newLog(), files: files(dir)}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	s.URL = server.URL
	return s
}

// Strike makes the fault hit every path that matches the regular expression, from
// now on. Several may hit one request; the first is the outermost.
func (s *Server) Strike(paths string, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, strike{regexp.MustCompile(paths), fault})
}

// Heal takes all faults away.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// ServeHTTP answers a request and remembers it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	counted := &counter{ResponseWriter: w}
	end := s.begin(r.Method, r.URL.Path, r.Header)
	defer func() { end(counted.status, counted.bytes) }() // also when a fault breaks off
	s.handler(r.URL.Path).ServeHTTP(counted, r)
}

// handler is the files behind the faults that hit the path.
func (s *Server) handler(path string) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	handler := s.files
	for i := len(s.faults) - 1; i >= 0; i-- {
		if s.faults[i].paths.MatchString(path) {
			handler = s.faults[i].fault(handler)
		}
	}
	return handler
}

// files serves the regular files of a directory.
func files(dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(r.URL.Path)))
		if err != nil {
			http.Error(w, "404 not found", http.StatusNotFound)
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			http.Error(w, "404 not found", http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", info.ModTime(), f)
	})
}

// counter remembers what was answered.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *counter) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *counter) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
