package assembly

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// clients are the HTTP clients of a run, one for each way to reach servers. Sources
// with equal settings share one, and its connections.
type clients struct {
	standard transport.Options // those of the configuration's transfer
	router   *transport.Router

	mu   sync.Mutex
	made []madeClient // the standard one first
}

type madeClient struct {
	options transport.Options
	client  *http.Client
}

func newClients(t *config.Transfer) (*clients, error) {
	o := transport.Options{
		Proxy: t.Proxy.Reveal(), NoProxy: t.NoProxy, Netrc: t.Netrc, UserAgent: cmp.Or(t.UserAgent, "mirrorkeeper/"+console.Version()),
		HTTP2: t.HTTP2, MaxConnsPerHost: t.PerHost, StallTimeout: t.Timeout, Limiter: transport.NewLimiter(t.Rate),
	}
	if t.CA != "" {
		o.CA = []string{t.CA}
	}
	otherwise, err := transport.New(o)
	if err != nil {
		return nil, err
	}
	return &clients{standard: o, router: transport.NewRouter(otherwise), made: []madeClient{{o, otherwise}}}, nil
}

// route has requests below the URL sent with the options.
func (c *clients) route(base string, o transport.Options) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.made, func(m madeClient) bool { return reflect.DeepEqual(m.options, o) })
	if i < 0 {
		client, err := transport.New(o)
		if err != nil {
			return err
		}
		i = len(c.made)
		c.made = append(c.made, madeClient{o, client})
	}
	if i > 0 {
		c.router.Add(transport.Route{Prefix: base, Client: c.made[i].client})
	}
	return nil
}

// routeSource has requests to the repositories of a source, and to the lists of their
// mirrors, sent with the options for their URLs. What it returns does so for URLs of
// such a list, but keeps the headers from hosts that the configuration does not name:
// they may be secrets. Credentials are for hosts by themselves.
func (c *clients) routeSource(repositories []*repo.Repository, options func(*url.URL) transport.Options, log *slog.Logger) (listed func(urls []string), err error) {
	named := map[string]bool{}
	add := func(base string, listed bool) error {
		u, err := url.Parse(base)
		if err != nil {
			return err
		}
		o := options(u)
		if host := u.Scheme + "://" + u.Host; !listed {
			named[host] = true
		} else if !named[host] {
			o.Headers = nil
		}
		return c.route(base, o)
	}
	for _, r := range repositories {
		for _, base := range append(slices.Clone(r.URLs), r.List) {
			if base == "" {
				continue
			}
			if err := add(base, false); err != nil {
				return nil, err
			}
		}
	}
	return func(urls []string) {
		for _, base := range urls {
			if err := add(base, true); err != nil {
				log.Warn("a listed mirror is asked as if no source had named it", "url", transport.Redacted(base), "error", err)
			}
		}
	}, nil
}
