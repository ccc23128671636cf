package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/time/rate"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/deb/system"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// sources makes the sources of a mirror out of one of the configuration: one, or
// all of this machine's, with the foreign architectures that it accepts.
func (b *builder) sources(s config.Source, m config.Mirror) (sources []mirror.Source, foreign []string, err error) {
	if s.System() {
		return b.systemSources(s, m)
	}
	out := s.Repo()
	if len(m.Architectures) > 0 {
		out.Architectures = m.Architectures
	}
	out.Include = includeSources(out.Include, m.Sources)
	format := formatNamed(out.Type)
	if format == nil {
		return nil, nil, &exit{code: exitUsage, err: errors.New("this version reads sources of type " + formatNames() + " only")}
	}
	keys := repo.Verifier(signature.Unchecked{})
	var fingerprints []string
	if !out.Trusted {
		ring, err := signature.Load(s.Keys, nil)
		if err != nil {
			return nil, nil, &exit{code: exitUsage, err: err, hint: "keys: names files of OpenPGP keys, binary or armoured"}
		}
		keys, fingerprints = ring, ring.Fingerprints()
	}
	o := b.options()
	o.Netrc = cmp.Or(s.Auth.Netrc, o.Netrc)
	o.Proxy = cmp.Or(s.Proxy.Reveal(), o.Proxy)
	if s.CA != "" {
		o.CA = []string{s.CA}
	}
	o.ClientCert, o.ClientKey = s.ClientCert, s.ClientKey
	for _, l := range s.Logins {
		o.Credentials = append(o.Credentials, transport.Credential{Prefix: l.Server, User: l.Username, Password: l.Password.Reveal()})
	}
	if len(s.Headers) > 0 {
		o.Headers = http.Header{}
		for name, value := range s.Headers {
			o.Headers.Set(name, value.Reveal())
		}
	}
	for _, u := range out.URLs {
		b.clients = append(b.clients, clientFor{u, o})
	}
	return []mirror.Source{{Source: &out, Format: format, Keys: keys, Fingerprints: fingerprints}}, nil, nil
}

// includeSources adds the kinds of indexes that source packages need.
func includeSources(include []string, wanted bool) []string {
	if !wanted || slices.Contains(include, "sources") {
		return include
	}
	if len(include) == 0 {
		include = []string{"packages"}
	}
	return append(slices.Clone(include), "sources")
}

// systemSources are the sources that this machine's apt uses, with its pins,
// proxies and credentials.
func (b *builder) systemSources(s config.Source, m config.Mirror) (sources []mirror.Source, foreign []string, err error) {
	sys, err := system.Read("/")
	if err != nil {
		return nil, nil, err
	}
	for _, note := range sys.Notes {
		b.log.Warn(note)
	}
	foreign = foreignSeeds(m.Packages, sys)
	var out []mirror.Source
	for i := range sys.Sources {
		x := &sys.Sources[i]
		if x.SourcesOnly && !m.Sources {
			continue
		}
		source := x.Source
		source.Path = cmp.Or(s.Path, systemPath(source.URLs[0]))
		if s.Priority != nil {
			source.Priority = s.Priority
		}
		source.Architectures = systemArchitectures(sys, source.Architectures, m.Architectures, foreign)
		if len(source.Architectures) == 0 {
			continue // of other architectures only
		}
		if len(source.Languages) == 0 {
			source.Languages = nil // that this machine wants none says nothing of others
		}
		source.Include = includeSources(nil, m.Sources)
		if x.SourcesOnly {
			source.Include = []string{"sources"}
		}
		keys, fingerprints, err := systemKeys(x)
		if err != nil {
			return nil, nil, err
		}
		out = append(out, mirror.Source{Source: &source, Format: formatNamed(source.Type), Keys: keys, Fingerprints: fingerprints})
		if err := b.systemClient(sys, source.URLs); err != nil {
			return nil, nil, err
		}
	}
	if len(out) == 0 {
		return nil, nil, errors.New("this machine's apt configuration has no sources that can be mirrored")
	}
	return mergeSources(out), foreign, nil
}

// mergeSources makes one source of entries that differ in suites alone, so that a
// machine that names a suite twice has it once.
func mergeSources(in []mirror.Source) (out []mirror.Source) {
	for _, s := range in {
		i := slices.IndexFunc(out, func(o mirror.Source) bool {
			a, b := *o.Source, *s.Source
			a.Name, a.Suites, b.Name, b.Suites = "", nil, "", nil
			return reflect.DeepEqual(a, b) && slices.Equal(o.Fingerprints, s.Fingerprints)
		})
		if i < 0 {
			out = append(out, s)
			continue
		}
		for _, suite := range s.Suites {
			if !slices.Contains(out[i].Suites, suite) {
				out[i].Suites = append(out[i].Suites, suite)
			}
		}
	}
	return out
}

