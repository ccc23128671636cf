package deb

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// defaultKinds are the kinds that apt fetches by default on some machine or
// other: one that is listed and absent breaks apt-get update.
var defaultKinds = []string{packagesKind, translationsKind, dep11Kind, iconsKind, cnfKind, releaseKind}

// catalogKinds are the kinds that partial mirrors have.
var catalogKinds = []string{packagesKind, sourcesKind, translationsKind}

// InScope picks the indexes of the source's components and architectures that
// are of the kinds it includes.
//
// Without Include that is what apt fetches by default: packages, translations,
// dep11, icons, cnf, and the small Release files beside the packages. Include
// adds kinds to these, or, if "packages" is not among them, takes their place.
// No components are all of the Release's.
func (Format) InScope(r *repo.Repository, root *repo.Root) ([]repo.Index, error) {
	s, err := newScope(r, root)
	if err != nil {
		return nil, err
	}
	return s.pick(root)
}

// CatalogIndexes picks packages, sources where the source includes them, and the
// translations of the source's languages, by default English.
func (Format) CatalogIndexes(r *repo.Repository, root *repo.Root) ([]repo.Index, error) {
	s, err := newCatalogScope(r, root)
	if err != nil {
		return nil, err
	}
	return s.pick(root)
}

// scope is which of a Release's indexes are wanted.
type scope struct {
	repository    *repo.Repository
	release       *Release
	kinds         []string
	components    []string // in the words of the Release
	architectures []string // with "all" where it has indexes of its own
	// allPackages says that arch:all packages have a Packages of their own.
	allPackages bool
	// languages of translations; nil: all.
	languages []string
}

// newScope is the scope of full mirrors.
func newScope(r *repo.Repository, root *repo.Root) (*scope, error) {
	release, ok := root.Detail.(*Release)
	if !ok {
		return nil, fmt.Errorf("%s: the root is not one of a deb repository", r)
	}
	s := &scope{repository: r, release: release, kinds: includedKinds(r.Source.Include)}
	if isFlat(r) {
		return s, nil
	}
	places := make([]place, len(root.Indexes))
	for i, ix := range root.Indexes {
		places[i] = s.placeOf(ix)
	}
	if err := s.setComponents(places); err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	if err := s.setArchitectures(places); err != nil {
		return nil, fmt.Errorf("%s: %w", r, err)
	}
	return s, nil
}

// newCatalogScope is the scope of partial mirrors.
func newCatalogScope(r *repo.Repository, root *repo.Root) (*scope, error) {
	s, err := newScope(r, root)
	if err != nil {
		return nil, err
	}
	s.languages = r.Source.Languages
	if s.languages == nil {
		s.languages = []string{"en"}
	}
	s.kinds = slices.DeleteFunc(s.kinds, func(kind string) bool {
		return !slices.Contains(catalogKinds, kind)
	})
	if len(s.kinds) == 0 {
		return nil, fmt.Errorf("%s: a partial mirror needs the kind packages or sources", r)
	}
	return s, nil
}

func includedKinds(include []string) []string {
	if len(include) > 0 && !slices.Contains(include, packagesKind) {
		return append(slices.Clone(include), releaseKind)
	}
	return append(slices.Clone(defaultKinds), include...)
}

// setComponents checks the source's components against the Release's.
func (s *scope) setComponents(places []place) error {
	if len(s.release.Components) == 0 {
		// It does not say: its directories do.
		for _, p := range places {
			if p.kind == packagesKind && p.component != "" {
				s.components = append(s.components, p.component)
			}
		}
		slices.Sort(s.components)
		s.components = slices.Compact(s.components)
	} else {
		s.components = s.release.Components
	}
	if len(s.repository.Source.Components) == 0 {
		return nil
	}
	var wanted []string
	for _, asked := range s.repository.Source.Components {
		component := match(asked, s.components)
		if component == "" {
			return fmt.Errorf("there is no component %q; it has %s", asked, strings.Join(s.components, ", "))
		}
		wanted = append(wanted, component)
	}
	s.components = wanted
	return nil
}

// match finds a component by its name or, as "updates/main" is also valid as
// "main", by the last part of it; "" if there is none.
func match(asked string, components []string) string {
	if slices.Contains(components, asked) {
		return asked
	}
	for _, c := range components {
		if path.Base(c) == asked || path.Base(asked) == c {
			return c
		}
	}
	return ""
}

