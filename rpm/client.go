package rpm

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Client says how dnf goes about it: what obsoletes a package takes its place, and
// weak dependencies are looked at when all hard ones are satisfied.
func (Format) Client() repo.Client {
	return repo.Client{ObsoletesExclude: true, Backtracks: true, WeakLast: true, Reverse: true, ProvidersByName: true}
}

// Coinstallable is true for packages of different colours, 32 and 64 bits, at any
// versions, and for install-only packages, such as kernels, in several versions.
// Packages for every architecture have both colours.
func (Format) Coinstallable(p, q *repo.Package) bool {
	if installOnly(p) && installOnly(q) {
		return true
	}
	return !p.Anywhere() && !q.Anywhere() && wide(p.Architecture) != wide(q.Architecture)
}

// InstallCommand names each package with version and architecture (dnf(8), "NEVRA
// Matching").
func (Format) InstallCommand(packages []*repo.Package, _ string) string {
	command := "dnf install"
	for _, p := range packages {
		command += " " + p.Name + "-" + p.Version + "." + p.Architecture
	}
	return command
}

// installOnlyNames are the default of dnf's installonlypkgs (dnf.conf(5)), and with it
// what zypper's multiversion means: a package is install-only that has the name or
// provides it.
var installOnlyNames = []string{
	"kernel", "kernel-PAE", "installonlypkg(kernel)", "installonlypkg(kernel-module)", "installonlypkg(vm)", "multiversion(kernel)",
}

func installOnly(p *repo.Package) bool {
	return slices.Contains(installOnlyNames, p.Name) ||
		slices.ContainsFunc(p.Provides, func(x repo.Provide) bool { return slices.Contains(installOnlyNames, x.Name) })
}

// Line is the module stream that the package belongs to, such as "nodejs:18", the
// first one of several. Only [Format.Link] knows it.
func (Format) Line(p *repo.Package) string {
	if d, ok := p.Detail.(*detail); ok && len(d.streams) > 0 {
		return streamOf(d.streams[0]).String()
	}
	return ""
}

// Forms are those that dnf understands beside the name (dnf(8), "NEVRA Matching"):
// name.arch, name-version and so on up to epoch:name-version-release.arch. An epoch of
// 0 may be written or not.
func (Format) Forms(p *repo.Package) []string {
	v := ParseVersion(p.Version)
	release := v.Version + "-" + v.Release
	withEpoch := epoch(v) + ":" + release
	arch := "." + p.Architecture
	return []string{
		p.Name + arch,
		p.Name + "-" + v.Version,
		p.Name + "-" + release,
		p.Name + "-" + release + arch,
		p.Name + "-" + epoch(v) + ":" + v.Version,
		p.Name + "-" + withEpoch,
		p.Name + "-" + withEpoch + arch,
		epoch(v) + ":" + p.Name + "-" + release + arch,
	}
}
