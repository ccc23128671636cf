package deb

import (
	"fmt"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ClientSource is a repository as a source of apt.
type ClientSource struct {
	URL        string // of the archive root
	Suite      string // ends in "/" for a flat one
	Components []string
	// Architectures are those that the source is limited to; none for all.
	Architectures []string
	// Sources is set where it has source packages.
	Sources bool
	// ByHash is set where indexes can be fetched by digest.
	ByHash bool
	// IgnoreValidUntil is set where the Release will expire and stay.
	IgnoreValidUntil bool
	// Key is the armoured key that signs it; "" for a repository that is not signed.
	Key string
}

// NewClientSource describes the repository for apt, as far as it is there.
func NewClientSource(url string, r *repo.Repository, root *repo.Root) ClientSource {
	s := ClientSource{URL: url, Suite: r.Name, Components: r.Source.Components}
	if release, ok := root.Detail.(*Release); ok {
		s.ByHash = release.AcquireByHash
	}
	if !isFlat(r) {
		s.Architectures = r.Source.Architectures
	}
	return s
}

// Deb822 writes the source as deb822 text, sources.list(5), with the key in it. It needs
// apt 2.3.10.
func (s ClientSource) Deb822() string {
	var b strings.Builder
	types := "deb"
	if s.Sources {
		types = "deb deb-src"
	}
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	field("Types", types)
	field("URIs", s.URL)
	field("Suites", s.Suite)
	field("Components", strings.Join(s.Components, " "))
	field("Architectures", strings.Join(s.Architectures, " "))
	if s.ByHash {
		field("By-Hash", "force")
	}
	if s.IgnoreValidUntil {
		field("Check-Valid-Until", "no")
	}
	if s.Key == "" {
		field("Trusted", "yes")
		return b.String()
	}
	b.WriteString("Signed-By:\n")
	for line := range strings.Lines(s.Key) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			line = "."
		}
		b.WriteString(" " + line + "\n")
	}
	return b.String()
}

// Line writes the source as a line of sources.list(5); keyFile is where the key lies on
// the client.
func (s ClientSource) Line(keyFile string) string {
	var options []string
	if len(s.Architectures) > 0 {
		options = append(options, "arch="+strings.Join(s.Architectures, ","))
	}
	if s.ByHash {
		options = append(options, "by-hash=force")
	}
	if s.IgnoreValidUntil {
		options = append(options, "check-valid-until=no")
	}
	if s.Key != "" {
		options = append(options, "signed-by="+keyFile)
	} else {
		options = append(options, "trusted=yes")
	}
	rest := fmt.Sprintf("[%s] %s", strings.Join(options, " "), strings.Join(append([]string{s.URL, s.Suite}, s.Components...), " "))
	if s.Sources {
		return "deb " + rest + "\ndeb-src " + rest + "\n"
	}
	return "deb " + rest + "\n"
}
