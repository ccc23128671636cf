package rpm

import (
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// isSource reports whether packages of the architecture are source packages.
func isSource(architecture string) bool {
	return architecture == sourceArchitecture || architecture == noSourceArchitecture
}

// nevra is the name of a package file in its parts.
type nevra struct{ name, version, architecture string }

// parseNEVRA reads "name-epoch:version-release.architecture"; the epoch may be left
// out.
func parseNEVRA(s string) (n nevra, ok bool) {
	dot := strings.LastIndexByte(s, '.')
	if dot < 0 {
		return n, false
	}
	n.architecture = s[dot+1:]
	release := strings.LastIndexByte(s[:dot], '-')
	if release < 0 {
		return n, false
	}
	version := strings.LastIndexByte(s[:release], '-')
	if version <= 0 {
		return n, false
	}
	n.name, n.version = s[:version], s[version+1:dot]
	return n, true
}

// key is the form of [appendKey].
func (n nevra) key() string {
	return n.name + "-" + strings.TrimPrefix(n.version, "0:") + "." + n.architecture
}

// appendKey appends the package's name, version and architecture, as they are looked
// up among the artifacts of modules.
func appendKey(to []byte, p *repo.Package) []byte {
	to = append(append(to, p.Name...), '-')
	to = append(append(to, p.Version...), '.')
	return append(to, p.Architecture...)
}
