package system

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// System is what a machine's apt configuration says, as far as it matters to a
// mirror.
type System struct {
	// Sources are the sources that are enabled, in apt's order: of packages that
	// are the same in several, apt takes those of the first.
	Sources []Source
	// Architecture is the machine's own, as Debian calls it ("amd64"); Foreign are
	// the others that it installs packages of.
	Architecture string
	Foreign      []string
	// Pins are apt's preferences (apt_preferences(5)), APT::Default-Release as one
	// of them, in this order: of those for packages by name the first that applies
	// to a version counts; without one, of those for "*" alone the first that
	// applies to its repository. Those of priority -32768 ("never") come first, and
	// go before those by name as well. Names may carry "src:" for a source package,
	// and ":any" or an architecture; without one they mean the machine's own.
	Pins []repo.Pin
	// CheckValidUntil is false where the machine accepts expired repositories,
	// unless a source says otherwise for itself.
	CheckValidUntil bool
	// Recommends and Suggests tell which weak dependencies apt installs.
	Recommends, Suggests bool
	// Languages are those that apt fetches translations of; none if it is empty.
	Languages []string
	// Credentials are those of apt_auth.conf(5), in their order.
	Credentials []Credential
	// Notes tell what of the configuration has no effect here, and why.
	Notes []string

	files         files
	configuration *configuration
	environment   func(name string) string
}

// Read reads the configuration of the machine whose root directory is root: "/"
// for this one, else that of a chroot, where all paths in the configuration,
// those of keys and file: URIs too, are paths below it. The environment's
// APT_CONFIG counts for "/" only; proxies and language come from the environment
// as apt takes them.
//
// A machine without any source is no error.
func Read(root string) (*System, error) {
	return read(root, os.Getenv)
}

func read(root string, environment func(name string) string) (*System, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("apt configuration: %w", err)
	}
	s := &System{files: files{root}, environment: environment}
	if err := s.read(); err != nil {
		return nil, fmt.Errorf("apt configuration: %w", err)
	}
	return s, nil
}

func (s *System) read() (err error) {
	aptConfig := ""
	if s.files.root == "/" {
		aptConfig = s.environment("APT_CONFIG")
	}
	if s.configuration, err = s.files.configuration(aptConfig); err != nil {
		return err
	}
	c := s.configuration
	s.Recommends = c.enabled("APT::Install-Recommends", true)
	s.Suggests = c.enabled("APT::Install-Suggests", false)
	s.CheckValidUntil = c.enabled("Acquire::Check-Valid-Until", true) && c.enabled("Acquire::Check-Date", true)
	s.Languages = languages(c.list("Acquire::Languages"), s.environment)
	if err = s.readArchitectures(); err != nil {
		return err
	}
	if err = s.readPreferences(); err != nil {
		return err
	}
	if err = s.readCredentials(); err != nil {
		return err
	}
	s.noteSettings()
	return s.readSources()
}

// noteSettings notes settings for all sources that have no effect here.
func (s *System) noteSettings() {
	for _, name := range []string{
		"Acquire::AllowInsecureRepositories",
		"Acquire::AllowWeakRepositories",
		"Acquire::AllowDowngradeToInsecureRepositories",
	} {
		if s.configuration.enabled(name, false) {
			s.note("%s has no effect: repositories need a valid signature, or trusted=yes on the source", name)
		}
	}
	for _, name := range []string{"Acquire::Min-ValidTime", "Acquire::Max-ValidTime"} {
		if s.configuration.value(name) != "" {
			s.note("%s has no effect: repositories are valid as long as they say", name)
		}
	}
	for _, scheme := range []string{"http", "https"} {
		for _, name := range []string{"Proxy-Auto-Detect", "ProxyAutoDetect"} {
			name = "Acquire::" + scheme + "::" + name
			if command := s.configuration.value(name); command != "" {
				s.note("%s %q is not run: set a proxy with Acquire::%s::Proxy", name, command, scheme)
			}
		}
	}
}

func (s *System) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(s.Notes, n) {
		s.Notes = append(s.Notes, n)
	}
}

// setting returns an option of apt's http methods for a URL: one for the host
// before one for all, and for https its own before those of http.
func (s *System) setting(u *url.URL, name string) string {
	methods := []string{u.Scheme}
	if u.Scheme == "https" {
		methods = append(methods, "http")
	}
	for _, host := range []string{"::" + u.Hostname(), ""} {
		for _, method := range methods {
			if v := s.configuration.value("Acquire::" + method + "::" + name + host); v != "" {
				return v
			}
		}
	}
	return ""
}
