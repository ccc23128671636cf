package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// answer is what came of a request.
type answer struct {
	status string // "404 Not Found"
	code   int
	header http.Header
	// size is the length of the whole file, -1 where it was not told.
	size int64
	// read is how much of the body came, body its bytes where they were asked for.
	read      int64
	body      []byte
	sent      time.Time
	firstByte time.Duration
	// fault is what the answer means, detail says it in words; nowhere is set where no
	// server was reached, and stopped where none was asked.
	fault   watch.Fault
	detail  string
	nowhere bool
	stopped bool
}

// request is one question to a site.
type request struct {
	method string
	url    string
	header map[string]string
	// most is the longest body that is read, in bytes; what is longer is a fault, unless
	// cut is set. Time is given for what is expected.
	most, expected int64
	cut            bool
	// hash is fed with the body, which is not kept then.
	hash hash.Hash
}

// ask sends a request and classifies what comes of it.
func (c *client) ask(ctx context.Context, q request) (a answer) {
	a.size = -1
	var latency latency
	ctx = httptrace.WithClientTrace(context.WithValue(ctx, limitKey{}, c.limit(q)), latency.trace())
	req, err := http.NewRequestWithContext(ctx, q.method, q.url, nil)
	if err != nil {
		a.fault, a.detail = watch.FaultUnreachable, "not a URL"
		return a
	}
	req.Header.Set("User-Agent", c.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	for name, value := range q.header {
		req.Header.Set(name, value)
	}
	a.sent = c.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		c.failed(&a, err)
		return a
	}
	a.firstByte = latency.get()
	defer resp.Body.Close()
	a.status, a.code, a.header, a.size = resp.Status, resp.StatusCode, resp.Header, resp.ContentLength
	a.fault, a.detail = faultOf(resp)
	if a.code == http.StatusPartialContent || a.code == http.StatusRequestedRangeNotSatisfiable {
		a.size = wholeSize(resp.Header.Get("Content-Range"))
	}
	if q.method != http.MethodHead {
		c.read(&a, resp, q)
	}
	return a
}

// limitKey is the key of a request's time limit in its context. It begins when there is
// room for the request at its host, and anew with every redirect.
type limitKey struct{}

// limit is how long an answer may take.
func (c *client) limit(q request) time.Duration {
	return c.Timeout + time.Duration(float64(q.expected)/float64(c.Slowest)*float64(time.Second))
}

// latency is the time from a request to the first byte of its answer.
type latency struct {
	wrote, first atomic.Int64 // since the epoch, in nanoseconds
}

func (l *latency) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { l.wrote.Store(time.Now().UnixNano()) },
		GotFirstResponseByte: func() { l.first.Store(time.Now().UnixNano()) },
	}
}

func (l *latency) get() time.Duration { return max(0, time.Duration(l.first.Load()-l.wrote.Load())) }

// read reads the body of an answer.
func (c *client) read(a *answer, resp *http.Response, q request) {
	most := q.most
	if a.fault != watch.FaultNone {
		most = 4 << 10 // so that the connection can be used again
	}
	var to bytes.Buffer
	var sink io.Writer = &to
	if q.hash != nil && a.fault == watch.FaultNone {
		sink = q.hash
	}
	var err error
	a.read, err = io.Copy(sink, io.LimitReader(resp.Body, most+1))
	if a.fault != watch.FaultNone {
		return
	}
	a.body = to.Bytes()
	switch {
	case err != nil && errors.Is(err, context.DeadlineExceeded):
		a.fault, a.detail = watch.FaultEndless, fmt.Sprintf("%s, then only %d bytes within %s", a.status, a.read, c.limit(q).Round(time.Millisecond))
	case err != nil:
		a.fault, a.detail = watch.FaultUnreachable, fmt.Sprintf("%s, cut after %d bytes: %v", a.status, a.read, plain(err))
	case a.read > most && q.cut:
		a.body = a.body[:min(most, int64(len(a.body)))]
	case a.read > most:
		a.fault, a.detail = watch.FaultEndless, fmt.Sprintf("%s, with more than the %d bytes that there can be", a.status, most)
	}
}

// faultOf says what a status means.
func faultOf(resp *http.Response) (watch.Fault, string) {
	code := resp.StatusCode
	detail := resp.Status
	switch {
	case code == 200 || code == 206 || code == 304:
		return watch.FaultNone, detail
	case code == 404 || code == 410 || code == 416:
		return watch.FaultMissing, detail
	case code == 401 || code == 403 || code == 407 || code == 451:
		return watch.FaultForbidden, detail
	case code >= 300 && code < 400:
		return watch.FaultRedirect, detail + " without a place to go"
	case code == 405 || code == 408 || code == 425 || code == 429 || code >= 500:
		if after := resp.Header.Get("Retry-After"); after != "" {
			detail += ", Retry-After: " + cut(after, 40)
		}
		return watch.FaultUnreachable, detail
	case code >= 400:
		return watch.FaultMissing, detail
	}
	return watch.FaultUnreachable, detail
}

