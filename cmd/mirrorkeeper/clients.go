package main

import (
	"cmp"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// clients are the HTTP clients of a run, one for each way to reach servers. Sources
// with equal settings share one, and its connections.
type clients struct {
	standard transport.Options // those of the configuration's transfer
	made     []madeClient      // the standard one first
	router   *transport.Router
}

type madeClient struct {
	options transport.Options
	client  *http.Client
}

func newClients(t *config.Transfer) (*clients, error) {
	o := transport.Options{
		Proxy: t.Proxy.Reveal(), NoProxy: t.NoProxy, Netrc: t.Netrc, UserAgent: cmp.Or(t.UserAgent, "mirrorkeeper/"+programVersion()),
		HTTP2: t.HTTP2, MaxConnsPerHost: t.PerHost, StallTimeout: t.Timeout, Limiter: transport.NewLimiter(t.Rate),
	}
	if t.CA != "" {
		o.CA = []string{t.CA}
	}
	c := &clients{standard: o}
	otherwise, err := c.client(o)
	if err != nil {
		return nil, err
	}
	c.router = transport.NewRouter(otherwise)
	return c, nil
}

// client returns the client with the options.
func (c *clients) client(o transport.Options) (*http.Client, error) {
	for _, m := range c.made {
		if reflect.DeepEqual(m.options, o) {
			return m.client, nil
		}
	}
	client, err := transport.New(o)
	if err != nil {
		return nil, err
	}
	c.made = append(c.made, madeClient{o, client})
	return client, nil
}

// route has requests below the URL sent with the options.
func (c *clients) route(base string, o transport.Options) error {
	client, err := c.client(o)
	if err == nil && client != c.made[0].client {
		c.router.Add(transport.Route{Prefix: base, Client: client})
	}
	return err
}

// routeSource has requests to the repositories of a source, and to the lists of their
// mirrors, sent with the options. What it returns has those to listed mirrors sent
// so, but without the headers of the options to hosts that the configuration does
// not name: they may be secrets. Credentials are for hosts by themselves.
func (c *clients) routeSource(repositories []*repo.Repository, o transport.Options) (listed func(urls []string), err error) {
	var hosts []string
	for _, r := range repositories {
		for _, base := range append(slices.Clone(r.URLs), r.List) {
			if base == "" {
				continue
			}
			if err := c.route(base, o); err != nil {
				return nil, err
			}
			hosts = append(hosts, hostOf(base))
		}
	}
	named, err := c.client(o)
	if err != nil {
		return nil, err
	}
	o.Headers = nil
	other, err := c.client(o)
	if err != nil {
		return nil, err
	}
	return func(urls []string) {
		for _, base := range urls {
			client := other
			if slices.Contains(hosts, hostOf(base)) {
				client = named
			}
			c.router.Add(transport.Route{Prefix: base, Client: client})
		}
	}, nil
}

// hostOf is scheme, host and port of an address.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
