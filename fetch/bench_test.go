package fetch

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

func BenchmarkFetchSmall(b *testing.B) { benchmarkFetch(b, 1000, 50_000) }
func BenchmarkFetchLarge(b *testing.B) { benchmarkFetch(b, 4, 64_000_000) }

// benchmarkFetch fetches n files from a server of this process into a directory.
func benchmarkFetch(b *testing.B, n, size int) {
	body := content(size, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(size))
		w.Write(body)
	}))
	defer server.Close()
	client, err := transport.New(transport.Options{Proxy: "none", MaxConnsPerHost: 8})
	if err != nil {
		b.Fatal(err)
	}
	defer client.CloseIdleConnections()
	f := New(Options{Client: client, PerHost: 8})
	sink := directory(b.TempDir())
	requests := make([]Request, n)
	for i := range requests {
		requests[i] = Request{File: fileOf(fmt.Sprintf("%d.deb", i), body), Bases: []string{server.URL}}
	}
	b.SetBytes(int64(n) * int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Fetch(b.Context(), requests, sink); err != nil {
			b.Fatal(err)
		}
	}
}

// directory is a Sink that keeps nothing between runs.
type directory string

func (d directory) Create(f repo.File) (Partial, error) {
	name := filepath.Join(string(d), strings.ReplaceAll(f.Path, "/", "_"))
	file, err := os.Create(name + ".part")
	if err != nil {
		return nil, err
	}
	return &directoryFile{File: file, name: name}, nil
}

type directoryFile struct {
	*os.File
	name string
	size int64
}

func (f *directoryFile) Size() int64                    { return f.size }
func (f *directoryFile) Reader() (io.ReadCloser, error) { return os.Open(f.name + ".part") }
func (f *directoryFile) Validator() string              { return "" }
func (f *directoryFile) SetValidator(string) error      { return nil }
func (f *directoryFile) Commit() error                  { return os.Rename(f.name+".part", f.name) }

func (f *directoryFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.size += int64(n)
	return n, err
}

func (f *directoryFile) Reset() error {
	f.size = 0
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}
