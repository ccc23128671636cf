package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// client sends the requests of one look: to one endpoint, counted, within its budget.
// Its connections are of this look alone, so that what it costs is known exactly, and
// nothing is left open.
type client struct {
	*Options
	hosts    *hosts
	endpoint watch.Endpoint
	host     string // of the site
	http     *http.Client
	pace     *rate.Limiter
	noHead   atomic.Bool // the site knows no HEAD

	bytes atomic.Int64

	mu        sync.Mutex
	requests  int
	redirects []string
	notAfter  time.Time
	notBefore time.Time
	stopped   string // why no more requests are sent, "" while they are
}

func (p *Prober) client(endpoint watch.Endpoint, host string) *client {
	c := &client{Options: &p.Options, hosts: p.hosts, endpoint: endpoint, host: host, pace: rate.NewLimiter(rate.Inf, 1)}
	if p.Rate > 0 {
		c.pace = rate.NewLimiter(rate.Limit(p.Rate), max(1, int(p.Rate)))
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	c.http = &http.Client{
		CheckRedirect: c.redirect,
		Transport: &counted{c, &http.Transport{
			DialContext:            c.dial,
			TLSClientConfig:        &tls.Config{RootCAs: p.RootCAs, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    p.Timeout,
			ResponseHeaderTimeout:  p.Timeout,
			MaxResponseHeaderBytes: 64 << 10,
			MaxConnsPerHost:        p.PerHost,
			MaxIdleConnsPerHost:    p.PerHost,
			IdleConnTimeout:        p.Timeout,
			DisableCompression:     true,
			Protocols:              protocols,
		}},
	}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// dial connects to the endpoint's address, or to any of its family. The name in the URL
// stays what the server is told.
func (c *client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if c.endpoint.Family != 0 {
		network = "tcp" + strconv.Itoa(c.endpoint.Family)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if c.endpoint.Addr.IsValid() && strings.EqualFold(host, c.host) {
		address = net.JoinHostPort(c.endpoint.Addr.String(), port)
	}
	d := net.Dialer{Timeout: c.Timeout, Control: c.control}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &countedConn{conn, &c.bytes}, nil
}

// countedConn counts the bytes of a connection, both ways, with all that TLS adds.
type countedConn struct {
	net.Conn
	bytes *atomic.Int64
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.bytes.Add(int64(n))
	return n, err
}

// errRedirect is a redirect that is not followed.
var errRedirect = errors.New("redirect refused")

const maxRedirects = 5

// redirect is the CheckRedirect of the client.
func (c *client) redirect(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	if to := req.URL.Host; to != "" && to != from.Host {
		c.mu.Lock()
		if !slices.Contains(c.redirects, to) && len(c.redirects) < 100 {
			c.redirects = append(c.redirects, to)
		}
		c.mu.Unlock()
	}
	switch to := req.URL.Scheme; {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: more than %d in a row", errRedirect, maxRedirects)
	case to != "http" && to != "https":
		return fmt.Errorf("%w: from %s to a URL of scheme %q", errRedirect, from.Scheme, to)
	case from.Scheme == "https" && to == "http":
		return fmt.Errorf("%w: from https to http on %s", errRedirect, req.URL.Host)
	}
	return nil
}

// stopError ends all requests of a look.
type stopError struct{ why string }

func (e *stopError) Error() string { return e.why }

// stop lets no more requests be sent in this look.
func (c *client) stop(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == "" {
		c.stopped = why
	}
}

// begin counts a request, if the look's budget has room for it.
func (c *client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped != "":
	case c.requests >= c.MaxRequests:
		c.stopped = fmt.Sprintf("the look's budget of %d requests is spent", c.MaxRequests)
	case c.bytes.Load() >= c.MaxBytes:
		c.stopped = fmt.Sprintf("the look's budget of %d bytes is spent", c.MaxBytes)
	default:
		c.requests++
		return nil
	}
	return &stopError{c.stopped}
}

// counted is the transport of a client: every request, those that follow redirects
// included, waits for room at its host and is counted.
type counted struct {
	c    *client
	next *http.Transport
}

func (t *counted) CloseIdleConnections() { t.next.CloseIdleConnections() }

func (t *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	host := strings.ToLower(req.URL.Host)
	leave, err := t.c.hosts.enter(req.Context(), host)
	if err != nil {
		return nil, err
	}
	if err := t.c.begin(); err != nil {
		leave()
		return nil, err
	}
	ctx, cancel := req.Context(), func() {}
	if limit, ok := ctx.Value(limitKey{}).(time.Duration); ok {
		ctx, cancel = context.WithTimeout(ctx, limit)
	}
	done := func() { cancel(); leave() }
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		done()
		return nil, err
	}
	t.c.note(host, req, resp)
	resp.Body = &leaving{resp.Body, done}
	return resp, nil
}

// note remembers what an answer tells of its host.
func (c *client) note(host string, req *http.Request, resp *http.Response) {
	if resp.TLS != nil && strings.EqualFold(req.URL.Hostname(), c.host) {
		c.mu.Lock()
		for _, chain := range resp.TLS.VerifiedChains {
			for _, certificate := range chain {
				if c.notAfter.IsZero() || certificate.NotAfter.Before(c.notAfter) {
					c.notAfter = certificate.NotAfter
				}
			}
		}
		c.mu.Unlock()
	}
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return
	}
	until := retryAfter(resp.Header.Get("Retry-After"), c.Now())
	if until.IsZero() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	why := fmt.Sprintf("%s asked to be left alone until %s (%s, Retry-After: %s)", host, until.UTC().Format(time.RFC3339), resp.Status, resp.Header.Get("Retry-After"))
	c.hosts.pause(host, until, why)
	if until.After(c.notBefore) {
		c.notBefore = until
	}
	if c.stopped == "" {
		c.stopped = why
	}
}

// maxPause is the longest that a host is left alone on its own word.
const maxPause = 6 * time.Hour

// retryAfter reads a Retry-After header, seconds or a date (RFC 9110, 10.2.3); it is zero
// for none that can be read.
func retryAfter(text string, now time.Time) time.Time {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return now.Add(min(time.Duration(seconds)*time.Second, maxPause))
	}
	at, err := http.ParseTime(text)
	if err != nil || !at.After(now) {
		return time.Time{}
	}
	if most := now.Add(maxPause); at.After(most) {
		return most
	}
	return at
}

// leaving is a body that gives back the room at its host when it is closed.
type leaving struct {
	io.ReadCloser
	leave func()
}

func (l *leaving) Close() error {
	err := l.ReadCloser.Close()
	l.leave()
	return err
}

// addrOf is the address that a host name is, the zero Addr for a name.
func addrOf(host string) netip.Addr {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a
}
