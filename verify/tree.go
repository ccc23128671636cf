package verify

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// Dir is a tree in a directory of this machine. Links that leave it are not
// followed.
type Dir struct{ root *os.Root }

// OpenDir opens the directory.
func OpenDir(dir string) (*Dir, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Dir{root}, nil
}

// Close closes the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Size implements [Tree].
func (d *Dir) Size(_ context.Context, name string) (int64, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is no file", name)
	}
	return info.Size(), nil
}

// Open implements [Tree].
func (d *Dir) Open(_ context.Context, name string) (io.ReadCloser, error) { return d.root.Open(name) }

// Site is a tree behind a URL.
type Site struct {
	Client *http.Client
	URL    string
}

// Size implements [Tree] with a HEAD request.
func (s *Site) Size(ctx context.Context, name string) (int64, error) {
	r, err := s.do(ctx, http.MethodHead, name)
	if err != nil {
		return 0, err
	}
	r.Body.Close()
	return r.ContentLength, nil
}

// Open implements [Tree].
func (s *Site) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	r, err := s.do(ctx, http.MethodGet, name)
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

func (s *Site) do(ctx context.Context, method, name string) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, method, transport.URL(s.URL, name), nil)
	if err != nil {
		return nil, err
	}
	r, err := s.Client.Do(q)
	if err != nil {
		return nil, err
	}
	switch r.StatusCode {
	case http.StatusOK:
		return r, nil
	case http.StatusNotFound, http.StatusGone:
		r.Body.Close()
		return nil, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	r.Body.Close()
	return nil, fmt.Errorf("%s: the server answers %s", name, r.Status)
}
