package serve

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say what is served.
type Options struct {
	// Root is the directory.
	Root *os.Root
	// Hidden are paths below it that are not served, beside state directories.
	Hidden []string
	// Log gets a line for each request, in the combined format of web servers; nil for none.
	Log io.Writer
}

// Handler serves the directory.
func Handler(o Options) http.Handler {
	t := &tree{root: o.Root, hidden: o.Hidden}
	return &handler{tree: t, files: http.FileServer(t), log: o.Log}
}

type handler struct {
	tree  *tree
	files http.Handler

	mu  sync.Mutex
	log io.Writer
}

// types are the media types of what repositories consist of, by suffix or name.
var types = map[string]string{
	".deb": "application/vnd.debian.binary-package", ".udeb": "application/vnd.debian.binary-package", ".ddeb": "application/vnd.debian.binary-package",
	".rpm": "application/x-rpm", ".drpm": "application/x-rpm",
	".gz": "application/gzip", ".xz": "application/x-xz", ".bz2": "application/x-bzip2", ".zst": "application/zstd", ".lz4": "application/x-lz4",
	".tar": "application/x-tar", ".iso": "application/octet-stream", ".zck": "application/octet-stream",
	".xml": "application/xml", ".yaml": "application/yaml", ".yml": "application/yaml",
	".asc": "application/pgp-keys", ".gpg": "application/octet-stream",
	".dsc": "text/plain; charset=utf-8", ".changes": "text/plain; charset=utf-8", ".buildinfo": "text/plain; charset=utf-8",
	"InRelease": "text/plain; charset=utf-8", "Release": "text/plain; charset=utf-8", "Packages": "text/plain; charset=utf-8", "Sources": "text/plain; charset=utf-8",
	"repomd.xml.asc": "application/pgp-signature", "Release.gpg": "application/pgp-signature",
}

// typeOf is the media type of a file of that name.
func typeOf(name string) string {
	base := path.Base(name)
	if t, ok := types[base]; ok {
		return t
	}
	if t, ok := types[path.Ext(base)]; ok {
		return t
	}
	return "application/octet-stream"
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &counter{ResponseWriter: w, status: http.StatusOK}
	h.answer(c, r)
	h.line(c, r)
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD are answered", http.StatusMethodNotAllowed)
		return
	}
	// What is no file or directory is told by the file server.
	if _, info, err := h.tree.stat(r.URL.Path); err == nil && !info.IsDir() {
		if strings.HasSuffix(r.URL.Path, "/") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", typeOf(r.URL.Path))
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
		if path.Base(r.URL.Path) == "index.html" { // the file server would lead to its directory
			f, err := h.tree.Open(r.URL.Path)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			defer f.Close()
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			http.ServeContent(w, r, "", info.ModTime(), f)
			return
		}
	}
	h.files.ServeHTTP(w, r)
}

// line writes what web servers call the combined log format.
func (h *handler) line(c *counter, r *http.Request) {
	if h.log == nil {
		return
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	fmt.Fprintf(h.log, "%s - - [%s] %s %d %d %s %s\n", host, time.Now().Format("02/Jan/2006:15:04:05 -0700"),
		strconv.QuoteToASCII(r.Method+" "+r.RequestURI+" "+r.Proto), c.status, c.bytes, quoted(r.Referer()), quoted(r.UserAgent()))
}

func quoted(text string) string {
	if text == "" {
		return `"-"`
	}
	return strconv.QuoteToASCII(text)
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

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// ReadFrom hands files on to the connection, which the kernel copies then.
func (c *counter) ReadFrom(from io.Reader) (int64, error) {
	n, err := io.Copy(c.ResponseWriter, from)
	c.bytes += n
	return n, err
}

// Unwrap is for [http.ResponseController].
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
