package deb

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// The priorities of packages that nothing else sets, apt_preferences(5).
const (
	priorityDefault      = 500
	priorityNotAutomatic = 1
	priorityUpgradesOnly = 100 // NotAutomatic with ButAutomaticUpgrades
)

// priorities tells the priority of each package of one repository.
//
// As in apt the first pin of packages by name ("specific") that fits decides.
// Without one, the first pin of all packages ("general") that fits an index
// decides for the packages of that index, else the repository's own priority;
// the highest of a package's indexes counts.
type priorities struct {
	own      int
	specific []pin
	indexes  map[string]indexPriority
}

// indexPriority is the priority of an index, and which specific pins fit it.
type indexPriority struct {
	priority int
	fits     []bool
}

// newPriorities prepares the pins for the given indexes.
func newPriorities(s *scope, indexes []repo.Index) (*priorities, error) {
	source := s.repository.Source
	ps := &priorities{own: ownPriority(source, s.release), indexes: make(map[string]indexPriority, len(indexes))}
	native := ""
	if len(source.Architectures) > 0 {
		native = source.Architectures[0]
	}
	var general []pin
	for _, configured := range source.Pins {
		p, err := newPin(configured, native)
		if err != nil {
			return nil, fmt.Errorf("pin %s %s: %w", strings.Join(configured.Packages, " "), configured.Kind, err)
		}
		if slices.Contains(configured.Packages, "*") {
			general = append(general, p)
		} else {
			ps.specific = append(ps.specific, p)
		}
	}
	hosts := hostsOf(s.repository.URLs)
	for _, ix := range indexes {
		place := s.placeOf(ix)
		fitted := indexPriority{priority: ps.own, fits: make([]bool, len(ps.specific))}
		for i, p := range ps.specific {
			fitted.fits[i] = p.fits(s.release, place, hosts)
		}
		for _, p := range general {
			if p.version == nil && p.fits(s.release, place, hosts) {
				fitted.priority = p.priority
				break
			}
		}
		ps.indexes[ix.Name] = fitted
	}
	return ps, nil
}

func ownPriority(source *repo.Source, release *Release) int {
	switch {
	case source.Priority != nil:
		return *source.Priority
	case release.NotAutomatic && release.ButAutomaticUpgrades:
		return priorityUpgradesOnly
	case release.NotAutomatic:
		return priorityNotAutomatic
	}
	return priorityDefault
}

// of returns the priority of a package.
func (ps *priorities) of(p *repo.Package) int {
	for i, pin := range ps.specific {
		if !pin.matches(p) {
			continue
		}
		if slices.ContainsFunc(p.Listed, func(l repo.Listing) bool { return ps.indexes[l.Index].fits[i] }) {
			return pin.priority
		}
	}
	best := ps.indexes[p.Listed[0].Index].priority
	for _, l := range p.Listed[1:] {
		best = max(best, ps.indexes[l.Index].priority)
	}
	return best
}

// pin is a repo.Pin made ready.
type pin struct {
	priority int
	names    []pinName
	// Of these one is set, according to the kind.
	version    pattern
	origin     pattern
	conditions map[byte]pattern // of a release: letter to pattern
}

// pinName matches packages by name and architecture.
type pinName struct {
	source       bool // it is the name of the source package
	name         pattern
	architecture string // "any" for every one
}

func newPin(configured repo.Pin, native string) (p pin, err error) {
	p.priority = configured.Priority
	for _, name := range configured.Packages {
		n, err := newPinName(name, native)
		if err != nil {
			return p, err
		}
		p.names = append(p.names, n)
	}
	value := strings.TrimSpace(configured.Value)
	switch configured.Kind {
	case "version":
		p.version, err = newPattern(value)
	case "origin":
		p.origin, err = newPattern(strings.Trim(value, `"`))
	case "release":
		p.conditions, err = releaseConditions(value)
	default:
		err = fmt.Errorf("its kind is not version, origin or release")
	}
	return p, err
}

