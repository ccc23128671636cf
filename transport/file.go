package transport

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// files answers requests for file:// URLs as a web server would, with conditions
// and ranges. Only regular files are served.
type files struct{}

func (files) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req.Body.Close()
	}
	if h := req.URL.Hostname(); h != "" && h != "localhost" {
		return nil, fmt.Errorf("file on host %q: only files of this machine can be read", h)
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return answer(req, http.StatusMethodNotAllowed), nil
	}
	f, info, err := openRegular(filepath.FromSlash(req.URL.Path))
	switch {
	case errors.Is(err, fs.ErrPermission):
		return answer(req, http.StatusForbidden), nil
	case err != nil:
		return answer(req, http.StatusNotFound), nil
	}
	resp := serve(req, f, info)
	if resp.Body == http.NoBody {
		f.Close()
	}
	return resp, nil
}

// openRegular opens a file unless it is a directory, a device or a pipe.
func openRegular(name string) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(name) // opening a pipe would wait for its other end
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fs.ErrNotExist
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// serve answers from an open file (RFC 9110 sections 13 and 14). The answer's body
// is the file, or http.NoBody.
func serve(req *http.Request, f *os.File, info fs.FileInfo) *http.Response {
	etag := fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size())
	modified := info.ModTime().UTC().Format(http.TimeFormat)
	ok := func(status int) *http.Response {
		resp := answer(req, status)
		resp.Header.Set("Etag", etag)
		resp.Header.Set("Last-Modified", modified)
		resp.Header.Set("Accept-Ranges", "bytes")
		return resp
	}
	if notModified(req.Header, etag, info.ModTime()) {
		return ok(http.StatusNotModified)
	}
	first, last := int64(0), info.Size()-1
	status := http.StatusOK
	if r := req.Header.Get("Range"); r != "" {
		if c := req.Header.Get("If-Range"); c == "" || c == etag || c == modified {
			var understood bool
			if first, last, understood = byteRange(r, info.Size()); understood {
				status = http.StatusPartialContent
			}
		}
	}
	if status == http.StatusPartialContent && first > last {
		resp := ok(http.StatusRequestedRangeNotSatisfiable)
		resp.Header.Set("Content-Range", fmt.Sprintf("bytes */%d", info.Size()))
		return resp
	}
	resp := ok(status)
	resp.ContentLength = last - first + 1
	resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	if status == http.StatusPartialContent {
		resp.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, info.Size()))
	}
	if req.Method != http.MethodHead && resp.ContentLength > 0 {
		resp.Body = &section{io.NewSectionReader(f, first, resp.ContentLength), f}
	}
	return resp
}

// section is a part of a file that closes it.
type section struct {
	io.Reader
	io.Closer
}

// answer is an empty answer.
func answer(req *http.Request, status int) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: make(http.Header), Body: http.NoBody, Request: req,
	}
}

// notModified reports whether the request's conditions say that the asker has the
// file; If-None-Match goes before If-Modified-Since.
func notModified(h http.Header, etag string, modified time.Time) bool {
	if tags := h.Get("If-None-Match"); tags != "" {
		for tag := range strings.SplitSeq(tags, ",") {
			if tag = strings.TrimSpace(tag); tag == etag || tag == "*" {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !modified.Truncate(time.Second).After(since)
}

// byteRange reads "bytes=first-last" or "bytes=first-". Other ranges are not
// understood, which a server may answer with the whole file. A range beyond the
// size comes back with first > last.
func byteRange(text string, size int64) (first, last int64, understood bool) {
	whole := size - 1
	spec, ok := strings.CutPrefix(text, "bytes=")
	if !ok {
		return 0, whole, false
	}
	from, to, ok := strings.Cut(spec, "-")
	first, err := strconv.ParseInt(from, 10, 64)
	if !ok || err != nil || first < 0 {
		return 0, whole, false
	}
	if to == "" {
		return first, whole, true
	}
	last, err = strconv.ParseInt(to, 10, 64)
	if err != nil || last < first {
		return 0, whole, false
	}
	return first, min(last, whole), true
}
