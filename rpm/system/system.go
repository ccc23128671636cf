package system

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// System is what a machine's configuration of dnf, yum and zypper says, as far as
// it matters to a mirror.
type System struct {
	// Sources are the repositories that are enabled, those of dnf first, each
	// program's in the order in which it prefers them.
	Sources []Source
	// Architecture is the machine's own, as rpm calls it ("x86_64").
	Architecture string
	// Releasever is the value of $releasever, "" where nothing tells it.
	Releasever string
	// Recommends tells whether weak dependencies are installed.
	Recommends bool
	// Notes tell what of the configuration has no effect here, and why.
	Notes []string

	files         files
	environment   []string
	installed     rpmDatabase
	installedKeys []byte
	dnfFiles      []string          // of repositories, that dnf was told to read
	claimed       map[string]string // places of repositories by their id
}

// Read reads the configuration of the machine whose root directory is root: "/"
// for this one, else that of a chroot, where all paths in the configuration,
// those of keys and file: URLs too, are paths below it. Variables of the
// environment that set $variables count for "/" only; proxies come from the
// environment in any case.
//
// A machine without any repository is no error.
func Read(root string) (*System, error) {
	architecture, err := machineArchitecture()
	if err != nil {
		return nil, err
	}
	return read(root, architecture, os.Environ())
}

func read(root, architecture string, environment []string) (*System, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("rpm configuration: %w", err)
	}
	s := &System{Architecture: architecture, Recommends: true, files: files{root}, environment: environment, claimed: map[string]string{}}
	s.installed = s.files.rpmDatabase()
	if err := s.readDNF(); err != nil {
		return nil, fmt.Errorf("dnf configuration: %w", err)
	}
	if err := s.readZypper(); err != nil {
		return nil, fmt.Errorf("zypper configuration: %w", err)
	}
	return s, nil
}

func (s *System) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(s.Notes, n) {
		s.Notes = append(s.Notes, n)
	}
}

// getenv returns a variable of the environment, "" where it is not set.
func (s *System) getenv(name string) string {
	for _, assignment := range s.environment {
		if value, found := strings.CutPrefix(assignment, name+"="); found {
			return value
		}
	}
	return ""
}

// own is the environment as far as it is about this machine, and not about another
// one's root.
func (s *System) own() []string {
	if s.files.root != "/" {
		return nil
	}
	return s.environment
}
