package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// Validators tell one state of a resource from another (RFC 9110 section 8.8).
type Validators struct {
	ETag, LastModified string // the header fields as the server wrote them
}

func validatorsOf(h http.Header) Validators {
	return Validators{ETag: h.Get("Etag"), LastModified: h.Get("Last-Modified")}
}

// condition makes a request ask for the resource only where it is another one.
func (v Validators) condition(req *http.Request) {
	if v.ETag != "" {
		req.Header.Set("If-None-Match", v.ETag)
	}
	if v.LastModified != "" {
		req.Header.Set("If-Modified-Since", v.LastModified)
	}
}

// Response is an answer to [Fetcher.Get].
type Response struct {
	Body []byte
	// NotModified says that the resource still is what the held validators stood
	// for; Body is empty then.
	NotModified bool
	Validators
	// URL is where the answer came from, without credentials.
	URL string
}

// Get reads a small file whole, whatever its digest: a root, a signature, a list.
// The bases are tried in order until one has it. With validators held from an
// earlier answer, the request is conditional. A body of more than limit bytes is
// an error; so is a file that no base has, and [ErrNotFound] then.
func (f *Fetcher) Get(ctx context.Context, bases []string, path string, held Validators, limit int64) (*Response, error) {
	r := &route{bases: bases, paths: []string{path}}
	q := &Request{File: repo.File{Path: path}, Optional: true}
	for {
		now := time.Now()
		i, ok := r.next(f.isLast(now))
		if !ok {
			if !r.again(f.options.Retries) {
				return nil, r.err(path)
			}
			if err := sleep(ctx, f.options.Backoff.delay(r.rounds)); err != nil {
				return nil, err
			}
			continue
		}
		ticket, err := f.hosts.wait(ctx, hostOf(r.base(i)))
		if err != nil {
			return nil, err
		}
		f.bases.trying(r.base(i), now)
		resp, err := f.get(ctx, r.url(i), held, limit)
		o := judge(err)
		f.hosts.leave(ticket, o.load(), retryAfter(err), time.Now())
		if o == succeeded {
			f.bases.succeeded(r.base(i))
			return resp, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f.failed(ctx, r, i, o, err, q)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get asks one URL.
func (f *Fetcher) get(ctx context.Context, url string, held Validators, limit int64) (*Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, errNoURL
	}
	held.condition(req)
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, plain(err)
	}
	defer resp.Body.Close()
	answer := &Response{
		URL:        transport.Redacted(url),
		Validators: validatorsOf(resp.Header),
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && held != Validators{}:
		answer.NotModified, answer.Validators = true, held
		return answer, nil
	case resp.StatusCode != http.StatusOK:
		discard(resp)
		return nil, statusError(resp, f.options.Backoff)
	case resp.ContentLength > limit:
		return nil, fmt.Errorf("%w: the server offers %d bytes, at most %d are expected", errTooLong, resp.ContentLength, limit)
	}
	answer.Body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, &cutError{int64(len(answer.Body)), plain(err)}
	}
	if int64(len(answer.Body)) > limit {
		return nil, fmt.Errorf("%w: the server sends more than the %d bytes that are expected at most", errTooLong, limit)
	}
	return answer, nil
}
