package watch

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Repository is what sites are judged by: the generations of a source's repository, or
// timestamps in directories, or both.
type Repository struct {
	Name string
	// Format and Source name the repositories whose generations are compared; nil for
	// a tree that is judged by timestamps alone. One watched repository may have several
	// (suites): a site has to hold all of them.
	Roots []Root
	// Directories hold a timestamp each, Stamp is its file name.
	Directories []string
	Stamp       string
	// MaxAge is how old a timestamp may be before the site counts as behind.
	MaxAge time.Duration
	// NewestStamp judges a site by the newest of its timestamps, not by the oldest of the
	// directories that it ever served: the rule of an older system, for its configurations.
	NewestStamp bool
}

// Root is one repository (a deb suite, an rpm repository) of a watched one.
type Root struct {
	// Name is that of the repository, "source/suite".
	Name string
	// Type is the name of its format.
	Type string
	// Path is where sites have it below their URL, "" for the URL itself.
	Path string
	*repo.Repository
}

// Site is a mirror that others run.
type Site struct {
	// URL identifies the site, without a slash at its end.
	URL          string
	Repositories []string
	Country      string // ISO 3166-1, two letters; "" if unknown
	// Networks are those whose clients the site is there for before all others, and ASN the
	// number of the autonomous system (RFC 1930) that it stands in, 0 if unknown.
	Networks []netip.Prefix
	ASN      uint32
	// Schemes are further ones than that of the URL: "http", "https", "rsync".
	Schemes []string
	// Every address of the site's name is an endpoint of its own.
	EachAddress bool
	// Whitelisted sites are listed whatever their verdict.
	Whitelisted bool
	Weight      int // among the sites of a list; 0 counts as 100
	// Paused sites are neither probed nor listed.
	Paused bool
	// SlowStart is how many times the timestamp has to change before the site counts.
	SlowStart int
	Period    time.Duration // between looks; 0 for that of all
	// Scope is what the site holds where it does not hold all; nil for all.
	Scope *Scope
	// Directories are those of the timestamps that the site has to hold; nil for those
	// that it ever served.
	Directories []string
	Admin       string // address of the site's admin, for alerts
}

// Scope is the part of a repository that a site holds by agreement.
type Scope struct{ Architectures, Components []string }

// Holds reports whether a part of a repository is in the scope: what belongs to no
// architecture or component is, and where the scope names none, all are.
func (s *Scope) Holds(p Part) bool {
	among := func(list []string, x string) bool { return len(list) == 0 || x == "" || slices.Contains(list, x) }
	return s == nil || among(s.Architectures, p.Architecture) && among(s.Components, p.Component)
}

// Endpoint is one way to reach a site. What a site serves may differ by it.
type Endpoint struct {
	Scheme string     `json:"scheme"`           // "http", "https", "rsync"
	Family int        `json:"family"`           // 4, 6, or 0 where any is used
	Addr   netip.Addr `json:"address,omitzero"` // only where each address is looked at
}
