package system

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Source is one repository of the machine. It has either URLs or the address of
// a list of mirrors, with all variables replaced. Name is its id.
//
// It is Trusted where the program that uses it believes the metadata without a
// signature, which is usual, and CheckPackages is set where that program checks
// the signatures of packages.
type Source struct {
	repo.Source

	// Keys are paths of key files, and KeyURLs the addresses (http, https) of those
	// that the program would fetch, after it has asked its user.
	Keys    []string
	KeyURLs []string
	// KeyData are the armoured keys that the machine's rpm trusts already, where the
	// configuration names none.
	KeyData []byte

	// TLS is how the program connects to the source's https servers.
	TLS TLS
	// Login and Password are for all of the source's servers.
	Login, Password string

	// Optional is set where the machine goes on when the source cannot be read.
	Optional bool

	// Place is where the source stands, "file:line", for messages.
	Place string

	cost        int     // of sources of one priority the cheaper is preferred
	proxy       *string // nil where the environment decides, "" for none
	environment func(name string) string
}

// TLS is how the program connects to an https server. Paths are "" where nothing
// is set.
type TLS struct {
	// Authorities is a PEM file of those to trust instead of the machine's.
	Authorities string
	// Certificate and Key are PEM files to identify with.
	Certificate, Key string
	// SkipPeer and SkipHost are set where the server's certificate is not checked,
	// or not for its name.
	SkipPeer, SkipHost bool
}

// Credential returns the credentials that the machine has for a URL of the
// source, in the URL itself or in the configuration.
func (s *Source) Credential(u *url.URL) (login, password string, ok bool) {
	if u.User != nil {
		password, _ = u.User.Password()
		return u.User.Username(), password, true
	}
	return s.Login, s.Password, s.Login != ""
}

// The priorities of dnf and zypper, of which the lower wins, and of mirrors.
const (
	defaultPriority = 99
	priorityZero    = 599 // dnf's default is the default of mirrors, 500
)

// mirrorPriority turns a priority of dnf or zypper around. The last ones fall
// together, for packages of a negative priority would never be picked.
func mirrorPriority(p int) *int {
	priority := max(priorityZero-p, 1)
	return &priority
}

// sorted are the sources as their program prefers them: by priority, then by cost.
func sorted(sources []Source) []Source {
	slices.SortStableFunc(sources, func(a, b Source) int {
		return cmp.Or(cmp.Compare(*b.Priority, *a.Priority), cmp.Compare(a.cost, b.cost))
	})
	return sources
}

// claim reports whether a repository is the first of its id, which is the one that
// counts, be it enabled or not.
func (s *System) claim(id, place string) bool {
	first, claimed := s.claimed[id]
	if claimed {
		s.note("%s: the repository %s is left out: it stands at %s already", place, id, first)
		return false
	}
	s.claimed[id] = place
	return true
}

// addKeys adds the key files of a list, whose paths and file: URLs are those of
// the machine.
func (s *System) addKeys(to *Source, place string, addresses []string) {
	for _, address := range addresses {
		scheme, _, _ := strings.Cut(address, ":")
		switch {
		case strings.HasPrefix(address, "/"):
			to.Keys = append(to.Keys, s.files.on(address))
		case scheme == "http" || scheme == "https":
			to.KeyURLs = append(to.KeyURLs, address)
		case scheme == "file":
			u, err := url.Parse(quotedURL(address))
			if err == nil && strings.HasPrefix(u.Path, "/") {
				to.Keys = append(to.Keys, s.files.on(u.Path))
				continue
			}
			s.note("%s: the key %q is left out: expected file:///PATH", place, withoutUser(address))
		default:
			s.note("%s: the key %q is left out: expected a file, or an http or https URL", place, withoutUser(address))
		}
	}
}

// addInstalledKeys gives a source that needs keys and names none those that the
// machine's rpm trusts.
func (s *System) addInstalledKeys(to *Source) (err error) {
	if len(to.Keys)+len(to.KeyURLs) > 0 || to.Trusted && !to.CheckPackages {
		return nil
	}
	if s.installedKeys == nil {
		if s.installedKeys, err = s.installed.keys(); err != nil {
			return err
		}
	}
	if to.KeyData = s.installedKeys; len(to.KeyData) == 0 {
		to.KeyData = nil
		s.note("%s: signatures are to be checked and there is no key: set gpgkey, or import one with rpm --import", to.Place)
	}
	return nil
}

// leaveOut tells why a source cannot be mirrored: in a note where the machine
// itself would go on without it, or could use it; else it is the error.
func (s *System) leaveOut(o *options, name, id string, optional bool, err error) error {
	if !optional {
		return fmt.Errorf("%s: repository %s: %w", o.place(name), id, err)
	}
	s.note("%s: the repository %s is left out: %v", o.place(name), id, err)
	return nil
}