// systemPath places a source of the machine by host and path, as its URL has them.
func systemPath(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "system"
	}
	return strings.Trim(u.Host+"/"+strings.Trim(u.Path, "/"), "/")
}

// systemArchitectures are those of the mirror, as far as the source has them; by
// default the machine's own, and foreign ones that seeds name.
func systemArchitectures(sys *system.System, source, wanted, foreign []string) []string {
	if len(wanted) > 0 {
		return wanted
	}
	var out []string
	for _, a := range append([]string{sys.Architecture}, foreign...) {
		if len(source) == 0 || slices.Contains(source, a) {
			out = append(out, a)
		}
	}
	return out
}

// foreignSeeds are the machine's foreign architectures that seeds name.
func foreignSeeds(seeds []config.Seed, sys *system.System) (out []string) {
	for _, s := range seeds {
		if slices.Contains(sys.Foreign, s.Architecture) && !slices.Contains(out, s.Architecture) {
			out = append(out, s.Architecture)
		}
	}
	return out
}

func systemKeys(x *system.Source) (repo.Verifier, []string, error) {
	if x.Trusted {
		return signature.Unchecked{}, nil, nil
	}
	if len(x.KeyData) == 0 {
		ring, err := signature.Load(x.Keys, x.Fingerprints)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", x.Place, err)
		}
		return ring, ring.Fingerprints(), nil
	}
	ring := &signature.Keyring{}
	err := ring.Add(x.Place, x.KeyData)
	if err == nil {
		err = ring.Restrict(x.Fingerprints...)
	}
	if err != nil {
		return nil, nil, err
	}
	return ring, ring.Fingerprints(), nil
}

func (b *builder) systemClient(sys *system.System, urls []string) error {
	for _, raw := range urls {
		u, err := url.Parse(raw)
		if err != nil {
			return err
		}
		o := b.options()
		if proxy := b.config.Transfer.Proxy.Reveal(); proxy == "" {
			o.Proxy = cmp.Or(sys.Proxy(u), "none")
		}
		if user, password, ok := sys.Credential(u); ok {
			o.Credentials = append(o.Credentials, transport.Credential{Prefix: u.Scheme + "://" + u.Host, User: user, Password: password})
		}
		tls := sys.TLS(u)
		if tls.Authorities != "" {
			o.CA = []string{tls.Authorities}
		}
		o.ClientCert, o.ClientKey = tls.Certificate, tls.Key
		b.clients = append(b.clients, clientFor{raw, o})
	}
	return nil
}

// clientFor is the client for the URLs below a prefix.
type clientFor struct {
	prefix  string
	options transport.Options
}

// options are those of the configuration's transfer.
func (b *builder) options() transport.Options {
	t := &b.config.Transfer
	o := transport.Options{
		Proxy: t.Proxy.Reveal(), NoProxy: t.NoProxy, Netrc: t.Netrc, UserAgent: cmp.Or(t.UserAgent, "mirrorkeeper/"+programVersion()),
		HTTP2: t.HTTP2, MaxConnsPerHost: t.PerHost, StallTimeout: t.Timeout, Limiter: b.limiter(),
	}
	if t.CA != "" {
		o.CA = []string{t.CA}
	}
	return o
}

// client routes each source's URLs through a client with its settings; sources with
// equal settings share one, and its connections.
func (b *builder) client() (*http.Client, error) {
	otherwise, err := transport.New(b.options())
	if err != nil {
		return nil, err
	}
	made := []clientFor{{"", b.options()}}
	clients := []*http.Client{otherwise}
	var routes []transport.Route
	for _, c := range b.clients {
		i := slices.IndexFunc(made, func(m clientFor) bool { return reflect.DeepEqual(m.options, c.options) })
		if i < 0 {
			client, err := transport.New(c.options)
			if err != nil {
				return nil, err
			}
			i = len(made)
			made, clients = append(made, c), append(clients, client)
		}
		if i > 0 {
			routes = append(routes, transport.Route{Prefix: c.prefix, Client: clients[i]})
		}
	}
	return transport.Routed(routes, otherwise), nil
}

// limiter is the limit of bytes per second, shared by all clients.
func (b *builder) limiter() *rate.Limiter {
	if b.limit == nil {
		b.limit = transport.NewLimiter(b.config.Transfer.Rate)
	}
	return b.limit
}
