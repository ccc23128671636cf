package fetch

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

const (
	// bufferSize is what is read and written at once; below it large files cost up to
	// half as much CPU time again, above it nothing is gained.
	bufferSize = 256 << 10
	// worthValidator is the length from which on a validator is kept with the bytes.
	// Shorter transfers are resumed without, in a later run; the digest guards them.
	worthValidator = 256 << 10
	// worthReading is how much of an unwanted body is read, so that the connection
	// can serve the next request.
	worthReading = 64 << 10
)

var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// storeError is an error of the sink: the fault of this machine, not of a server.
type storeError struct {
	path string
	err  error
}

func (e *storeError) Error() string { return "cannot store " + e.path + ": " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// cutError is the end of a body before its time.
type cutError struct {
	after int64 // bytes held
	err   error
}

func (e *cutError) Error() string { return fmt.Sprintf("cut after %d bytes: %v", e.after, e.err) }
func (e *cutError) Unwrap() error { return e.err }

// errOtherPart is an answer that does not continue the bytes held.
var errOtherPart = errors.New("the server sent another part of the file than the one asked for")

// errTooLong is a body longer than anything that is expected.
var errTooLong = errors.New("too long")

// errNoURL stands for the error of net/url, which shows the URL with its credentials.
var errNoURL = errors.New("not a URL")

// maxUnknown is the most that is taken of a file whose size the metadata omits.
const maxUnknown = 8 << 30

// transfer is the try to get one file from one URL.
type transfer struct {
	client  *http.Client
	backoff Backoff
	file    repo.File
	unknown bool       // see Request
	held    Validators // see Request
	url     string
	// uncached asks caches on the way for a fresh copy.
	uncached bool
	count    func(int64) // told of every byte that is held, and of those thrown away

	partial  Partial
	hash     hash.Hash
	size     int64  // of the bytes held, which hash has seen
	whole    int64  // of the file, as the metadata has it, or else the server; -1 unknown
	pieced   bool   // the bytes held come from several answers
	tag      string // validator for If-Range, "" for none
	received int64  // bytes of bodies
	// validators of the file as the server tells them; notModified when they are held.
	validators  Validators
	notModified bool
	head        [512]byte // the first bytes of the file
}

// run brings the file into the sink. Where the bytes stop coming it goes on at
// once, as long as each request brings some; after an error the bytes are kept.
func (t *transfer) run(ctx context.Context, sink Sink) (err error) {
	t.partial, err = sink.Create(t.file)
	if err != nil {
		return t.stored(err)
	}
	defer func() {
		if e := t.partial.Close(); e != nil && err == nil {
			err = t.stored(e)
		}
	}()
	if err := t.takeUp(); err != nil {
		return err
	}
	if t.size > 0 && t.size == t.file.Size && !t.unknown {
		if err := t.finish(); judge(err) != wrong {
			return err
		}
	}
	for {
		before := t.size
		err := t.request(ctx)
		if t.notModified {
			return nil
		}
		if err == nil {
			pieced := t.pieced
			if err = t.finish(); !pieced || judge(err) != wrong {
				return err
			}
			continue // the pieces do not belong together: once more, in one piece
		}
		var cut *cutError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &cut) && t.size > before:
			// Some bytes came: on from there.
		case errors.Is(err, errOtherPart) && before > 0:
			if err := t.reset(); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

func (t *transfer) stored(err error) error {
	if err == nil {
		return nil
	}
	return &storeError{t.file.Path, err}
}

// takeUp hashes what an earlier try has kept.
func (t *transfer) takeUp() error {
	algorithm := t.file.Digest.Algorithm()
	if t.unknown {
		algorithm = repo.SHA256 // of no interest
	}
	t.hash, t.whole = algorithm.New(), t.file.Size
	kept := t.partial.Size()
	if kept == 0 {
		return nil
	}
	if t.file.Size >= 0 && kept > t.file.Size {
		return t.reset()
	}
	r, err := t.partial.Reader()
	if err != nil {
		return t.stored(err)
	}
	defer r.Close()
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	n, err := io.CopyBuffer(onlyWriter{t.hash}, r, *buffer)
	if err != nil {
		return t.stored(err)
	}
	if n != kept {
		return t.reset()
	}
	t.size = n
	t.count(n)
	if from, tag, _ := strings.Cut(t.partial.Validator(), " "); from == transport.Redacted(t.url) {
		t.tag = tag
	}
	if t.unknown && t.tag == "" {
		return t.reset()
	}
	return nil
}

// onlyWriter hides other methods, so that io.CopyBuffer uses its buffer.
type onlyWriter struct{ io.Writer }

// reset throws the bytes away.
func (t *transfer) reset() error {
	t.count(-t.size)
	t.size, t.whole, t.tag, t.pieced = 0, t.file.Size, "", false
	t.hash.Reset()
	return t.stored(t.partial.Reset())
}

// finish checks the digest: the file becomes visible, or its bytes go.
func (t *transfer) finish() error {
	if t.unknown {
		return t.stored(t.partial.Commit())
	}
	seen := repo.NewDigest(t.file.Digest.Algorithm(), t.hash.Sum(nil))
	if seen == t.file.Digest {
		return t.stored(t.partial.Commit())
	}
	err := &MismatchError{Expected: t.file, Size: t.size, Digest: seen, HTML: looksHTML(t.head[:min(t.size, int64(len(t.head)))])}
	if err := t.reset(); err != nil {
		return err
	}
	return err
}

func looksHTML(head []byte) bool {
	return strings.HasPrefix(http.DetectContentType(head), "text/html")
}

// request asks for what is missing and appends what comes.
func (t *transfer) request(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return errNoURL
	}
	if t.unknown && t.tag == "" && t.size > 0 {
		if err := t.reset(); err != nil {
			return err
		}
	}
	if t.size == 0 {
		t.held.condition(req)
	}
	if t.size > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(t.size, 10)+"-")
		if t.tag != "" {
			req.Header.Set("If-Range", t.tag)
		}
	}
	if t.uncached {
		req.Header.Set("Cache-Control", "no-cache")
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return plain(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && t.held != (Validators{}) {
		t.notModified, t.validators = true, t.held
		return nil
	}
	if t.complete(resp) {
		return nil
	}
	if err := t.accept(resp); err != nil {
		discard(resp)
		return err
	}
	return t.read(resp.Body)
}

// complete reports whether the answer says that nothing is missing, which is worth
// asking only where the size is unknown.
func (t *transfer) complete(resp *http.Response) bool {
	return resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && t.size > 0 && t.file.Size < 0 &&
		resp.Header.Get("Content-Range") == "bytes */"+strconv.FormatInt(t.size, 10)
}

// accept looks at the header of an answer: is it the file, or the rest of it?
func (t *transfer) accept(resp *http.Response) error {
	length, err := t.offered(resp)
	if err != nil {
		return err
	}
	if t.file.Size >= 0 && length >= 0 && length != t.file.Size {
		return &MismatchError{Expected: t.file, Size: length, HTML: strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")}
	}
	t.validators = validatorsOf(resp.Header)
	if resp.StatusCode == http.StatusPartialContent {
		t.pieced, t.whole = true, max(t.whole, length)
		return nil
	}
	if t.size > 0 {
		if err := t.reset(); err != nil {
			return err
		}
	}
	t.whole = max(t.whole, length)
	t.tag = validator(resp.Header)
	if t.tag != "" && (length < 0 || length >= worthValidator) {
		return t.stored(t.partial.SetValidator(transport.Redacted(t.url) + " " + t.tag))
	}
	return nil
}

// offered returns the length of the whole file of which the answer holds all, or
// what follows the bytes held; -1 when the server does not say.
func (t *transfer) offered(resp *http.Response) (length int64, err error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.ContentLength, nil
	case http.StatusPartialContent:
		first, whole, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || first != t.size {
			return 0, errOtherPart
		}
		return whole, nil
	case http.StatusRequestedRangeNotSatisfiable:
		return 0, errOtherPart
	}
	return 0, statusError(resp, t.backoff)
}

func statusError(resp *http.Response, b Backoff) *StatusError {
	return &StatusError{Code: resp.StatusCode, Status: resp.Status, RetryAfter: b.retryAfter(resp.Header, time.Now())}
}

// validator returns what may stand in If-Range: an ETag unless it is weak, else the
// date (RFC 9110 section 13.1.5).
func validator(h http.Header) string {
	if etag := h.Get("Etag"); strings.HasPrefix(etag, `"`) {
		return etag
	}
	return h.Get("Last-Modified")
}

// contentRange reads "bytes first-last/whole"; whole is -1 for "*".
func contentRange(text string) (first, whole int64, ok bool) {
	text, ok = strings.CutPrefix(text, "bytes ")
	if !ok {
		return 0, 0, false
	}
	span, total, ok := strings.Cut(text, "/")
	if !ok {
		return 0, 0, false
	}
	from, to, ok := strings.Cut(span, "-")
	if !ok {
		return 0, 0, false
	}
	first, err := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	whole = -1
	var err3 error
	if total != "*" {
		whole, err3 = strconv.ParseInt(total, 10, 64)
	}
	if errors.Join(err, err2, err3) != nil || first < 0 || last < first || total != "*" && last >= whole {
		return 0, 0, false
	}
	return first, whole, true
}

// read appends a body to the bytes held, hashing them on the way.
func (t *transfer) read(body io.Reader) error {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for {
		n, err := body.Read(*buffer)
		t.received += int64(n)
		if t.whole < 0 && t.size+int64(n) > maxUnknown {
			return fmt.Errorf("%w: the server sends more than %d bytes", errTooLong, int64(maxUnknown))
		}
		if t.whole >= 0 && t.size+int64(n) > t.whole {
			mismatch := &MismatchError{Expected: t.file, Size: -1, HTML: t.size == 0 && looksHTML((*buffer)[:min(n, len(t.head))])}
			if err := t.reset(); err != nil {
				return err
			}
			return mismatch
		}
		if n > 0 {
			if err := t.append((*buffer)[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF && t.size < t.whole:
			return &cutError{t.size, io.ErrUnexpectedEOF}
		case err == io.EOF, err != nil && t.size == t.whole:
			return nil
		case err != nil:
			return &cutError{t.size, plain(err)}
		}
	}
}

func (t *transfer) append(p []byte) error {
	if t.size < int64(len(t.head)) {
		copy(t.head[t.size:], p)
	}
	t.hash.Write(p)
	if _, err := t.partial.Write(p); err != nil {
		return t.stored(err)
	}
	t.size += int64(len(p))
	t.count(int64(len(p)))
	return nil
}

// plain takes the URL out of an error of net/http: it may hold credentials, and
// messages name it anyway. Clients behind clients each add it.
func plain(err error) error {
	for {
		var e *url.Error
		if !errors.As(err, &e) {
			return err
		}
		err = e.Err
	}
}

// discard reads what is left of an unwanted body if it is short.
func discard(resp *http.Response) {
	if resp.ContentLength <= worthReading {
		_, _ = io.CopyN(io.Discard, resp.Body, worthReading)
	}
}
