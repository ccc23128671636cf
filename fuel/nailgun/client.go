package nailgun

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options say how the server is reached.
type Options struct {
	// URL is the server's address, such as http://10.20.0.2:8000.
	URL string
	// Credentials are who asks; they are sent only to a server that wants to know.
	Credentials Credentials
	// Timeout is for one request and its answer; 0 stands for a minute.
	Timeout time.Duration
	// UserAgent is what we call ourselves.
	UserAgent string
}

// Client asks one server. It is not for use by several goroutines at once.
type Client struct {
	base    string // without a slash at the end
	who     Credentials
	agent   string
	timeout time.Duration
	http    *http.Client

	started bool // the server said what it is
	version Version
	token   string
}

// New makes a client; nothing is asked yet.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the address of a Fuel server (expected such as http://10.20.0.2:8000)", o.URL)
	}
	if u.User != nil {
		return nil, errors.New("the address of the Fuel server holds a user or a password (expected them apart from it)")
	}
	base := strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/")
	base = strings.TrimSuffix(strings.TrimSuffix(base, "/v1"), "/api")
	return &Client{
		base: base, who: o.Credentials, agent: cmp.Or(o.UserAgent, "mirrorkeeper"), timeout: cmp.Or(o.Timeout, time.Minute),
		http: &http.Client{
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token is for one server
		},
	}, nil
}

// Close ends the connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// URL is the server's address.
func (c *Client) URL() string { return c.base }

// maxAnswer bounds an answer in bytes. The list of releases is the largest: each has all
// of its settings.
const maxAnswer = 64 << 20

// get reads an object.
func (c *Client) get(ctx context.Context, doing, path string) (Document, error) {
	return c.call(ctx, doing, http.MethodGet, path, nil)
}

// put replaces an object.
func (c *Client) put(ctx context.Context, doing, path string, body Document) error {
	_, err := c.call(ctx, doing, http.MethodPut, path, body)
	return err
}

// call sends a request below the interface's address, after a login where the server
// wants one. A token that has run out is renewed once.
func (c *Client) call(ctx context.Context, doing, method, path string, body Document) (Document, error) {
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, doing, method, "/api/v1/"+path, body)
	if c.token != "" && errors.Is(err, ErrLogin) {
		if err := c.login(ctx); err != nil {
			return nil, err
		}
		answer, err = c.send(ctx, doing, method, "/api/v1/"+path, body)
	}
	if err != nil {
		return nil, err
	}
	if !json.Valid(answer.body) {
		return nil, fmt.Errorf("%s: the Fuel server's answer to %s %s is not JSON", doing, method, c.base+"/api/v1/"+path)
	}
	return answer.body, nil
}

type answer struct {
	header http.Header
	body   Document
}

// send sends one request and reads its answer, which is an [Error] unless the status is
// one of success.
func (c *Client) send(ctx context.Context, doing, method, path string, body Document) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	q.Header.Set("Accept", "application/json")
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", c.agent)
	if c.token != "" {
		q.Header.Set("X-Auth-Token", c.token)
	}
	r, err := c.http.Do(q)
	if err != nil {
		return nil, c.unreachable(ctx, doing, err)
	}
	defer r.Body.Close()
	content, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.unreachable(ctx, doing, err)
	case len(content) > maxAnswer:
		return nil, fmt.Errorf("%s: the Fuel server's answer to %s %s is larger than %d bytes", doing, method, q.URL, maxAnswer)
	case r.StatusCode < 200 || r.StatusCode > 299:
		return nil, &Error{Doing: doing, Method: method, URL: q.URL.String(), Status: r.StatusCode, Message: messageOf(content)}
	}
	return &answer{r.Header, content}, nil
}

// Unreachable says that the server gave no answer.
type Unreachable struct {
	Doing, URL string
	Err        error
}

func (e *Unreachable) Error() string {
	return fmt.Sprintf("%s: no answer from the Fuel server %s: %v", e.Doing, e.URL, e.Err)
}
func (e *Unreachable) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *Unreachable) Hint() string {
	return "is this the address of the Fuel server, and is it running? It is given by --fuel-url or in the configuration"
}

func (c *Client) unreachable(ctx context.Context, doing string, err error) error {
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		err = inner.Err // without the URL, which is told anyway
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("it took longer than %s", c.timeout)
	}
	return &Unreachable{doing, c.base, err}
}
