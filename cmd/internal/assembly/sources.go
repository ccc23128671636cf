package assembly

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// Sources makes the sources of a mirror out of one of the configuration: one, or
// all of this machine's, with the foreign architectures that it accepts.
func (b *Builder) Sources(s config.Source, m config.Mirror) (sources []mirror.Source, foreign []string, err error) {
	if s.System() {
		return b.systemSources(s, m)
	}
	source := s.Repo()
	if len(m.Architectures) > 0 {
		source.Architectures = m.Architectures
	}
	source.Include = includeSources(source.Include, m.Sources)
	format := FormatNamed(source.Type)
	if format == nil {
		return nil, nil, &console.Exit{Code: console.ExitUsage, Err: errors.New("this version reads sources of type " + FormatNames() + " only")}
	}
	out := mirror.Source{Source: &source, Format: format, Keys: signature.Unchecked{}}
	if len(s.Keys) > 0 {
		ring, err := signature.Load(s.Keys, nil)
		if err != nil {
			return nil, nil, &console.Exit{Code: console.ExitUsage, Err: err, Hint: "keys: names files of OpenPGP keys, binary or armoured"}
		}
		out.Keys, out.Fingerprints = ring, ring.Fingerprints()
	}
	o := b.configured(s)
	if err := b.connect(&out, func(*url.URL) transport.Options { return o }); err != nil {
		return nil, nil, err
	}
	return []mirror.Source{out}, nil, nil
}

// configured are the options that the configuration has for the source's servers.
func (b *Builder) configured(s config.Source) transport.Options {
	o := b.clients.standard
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
	return o
}

// connect has the source's requests sent with the options for their URLs.
func (b *Builder) connect(s *mirror.Source, options func(*url.URL) transport.Options) error {
	repositories, err := s.Format.Repositories(s.Source)
	if err != nil {
		return &console.Exit{Code: console.ExitUsage, Err: err}
	}
	s.Listed, err = b.clients.routeSource(repositories, options, b.Log)
	return err
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
