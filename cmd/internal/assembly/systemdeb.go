package assembly

import (
	"cmp"
	"fmt"
	"net/url"
	"reflect"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/deb/system"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// debSources are the sources that a machine's apt uses, with its pins, proxies and
// credentials, and the foreign architectures that it accepts.
func (b *Builder) debSources(sys *system.System, s config.Source, m config.Mirror) (sources []mirror.Source, foreign []string, err error) {
	foreign = foreignSeeds(m.Packages, sys)
	for i := range sys.Sources {
		x := &sys.Sources[i]
		if x.SourcesOnly && !m.Sources {
			continue
		}
		source := x.Source
		source.Path = cmp.Or(s.Path, systemPath(source.URLs[0], ""))
		if s.Priority != nil {
			source.Priority = s.Priority
		}
		source.Architectures = debArchitectures(sys, source.Architectures, m.Architectures, foreign)
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
		keys, fingerprints, err := debKeys(x)
		if err != nil {
			return nil, nil, err
		}
		out := mirror.Source{Source: &source, Format: FormatNamed(source.Type), Keys: keys, Fingerprints: fingerprints}
		if err := b.connect(&out, func(u *url.URL) transport.Options { return b.aptOptions(sys, u) }); err != nil {
			return nil, nil, err
		}
		sources = append(sources, out)
	}
	return mergeSources(sources), foreign, nil
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

// debArchitectures are those of the mirror, as far as the source has them; by
// default the machine's own, and foreign ones that seeds name.
func debArchitectures(sys *system.System, source, wanted, foreign []string) []string {
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

// debKeys are the keys of a source of the machine.
func debKeys(x *system.Source) (repo.Verifier, []string, error) {
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

// aptOptions are how apt reaches a URL.
func (b *Builder) aptOptions(sys *system.System, u *url.URL) transport.Options {
	o := b.clients.standard
	if o.Proxy == "" {
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
	return o
}