// cut shortens a text of a stranger.
func cut(text string, most int) string {
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// failed classifies the failure of a request.
func (c *client) failed(a *answer, err error) {
	a.fault = watch.FaultUnreachable
	var stop *stopError
	var address *addressError
	var untrusted *tls.CertificateVerificationError
	var name *net.DNSError
	err = plain(err)
	switch {
	case errors.As(err, &stop):
		a.stopped, a.detail = true, stop.why
	case errors.Is(err, context.Canceled):
		a.stopped, a.detail = true, "interrupted"
	case errors.Is(err, errRedirect):
		a.fault, a.detail = watch.FaultRedirect, err.Error()
	case errors.As(err, &address):
		a.fault, a.detail, a.nowhere = watch.FaultRedirect, address.Error(), true
	case errors.As(err, &untrusted):
		a.detail, a.nowhere = c.certificate(untrusted), true
	case errors.As(err, &name):
		a.nowhere = true
		a.detail = fmt.Sprintf("the name %s cannot be resolved: %s", name.Name, name.Err)
		if name.IsNotFound {
			a.detail = fmt.Sprintf("the name %s has no address%s", name.Name, c.ofFamily())
		}
	case isTimeout(err):
		a.detail, a.nowhere = fmt.Sprintf("no answer within %s", c.Timeout), true
	case errors.Is(err, syscall.ECONNREFUSED):
		a.detail, a.nowhere = "the connection was refused", true
	default:
		a.detail, a.nowhere = cut(err.Error(), 300), true
	}
}

func (c *client) ofFamily() string {
	if c.endpoint.Family == 0 {
		return ""
	}
	return " of IPv" + strconv.Itoa(c.endpoint.Family)
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// certificate says what is wrong with a certificate, and remembers when it ends.
func (c *client) certificate(e *tls.CertificateVerificationError) string {
	if len(e.UnverifiedCertificates) == 0 {
		return "the certificate is not good: " + cut(e.Err.Error(), 300)
	}
	leaf := e.UnverifiedCertificates[0]
	c.mu.Lock()
	c.notAfter = leaf.NotAfter
	c.mu.Unlock()
	var invalid x509.CertificateInvalidError
	if errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired {
		switch now := time.Now(); {
		case now.After(leaf.NotAfter):
			return "the certificate expired on " + leaf.NotAfter.UTC().Format(time.RFC1123)
		case now.Before(leaf.NotBefore):
			return "the certificate is valid only from " + leaf.NotBefore.UTC().Format(time.RFC1123)
		}
	}
	return "the certificate is not good: " + cut(e.Err.Error(), 300)
}

// plain takes the URL out of an error of net/http: messages name it anyway.
func plain(err error) error {
	for {
		var e *url.Error
		if !errors.As(err, &e) {
			return err
		}
		err = e.Err
	}
}

// wholeSize reads the size of the whole file from a Content-Range (RFC 9110, 14.4):
// "bytes 0-0/1234" or "bytes */0"; -1 where it does not tell.
func wholeSize(text string) int64 {
	text, ok := strings.CutPrefix(strings.TrimSpace(text), "bytes ")
	if !ok {
		return -1
	}
	span, whole, ok := strings.Cut(text, "/")
	size, err := strconv.ParseInt(whole, 10, 64)
	if !ok || err != nil || size < 0 || whole[0] == '+' {
		return -1
	}
	if span == "*" {
		return size
	}
	from, to, ok := strings.Cut(span, "-")
	first, err := strconv.ParseUint(from, 10, 63)
	last, err2 := strconv.ParseUint(to, 10, 63)
	if !ok || err != nil || err2 != nil || last < first || int64(last) >= size {
		return -1
	}
	return size
}

// isPage reports whether a body is a page of HTML.
func isPage(body []byte) bool {
	head := bytes.ToLower(bytes.TrimLeft(body[:min(len(body), 512)], "\xef\xbb\xbf \t\r\n"))
	return bytes.HasPrefix(head, []byte("<!doctype html")) || bytes.HasPrefix(head, []byte("<html"))
}

// saysPage reports whether the server calls its answer a page of HTML.
func (a *answer) saysPage() bool {
	return strings.HasPrefix(strings.ToLower(a.header.Get("Content-Type")), "text/html")
}
