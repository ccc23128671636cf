package assembly

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/system"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// rpmSources are the sources that a machine's dnf, yum or zypper uses, with its
// priorities, proxies and credentials.
func (b *Builder) rpmSources(sys *system.System, s config.Source, m config.Mirror) (sources []mirror.Source, err error) {
	for i := range sys.Sources {
		x := &sys.Sources[i]
		source := x.Source
		source.Path = cmp.Or(s.Path, rpmPath(&source))
		if s.Priority != nil {
			source.Priority = s.Priority
		}
		if len(m.Architectures) > 0 {
			source.Architectures = m.Architectures
		} else {
			source.Architectures = withMultilib(source.Architectures, m.Packages)
		}
		source.Include = includeSources(nil, m.Sources)
		out := mirror.Source{Source: &source, Format: FormatNamed(source.Type)}
		if out.Keys, out.Fingerprints, err = b.rpmKeys(x); err != nil {
			return nil, err
		}
		if x.TLS.SkipPeer || x.TLS.SkipHost {
			b.Log.Warn(x.Place + ": the server's certificate is checked all the same; name its authority with sslcacert")
		}
		if err := b.connect(&out, func(u *url.URL) transport.Options { return b.dnfOptions(x, u) }); err != nil {
			return nil, err
		}
		sources = append(sources, out)
	}
	return sources, nil
}

// rpmPath places a source of the machine by host and path, and one with a list of
// mirrors by the list's host and its own name.
func rpmPath(s *repo.Source) string {
	if len(s.URLs) > 0 {
		return systemPath(s.URLs[0], "")
	}
	return systemPath(cmp.Or(s.Mirrorlist, s.Metalink), s.Name)
}

// withMultilib adds the architectures that seeds name and that the machine installs
// packages of beside its own: "glibc:i686", "glibc.i686".
func withMultilib(architectures []string, seeds []config.Seed) []string {
	out := slices.Clone(architectures)
	for _, s := range seeds {
		named := s.Architecture
		if named == "" && !strings.ContainsAny(s.Pattern, "/(") {
			named = s.Pattern[strings.LastIndexByte(s.Pattern, '.')+1:]
		}
		more := append(slices.Clone(out), named)
		if !slices.Contains(out, named) && len(rpm.Format{}.Machines(more)) == len(rpm.Format{}.Machines(out)) && named != "noarch" {
			out = more
		}
	}
	return out
}

// rpmKeys are the keys of a source of the machine. Keys that the machine would fetch
// and ask its user about are left to people.
func (b *Builder) rpmKeys(x *system.Source) (repo.Verifier, []string, error) {
	if x.Trusted && !x.CheckPackages {
		return signature.Unchecked{}, nil, nil
	}
	ring := &signature.Keyring{}
	if len(x.Keys) > 0 {
		var err error
		if ring, err = signature.Load(x.Keys, nil); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", x.Place, err)
		}
	}
	if len(x.KeyData) > 0 {
		if err := ring.Add("the keys of rpm", x.KeyData); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", x.Place, err)
		}
	}
	if len(ring.Fingerprints()) == 0 && len(x.KeyURLs) > 0 {
		return nil, nil, &console.Exit{
			Code: console.ExitUsage, Err: fmt.Errorf("%s: the key of %s is at %s, and nobody has checked it", x.Place, x.Name, x.KeyURLs[0]),
			Hint: "fetch the key, compare its fingerprint with one from a place that you trust, and name its file in gpgkey, or in keys of a configuration file",
		}
	}
	return ring, ring.Fingerprints(), nil
}

// dnfOptions are how dnf, or zypper, reaches a URL.
func (b *Builder) dnfOptions(x *system.Source, u *url.URL) transport.Options {
	o := b.clients.standard
	if o.Proxy == "" {
		o.Proxy = cmp.Or(x.Proxy(u), "none")
	}
	for _, address := range append(slices.Clone(x.URLs), x.Mirrorlist, x.Metalink) {
		named, err := url.Parse(address)
		if err != nil || named.Host == "" {
			continue
		}
		if user, password, ok := x.Credential(named); ok {
			o.Credentials = append(o.Credentials, transport.Credential{Prefix: named.Scheme + "://" + named.Host, User: user, Password: password})
		}
	}
	if x.TLS.Authorities != "" {
		o.CA = []string{x.TLS.Authorities}
	}
	o.ClientCert, o.ClientKey = x.TLS.Certificate, x.TLS.Key
	return o
}