// newPinName reads "[src:]NAME[:ARCH]", whose name is a glob, or a regular
// expression between slashes. Without architecture it is the native one.
func newPinName(s, native string) (n pinName, err error) {
	n.architecture = native
	if native == "" {
		n.architecture = "any"
	}
	s, n.source = strings.CutPrefix(s, "src:")
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, '/') {
		if s[i+1:] != "native" {
			n.architecture = s[i+1:]
		}
		s = s[:i]
	}
	n.name, err = newPattern(s)
	return n, err
}

// releaseConditions reads "a=stable, o=Debian", where the last of each letter
// counts; or a single word, which is the version if it begins with a digit, else
// the suite or codename ('s' here); or "*".
func releaseConditions(value string) (map[byte]pattern, error) {
	conditions := make(map[byte]pattern)
	if !strings.Contains(value, "=") {
		letter := byte('s')
		if value != "" && isDigit(value[0]) {
			letter = 'v'
		}
		p, err := newPattern(value)
		conditions[letter] = p
		return conditions, err
	}
	for _, condition := range strings.Split(value, ",") {
		letter, value, _ := strings.Cut(strings.TrimSpace(condition), "=")
		if len(letter) != 1 || !strings.Contains("anvolcb", letter) {
			return nil, fmt.Errorf("condition %q is not one of a= n= v= o= l= c= b=", condition)
		}
		p, err := newPattern(value)
		if err != nil {
			return nil, err
		}
		conditions[letter[0]] = p
	}
	return conditions, nil
}

// fits reports whether an index is one that the pin is about. A pin to a version
// is about all.
func (p *pin) fits(release *Release, place place, hosts []string) bool {
	switch {
	case p.version != nil:
		return true
	case p.origin != nil:
		return slices.ContainsFunc(hosts, p.origin)
	}
	for letter, matches := range p.conditions {
		var ok bool
		switch letter {
		case 'a':
			ok = release.Suite != "" && matches(release.Suite)
		case 'n':
			ok = release.Codename != "" && matches(release.Codename)
		case 's':
			ok = matches(release.Suite) || matches(release.Codename)
		case 'v':
			ok = release.Version != "" && matches(release.Version)
		case 'o':
			ok = release.Origin != "" && matches(release.Origin)
		case 'l':
			ok = release.Label != "" && matches(release.Label)
		case 'c':
			ok = place.component != "" && matches(place.component)
		case 'b':
			ok = place.architecture != "" && matches(place.architecture)
		}
		if !ok {
			return false
		}
	}
	return true
}

// matches reports whether the package is one that the pin names.
func (p *pin) matches(pkg *repo.Package) bool {
	named := slices.ContainsFunc(p.names, func(n pinName) bool {
		name := pkg.Name
		if n.source {
			name = pkg.Source
		}
		if n.architecture != "any" && !pkg.On(n.architecture, n.architecture) {
			return false
		}
		return n.name(name)
	})
	return named && (p.version == nil || p.version(pkg.Version))
}

// pattern matches strings as apt's preferences do, without regard to case.
type pattern func(s string) bool

// newPattern makes a pattern of a glob, or of a regular expression between
// slashes.
func newPattern(s string) (pattern, error) {
	if len(s) > 1 && s[0] == '/' && s[len(s)-1] == '/' {
		re, err := regexp.Compile("(?i)" + s[1:len(s)-1])
		if err != nil {
			return nil, fmt.Errorf("regular expression %s: %w", s, err)
		}
		return re.MatchString, nil
	}
	glob := strings.ToLower(s)
	return func(s string) bool { return repo.Match(glob, strings.ToLower(s)) }, nil
}

// hostsOf are the hosts of the URLs, "" for those of local files.
func hostsOf(urls []string) (hosts []string) {
	for _, s := range urls {
		host := ""
		if u, err := url.Parse(s); err == nil {
			host = u.Hostname()
		}
		hosts = append(hosts, host)
	}
	return hosts
}