// setArchitectures checks the source's architectures against the Release's, and
// adds "all".
func (s *scope) setArchitectures(places []place) error {
	asked := s.repository.Source.Architectures
	if len(asked) == 0 {
		if !slices.ContainsFunc(s.kinds, ofArchitecture) {
			return nil
		}
		return fmt.Errorf("the source names no architectures; the suite has %s", strings.Join(s.release.Architectures, ", "))
	}
	for _, a := range asked {
		// A variant such as amd64v3 may be there without being announced.
		here := slices.Contains(s.release.Architectures, a) || slices.ContainsFunc(places, func(p place) bool {
			return p.kind == packagesKind && p.architecture == a
		})
		if !here {
			return fmt.Errorf("there is no architecture %q; it has %s", a, strings.Join(s.release.Architectures, ", "))
		}
	}
	s.architectures = slices.Clone(asked)
	// As apt does, binary-all is used if "all" is announced, and for packages not
	// if it only repeats what is in each architecture's own index.
	if len(s.release.Architectures) == 0 || slices.Contains(s.release.Architectures, "all") {
		s.architectures = append(s.architectures, "all")
		s.allPackages = !slices.Contains(s.release.NoSupportForAll, "Packages")
	}
	return nil
}

// ofArchitecture reports whether indexes of the kind are of one architecture.
func ofArchitecture(kind string) bool {
	switch kind {
	case sourcesKind, translationsKind, iconsKind, releaseKind, pdiffsKind, otherKind:
		return false
	}
	return true
}

// pick returns the root's indexes that are in scope.
func (s *scope) pick(root *repo.Root) ([]repo.Index, error) {
	var picked []repo.Index
	for _, ix := range root.Indexes {
		if s.holds(s.placeOf(ix)) {
			picked = append(picked, ix)
		}
	}
	for _, kind := range []string{packagesKind, sourcesKind} {
		found := slices.ContainsFunc(picked, func(ix repo.Index) bool { return ix.Kind == kind })
		if slices.Contains(s.kinds, kind) && !found && (kind == packagesKind || !slices.Contains(s.kinds, packagesKind)) {
			return nil, fmt.Errorf("%s: %s lists no %s of components %s for architectures %s", s.repository, root.Form.Main, kind,
				strings.Join(s.components, ", "), strings.Join(s.architectures, ", "))
		}
	}
	return picked, nil
}

// placeOf is where an index of the root belongs.
func (s *scope) placeOf(ix repo.Index) place {
	return placeOf(strings.TrimPrefix(strings.TrimPrefix(ix.Name, rootDir(s.repository)), "/"))
}

func (s *scope) holds(p place) bool {
	if !slices.Contains(s.kinds, p.kind) {
		return false
	}
	kind := p.kind
	if p.of != "" {
		if kind = p.of; !slices.Contains(s.kinds, kind) {
			return false
		}
	}
	if isFlat(s.repository) {
		return p.component == "" || p.kind == otherKind
	}
	return s.holdsComponent(p) && s.holdsArchitecture(kind, p) && s.holdsLanguage(p)
}

func (s *scope) holdsComponent(p place) bool {
	if p.component == "" {
		return p.kind == contentsKind || p.kind == otherKind
	}
	component := match(p.component, s.release.Components)
	if p.kind == otherKind {
		// Its directory is a component with more behind it, or none at all.
		for dir := p.component; component == "" && dir != "."; dir = path.Dir(dir) {
			component = match(dir, s.release.Components)
		}
		return component == "" || slices.Contains(s.components, component)
	}
	if len(s.release.Components) == 0 {
		component = p.component
	}
	return slices.Contains(s.components, component)
}

func (s *scope) holdsArchitecture(kind string, p place) bool {
	switch {
	case !ofArchitecture(kind):
		return true
	case kind == contentsKind && p.architecture == "source":
		return slices.Contains(s.kinds, sourcesKind)
	case kind == contentsKind && p.udeb && !slices.Contains(s.kinds, udebsKind):
		return false
	case (kind == packagesKind || kind == udebsKind) && p.architecture == "all":
		return s.allPackages
	}
	return slices.Contains(s.architectures, p.architecture)
}

func (s *scope) holdsLanguage(p place) bool {
	return p.kind != translationsKind || s.languages == nil || slices.Contains(s.languages, p.language)
}
