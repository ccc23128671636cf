package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// client sends the requests of one visit: to one endpoint, counted, within its budget.
// Its connections are of this visit alone, so that what it costs is known exactly, and
// nothing is left open.
type client struct {
	*Options
	hosts    *hosts
	endpoint watch.Endpoint
	site     string // host and port of the site, in lower case
	name     string // its host alone
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

func (p *Prober) client(t Target, site *url.URL) *client {
	c := &client{
		Options: &p.Options, hosts: p.hosts, endpoint: t.Endpoint,
		site: strings.ToLower(site.Host), name: site.Hostname(), pace: rate.NewLimiter(rate.Inf, 1),
	}
	if p.Rate > 0 {
		c.pace = rate.NewLimiter(rate.Limit(p.Rate), max(1, int(p.Rate)))
	}
	counted := &counted{c: c}
	c.http = &http.Client{CheckRedirect: c.redirect, Transport: counted}
	if t.Client != nil {
		counted.next, counted.foreign = t.Client.Transport, true
		return c
	}
	counted.next = p.transport(c.dial)
	return c
}

// transport sends requests to strangers.
func (p *Prober) transport(dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        &tls.Config{RootCAs: p.RootCAs, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    p.Timeout,
		ResponseHeaderTimeout:  p.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxConnsPerHost:        p.PerHost,
		MaxIdleConnsPerHost:    p.PerHost,
		IdleConnTimeout:        p.Timeout,
		DisableCompression:     true,
		Protocols:              protocols,
	}
}

// Client returns a client for requests to strangers outside of visits: it connects where
// visits do. Close its idle connections.
func (p *Prober) Client() *http.Client {
	dialer := net.Dialer{Timeout: p.Timeout, Control: p.control}
	c := &client{Options: &p.Options}
	next := p.transport(dialer.DialContext)
	return &http.Client{CheckRedirect: c.redirect, Transport: transport.Stalling(&introduced{next, p.UserAgent}, p.Timeout)}
}

// introduced says who asks.
type introduced struct {
	next  *http.Transport
	agent string
}

func (i *introduced) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", i.agent)
	return i.next.RoundTrip(req)
}

// CloseIdleConnections is for http.Client.CloseIdleConnections.
func (i *introduced) CloseIdleConnections() { i.next.CloseIdleConnections() }

// close closes the visit's own connections.
func (c *client) close() {
	if t := c.http.Transport.(*counted); !t.foreign {
		c.http.CloseIdleConnections()
	}
}

// spent is what the visit cost so far: requests, and bytes both ways.
func (c *client) spent() (requests int, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests, c.bytes.Load()
}

// tell writes down what the answers told of the endpoint.
func (c *client) tell(o *watch.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o.Redirects, o.NotAfter, o.NotBefore = slices.Clone(c.redirects), c.notAfter, c.notBefore
}

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
	if c.endpoint.Addr.IsValid() && strings.EqualFold(host, c.name) {
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
	c       *client
	next    http.RoundTripper
	foreign bool // its connections are not the visit's own, and not counted
}

// CloseIdleConnections is for http.Client.CloseIdleConnections.
func (t *counted) CloseIdleConnections() {
	if own, ok := t.next.(*http.Transport); ok {
		own.CloseIdleConnections()
	}
}

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
	if t.foreign {
		resp.Body = &countedBody{resp.Body, &t.c.bytes}
	}
	return resp, nil
}

// note remembers what an answer tells of its host.
func (c *client) note(host string, req *http.Request, resp *http.Response) {
	if resp.TLS != nil && strings.EqualFold(req.URL.Hostname(), c.name) {
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

// countedBody counts what can be told of connections that are not the visit's own.
type countedBody struct {
	io.ReadCloser
	bytes *atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	return n, err
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
