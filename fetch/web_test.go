package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// web is a network of servers inside the test. Its connections are pipes, so that
// a test can run in a bubble of package synctest, by its fake clock. A host that
// nobody serves refuses connections.
type web struct {
	t     *testing.T
	mu    sync.Mutex
	hosts map[string]*pipes
	conns map[string]int // opened, by host
}

func newWeb(t *testing.T) *web {
	return &web{t: t, hosts: map[string]*pipes{}, conns: map[string]int{}}
}

// serve serves a host and returns its URL.
func (w *web) serve(host string, h http.HandlerFunc) string {
	l := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l)
	}()
	w.mu.Lock()
	w.hosts[host+":80"] = l
	w.mu.Unlock()
	w.t.Cleanup(func() { server.Close(); <-done })
	return "http://" + host
}

func (w *web) dial(ctx context.Context, _, address string) (net.Conn, error) {
	w.mu.Lock()
	l := w.hosts[address]
	w.conns[strings.TrimSuffix(address, ":80")]++
	w.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	near, far := net.Pipe()
	select {
	case l.accept <- far:
		return near, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	near.Close()
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

func (w *web) client() *http.Client {
	tr := &http.Transport{DialContext: w.dial, MaxIdleConnsPerHost: 64, DisableCompression: true}
	w.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// pipes is a net.Listener.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

// tree serves files by path, as web servers do, and notes what it is asked.
type tree struct {
	files map[string][]byte
	etags map[string]string // by path
	// fault may answer in place of the tree; n counts the requests of the path from 1.
	fault func(w http.ResponseWriter, r *http.Request, n int) bool

	mu     sync.Mutex
	asked  []string // "path" or "path range"
	counts map[string]int
	active int
	most   int // at once
}

func newTree(files map[string][]byte) *tree {
	return &tree{files: files, counts: map[string]int{}}
}

func (tr *tree) serve(w http.ResponseWriter, r *http.Request) {
	tr.mu.Lock()
	path := strings.TrimPrefix(r.URL.Path, "/")
	tr.asked = append(tr.asked, strings.TrimSpace(path+" "+r.Header.Get("Range")))
	tr.counts[path]++
	n := tr.counts[path]
	tr.active++
	tr.most = max(tr.most, tr.active)
	content, ok := tr.files[path]
	etag := tr.etags[path]
	tr.mu.Unlock()
	defer func() {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.active--
	}()
	if tr.fault != nil && tr.fault(w, r, n) {
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	if etag == "" {
		etag = fmt.Sprintf(`"%x"`, len(content))
	}
	w.Header().Set("Etag", etag)
	http.ServeContent(w, r, "x.deb", time.Time{}, bytes.NewReader(content))
}

// cutAfter answers as the tree does and closes the connection after n bytes.
func (tr *tree) cutAfter(w http.ResponseWriter, r *http.Request, n int) {
	tr.mu.Lock()
	content := tr.files[strings.TrimPrefix(r.URL.Path, "/")]
	tr.mu.Unlock()
	http.ServeContent(&cutter{ResponseWriter: w, left: n}, r, "x.deb", time.Time{}, bytes.NewReader(content))
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if len(p) < c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// memory is a Sink.
type memory struct {
	mu        sync.Mutex
	files     map[string][]byte
	kept      map[string]*kept
	open      int
	digests   map[repo.Digest]int // open
	clashes   int                 // files of one digest open at once
	createErr error
	writeErr  error
	commitErr error
	onWrite   func()
}

type kept struct {
	content   []byte
	validator string
}

func newMemory() *memory {
	return &memory{files: map[string][]byte{}, kept: map[string]*kept{}, digests: map[repo.Digest]int{}}
}

func (m *memory) Create(f repo.File) (Partial, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.createErr != nil {
		return nil, m.createErr
	}
	if m.kept[f.Path] == nil {
		m.kept[f.Path] = &kept{}
	}
	m.open++
	if m.digests[f.Digest]++; m.digests[f.Digest] > 1 {
		m.clashes++
	}
	return &memoryFile{m: m, path: f.Path, digest: f.Digest, kept: m.kept[f.Path]}, nil
}

type memoryFile struct {
	*kept
	m      *memory
	path   string
	digest repo.Digest
	closed bool
}

func (f *memoryFile) Size() int64 { return int64(len(f.content)) }
func (f *memoryFile) Reader() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f.content)), nil
}

func (f *memoryFile) Write(p []byte) (int, error) {
	if f.m.writeErr != nil {
		return 0, f.m.writeErr
	}
	f.content = append(f.content, p...)
	if f.m.onWrite != nil {
		f.m.onWrite()
	}
	return len(p), nil
}
func (f *memoryFile) Reset() error                { *f.kept = kept{}; return nil }
func (f *memoryFile) Validator() string           { return f.validator }
func (f *memoryFile) SetValidator(v string) error { f.validator = v; return nil }

func (f *memoryFile) Commit() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.m.commitErr != nil {
		return f.m.commitErr
	}
	f.m.files[f.path] = f.content
	delete(f.m.kept, f.path)
	return nil
}

func (f *memoryFile) Close() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.closed {
		panic("closed twice")
	}
	f.closed = true
	f.m.open--
	f.m.digests[f.digest]--
	if k := f.m.kept[f.path]; k != nil && len(k.content) == 0 {
		delete(f.m.kept, f.path)
	}
	return nil
}

// fileOf describes content as metadata would.
func fileOf(path string, content []byte) repo.File {
	h := repo.SHA256.New()
	h.Write(content)
	return repo.File{Path: path, Size: int64(len(content)), Digest: repo.NewDigest(repo.SHA256, h.Sum(nil))}
}

// different names the files that are not as expected.
func different(want, got map[string][]byte) (paths []string) {
	for path, w := range want {
		if g, ok := got[path]; !ok || !bytes.Equal(w, g) {
			paths = append(paths, fmt.Sprintf("%s: %d bytes, expected %d", path, len(g), len(w)))
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			paths = append(paths, path+" is not expected")
		}
	}
	slices.Sort(paths)
	return paths
}

// requestsFor asks for files of a tree, in the order of their names.
func requestsFor(files map[string][]byte, bases ...string) (all []Request) {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		all = append(all, Request{File: fileOf(path, files[path]), Bases: bases})
	}
	return all
}

// someFiles makes n files of different sizes.
func someFiles(n, size int) map[string][]byte {
	files := map[string][]byte{}
	for i := range n {
		files[fmt.Sprintf("pool/%04d.deb", i)] = content(size+i, byte(i))
	}
	return files
}

// content makes bytes that are nowhere the same.
func content(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint32(seed)*2654435761 + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}
