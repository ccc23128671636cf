package deb

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Client says how apt goes about it: package by package. What a package replaces
// can stay beside it; Conflicts and Breaks say what cannot.
func (Format) Client() repo.Client { return repo.Client{} }

// Coinstallable is true for the same version for different architectures, where
// both allow it (Multi-Arch: same).
func (Format) Coinstallable(p, q *repo.Package) bool {
	return repo.BasicRules{}.Coinstallable(p, q)
}

// Line is the same for all packages.
func (Format) Line(*repo.Package) string { return "" }

// Forms returns nothing: apt's NAME=VERSION and NAME:ARCHITECTURE are constraints.
func (Format) Forms(*repo.Package) []string { return nil }

// Machines are one kind for each architecture: which foreign ones machines accept is
// configured on them (dpkg --add-architecture).
func (Format) Machines(architectures []string) (machines []repo.Machine) {
	for _, a := range architectures {
		if a != "all" && !slices.ContainsFunc(machines, func(m repo.Machine) bool { return m.Native == a }) {
			machines = append(machines, repo.Machine{Native: a})
		}
	}
	return machines
}

// InstallCommand names each package with its version, and with its architecture where
// that is not the machine's (apt-get(8)).
func (Format) InstallCommand(packages []*repo.Package, native string) string {
	command := "apt-get install"
	for _, p := range packages {
		command += " " + p.Name
		if !p.On(native, native) {
			command += ":" + p.Architecture
		}
		command += "=" + p.Version
	}
	return command
}

// Link joins the packages of the repositories: each tells all of itself.
func (Format) Link(all []repo.Reading, _ repo.Wanted) (packages []*repo.Package, err error) {
	for _, r := range all {
		packages = append(packages, r.Packages...)
	}
	return packages, nil
}

// CheckPackage fails: apt trusts the Release, and packages carry no signature.
func (Format) CheckPackage(string, io.Reader, repo.Verifier, time.Time) error {
	return errors.New("packages of deb repositories carry no signature")
}
