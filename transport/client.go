package transport

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/time/rate"
)

// Options say how a client reaches upstream. The zero Options are a client that
// uses the proxies of the environment and no credentials.
type Options struct {
	// Proxy is the URL of a proxy (http, https, socks5 or socks5h, with credentials
	// if it needs them); "" stands for the environment's http_proxy, https_proxy
	// and no_proxy, "none" or "direct" for no proxy.
	Proxy string
	// NoProxy are hosts that Proxy is not used for, in the form of no_proxy:
	// "example.org" with its subdomains, ".example.org" its subdomains alone,
	// an address, "10.0.0.0/8", any of them with ":port"; "*" is every host.
	NoProxy []string

	// CA are PEM files of certificate authorities to trust beside the system's.
	CA []string
	// ClientCert and ClientKey are PEM files; without ClientKey, ClientCert holds both.
	ClientCert, ClientKey string

	// Netrc is a file of credentials, see [ReadNetrc]; Credentials go before it.
	Netrc       string
	Credentials []Credential
	// Headers are sent along, though to no other host after a redirect.
	Headers   http.Header
	UserAgent string // "" stands for "mirrorkeeper"

	// HTTP2 allows HTTP/2, which over one connection is slower than HTTP/1.1 over
	// several.
	HTTP2 bool
	// MaxConnsPerHost limits the connections to one host, idle ones included; 0
	// stands for 8. Through a proxy for plain HTTP, the proxy is that host.
	MaxConnsPerHost int
	// Limiter limits the bytes per second of all clients that share it, see
	// [NewLimiter]; nil is no limit.
	Limiter *rate.Limiter

	// Time limits; 0 stands for the default in brackets, less than 0 for no limit.
	DialTimeout   time.Duration // to open a connection (15 s)
	TLSTimeout    time.Duration // for the TLS handshake (15 s)
	HeaderTimeout time.Duration // from the request to the header of its answer (60 s)
	StallTimeout  time.Duration // without a byte of a body (60 s), see [ErrStalled]
}

const (
	defaultConns         = 8
	defaultDialTimeout   = 15 * time.Second
	defaultTLSTimeout    = 15 * time.Second
	defaultHeaderTimeout = 60 * time.Second
	defaultStallTimeout  = 60 * time.Second

	keepAlive        = 30 * time.Second
	idleTimeout      = 90 * time.Second
	readBuffer       = 64 << 10
	maxHeaderBytes   = 256 << 10
	defaultUserAgent = "mirrorkeeper"
)

// New returns a client. Bodies come as the server sends them, never decompressed.
// At most ten redirects are followed, none to a scheme other than http and https,
// and none from https to http (see [ErrRedirect]). Close its idle connections
// with its method CloseIdleConnections.
func New(o Options) (*http.Client, error) {
	proxy, err := proxyFunc(o.Proxy, o.NoProxy)
	if err != nil {
		return nil, err
	}
	tlsConfig, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	credentials, err := allCredentials(o)
	if err != nil {
		return nil, err
	}
	conns := o.MaxConnsPerHost
	if conns <= 0 {
		conns = defaultConns
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(o.HTTP2)
	dialer := &net.Dialer{Timeout: limit(o.DialTimeout, defaultDialTimeout), KeepAlive: keepAlive}
	base := &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    limit(o.TLSTimeout, defaultTLSTimeout),
		ResponseHeaderTimeout:  limit(o.HeaderTimeout, defaultHeaderTimeout),
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxConnsPerHost:        conns,
		MaxIdleConnsPerHost:    conns,
		IdleConnTimeout:        idleTimeout,
		ReadBufferSize:         readBuffer,
		// Otherwise a body with Content-Encoding: gzip is unpacked on the way, and
		// neither its size nor its digest is that of the file.
		DisableCompression: true,
		Protocols:          protocols,
	}
	base.RegisterProtocol("file", files{})

	var layers http.RoundTripper = base
	if d := limit(o.StallTimeout, defaultStallTimeout); d > 0 {
		layers = Stalling(layers, d)
	}
	if o.Limiter != nil {
		layers = &limited{layers, o.Limiter}
	}
	agent := o.UserAgent
	if agent == "" {
		agent = defaultUserAgent
	}
	layers = &introduced{layers, agent, o.Headers, credentials}
	return &http.Client{Transport: layers, CheckRedirect: checkRedirect}, nil
}

// limit applies the rule of the time limits in [Options].
func limit(d, standard time.Duration) time.Duration {
	switch {
	case d == 0:
		return standard
	case d < 0:
		return 0 // to net/http, no limit
	}
	return d
}

// allCredentials are those of the options and of the netrc file.
func allCredentials(o Options) ([]Credential, error) {
	all := o.Credentials
	for _, c := range all {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	if o.Netrc == "" {
		return all, nil
	}
	f, err := os.Open(o.Netrc)
	if err != nil {
		return nil, fmt.Errorf("cannot read credentials: %w", err)
	}
	defer f.Close()
	read, err := ReadNetrc(f)
	if err != nil {
		return nil, fmt.Errorf("cannot read credentials from %s: %w", o.Netrc, err)
	}
	return append(all[:len(all):len(all)], read...), nil
}

// closeIdle passes on http.Client.CloseIdleConnections, which asks the outermost
// layer only.
func closeIdle(next http.RoundTripper) {
	if c, ok := next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
