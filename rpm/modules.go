package rpm

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
)

// modules are the module streams of all repositories of a mirror, and which of them
// are active.
//
// Clients see the packages of active streams only, and of these modules no package
// that is of no module but has the name of one that is: so a distribution can offer
// several lines of versions. A stream is active when it is the default of its module,
// or is enabled, on a client by its administrator, here by a group that names it, or
// required by another active one (dnf's modularity.7).
type modules struct {
	builds   []*modulemd.Stream // as they stand in the repositories
	byModule map[string][]*modulemd.Stream
	defaults map[string]string // stream by module
	feasible map[*modulemd.Stream]bool
	some     bool // there are others: what none of these is may be met by them

	// order are the active streams in the order in which they became so.
	order     []stream
	active    map[stream]bool
	fixed     map[string]bool               // modules of which no further stream becomes active
	refused   map[stream]bool               // streams that cannot become active with those that are fixed
	artifacts map[string][]*modulemd.Stream // active builds by artifact, none for hidden ones
	binaries  map[string]bool               // names of active artifacts
	sources   map[string]bool
}

// stream is a stream of a module.
type stream struct{ module, name string }

func (s stream) String() string { return s.module + ":" + s.name }

func streamOf(b *modulemd.Stream) stream { return stream{b.Name, b.Stream} }

// platform is the module that stands for the system itself, which is always there.
const platform = "platform"

// readModules reads the modules of all repositories.
func readModules(all []repo.Reading) (*modules, error) {
	var indexes []*modulemd.Index
	for _, of := range all {
		err := readIndex(of, modulesKind, func(content io.Reader, name string) error {
			ix, err := modulemd.Parse(content, name)
			indexes = append(indexes, ix)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return newModules(indexes, false), nil
}

func newModules(indexes []*modulemd.Index, some bool) *modules {
	m := &modules{some: some, byModule: map[string][]*modulemd.Stream{}, defaults: map[string]string{}, active: map[stream]bool{}, refused: map[stream]bool{}}
	var defaults []*modulemd.Defaults
	for _, ix := range indexes {
		m.builds = append(m.builds, ix.Streams...)
		defaults = append(defaults, ix.Defaults...)
	}
	for _, b := range m.builds {
		m.byModule[b.Name] = append(m.byModule[b.Name], b)
	}
	for module := range m.byModule {
		if d := modulemd.DefaultsOf(defaults, module); d != nil && m.has(stream{module, d.Stream}) {
			m.defaults[module] = d.Stream
		}
	}
	m.findFeasible()
	return m
}

func (m *modules) has(s stream) bool {
	return slices.ContainsFunc(m.byModule[s.module], func(b *modulemd.Stream) bool { return b.Stream == s.name })
}

// activate decides which streams are active, when the groups name some: these first,
// and what they require, then the defaults of all other modules that can be active
// beside them.
func (m *modules) activate(groups []string) {
	for _, group := range groups {
		if s, ok := m.streamNamed(group); ok && !m.active[s] {
			m.add(s)
		}
	}
	for _, s := range slices.Clone(m.order) {
		m.enableRequired(s) // or it is shown, although no client can enable it
	}
	m.fixed = map[string]bool{}
	for _, s := range m.order {
		m.fixed[s.module] = true
	}
	for _, b := range m.builds {
		if !m.fixed[b.Name] && m.defaults[b.Name] == b.Stream {
			m.enable(streamOf(b))
		}
	}
	m.indexArtifacts()
}

// activateAll makes every stream active, although no client could.
func (m *modules) activateAll() {
	for _, b := range m.builds {
		if s := streamOf(b); !m.active[s] {
			m.add(s)
		}
	}
	m.indexArtifacts()
}

// streamNamed reads the name of a group as that of a module: "nodejs", which means its
// default stream, or the only one, "nodejs:18", each with a profile or without,
// "nodejs:18/common".
func (m *modules) streamNamed(group string) (s stream, ok bool) {
	name, _, _ := strings.Cut(group, "/")
	s.module, s.name, ok = strings.Cut(name, ":")
	if !ok {
		if s.name, ok = m.defaultOf(s.module); !ok {
			return s, false
		}
	}
	return s, m.has(s)
}

// defaultOf is the stream that is meant by the module alone.
func (m *modules) defaultOf(module string) (name string, ok bool) {
	if name, ok = m.defaults[module]; ok {
		return name, true
	}
	for i, b := range m.byModule[module] {
		if i > 0 && b.Stream != name {
			return "", false
		}
		name = b.Stream
	}
	return name, name != ""
}

func (m *modules) add(s stream) {
	m.active[s] = true
	m.order = append(m.order, s)
}

// enable makes a stream active, with what it requires. Where that cannot be, nothing
// changes.
func (m *modules) enable(s stream) bool {
	if m.active[s] {
		return true
	}
	if m.refused[s] {
		return false
	}
	before := len(m.order)
	m.add(s)
	if m.enableRequired(s) {
		return true
	}
	m.undo(before)
	m.refused[s] = true
	return false
}

// undo makes inactive what became active after the first streams.
func (m *modules) undo(before int) {
	for _, s := range m.order[before:] {
		delete(m.active, s)
	}
	m.order = m.order[:before]
}

// enableRequired enables what an active stream requires, if no build of it can do with
// what is active: that of the newest build for which it can be.
func (m *modules) enableRequired(s stream) bool {
	var builds []*modulemd.Stream
	for _, b := range m.byModule[s.module] {
		if b.Stream == s.name && m.feasible[b] {
			if m.meets(b, m.isActive) {
				return true
			}
			builds = append(builds, b)
		}
	}
	slices.SortStableFunc(builds, func(a, b *modulemd.Stream) int { return cmp.Compare(b.Version, a.Version) })
	for _, b := range builds {
		if slices.ContainsFunc(b.Requires, m.enableSet) {
			return true
		}
	}
	return false
}

// enableSet enables what meets a set of requirements.
func (m *modules) enableSet(set map[string][]string) bool {
	before := len(m.order)
	for _, module := range slices.Sorted(maps.Keys(set)) {
		if !m.meetsOne(module, set[module], m.isActive) && !m.enableOne(module, set[module]) {
			m.undo(before)
			return false
		}
	}
	return true
}

// enableOne enables one of the streams: the default of the module, or the newest.
func (m *modules) enableOne(module string, streams []string) bool {
	if m.fixed[module] {
		return false
	}
	var names []string
	for _, b := range m.byModule[module] {
		if m.feasible[b] && allows(streams, b.Stream) && !slices.Contains(names, b.Stream) {
			names = append(names, b.Stream)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return (Format{}).Compare(b, a) })
	if i := slices.Index(names, m.defaults[module]); i > 0 {
		names = slices.Insert(slices.Delete(names, i, i+1), 0, m.defaults[module])
	}
	return slices.ContainsFunc(names, func(name string) bool { return m.enable(stream{module, name}) })
}

// findFeasible finds the builds whose requirements can be met at all.
func (m *modules) findFeasible() {
	m.feasible = make(map[*modulemd.Stream]bool, len(m.builds))
	requiring := map[string][]*modulemd.Stream{} // builds by module that they require
	for _, b := range m.builds {
		m.feasible[b] = true
		for _, set := range b.Requires {
			for module := range set {
				requiring[module] = append(requiring[module], b)
			}
		}
	}
	possible := func(s stream) bool {
		return slices.ContainsFunc(m.byModule[s.module], func(b *modulemd.Stream) bool { return b.Stream == s.name && m.feasible[b] })
	}
	left := slices.Clone(m.builds) // to look at, again where what they require has changed
	for len(left) > 0 {
		b := left[len(left)-1]
		left = left[:len(left)-1]
		if m.feasible[b] && !m.meets(b, possible) {
			m.feasible[b] = false
			left = append(left, requiring[b.Name]...)
		}
	}
}

// meets reports whether one of the sets of the build's requirements is met by streams
// for which there is true.
func (m *modules) meets(b *modulemd.Stream, there func(stream) bool) bool {
	if len(b.Requires) == 0 {
		return true
	}
	return slices.ContainsFunc(b.Requires, func(set map[string][]string) bool {
		for module, streams := range set {
			if !m.meetsOne(module, streams, there) {
				return false
			}
		}
		return true
	})
}

func (m *modules) meetsOne(module string, streams []string, there func(stream) bool) bool {
	if module == platform || m.some && len(m.byModule[module]) == 0 {
		return true
	}
	return slices.ContainsFunc(m.byModule[module], func(b *modulemd.Stream) bool {
		return allows(streams, b.Stream) && there(streamOf(b))
	})
}

// allows reports whether a requirement of these streams is met by the stream: by any
// where there are none, and by all but those with a "-" in front.
func allows(streams []string, name string) bool {
	any := true
	for _, s := range streams {
		if s == name {
			return true
		}
		if s == "-"+name {
			return false
		}
		any = any && strings.HasPrefix(s, "-")
	}
	return any
}

func (m *modules) isActive(s stream) bool { return m.active[s] }

// activeBuilds are the builds of an active stream that go with the other active ones;
// all where none does.
func (m *modules) activeBuilds(s stream) (builds []*modulemd.Stream) {
	var all []*modulemd.Stream
	for _, b := range m.byModule[s.module] {
		if b.Stream == s.name {
			all = append(all, b)
			if m.feasible[b] && m.meets(b, m.isActive) {
				builds = append(builds, b)
			}
		}
	}
	if len(builds) == 0 {
		return all
	}
	return builds
}

// indexArtifacts notes the artifacts of all builds, and what follows from those of
// active ones.
func (m *modules) indexArtifacts() {
	m.artifacts = map[string][]*modulemd.Stream{}
	m.binaries, m.sources = map[string]bool{}, map[string]bool{}
	for _, b := range m.builds {
		for _, a := range b.Artifacts {
			if n, ok := parseNEVRA(a); ok {
				m.artifacts[n.key()] = nil
			}
		}
	}
	for _, s := range m.order {
		for _, b := range m.activeBuilds(s) {
			for _, a := range b.Artifacts {
				n, ok := parseNEVRA(a)
				if !ok {
					continue
				}
				m.artifacts[n.key()] = append(m.artifacts[n.key()], b)
				if isSource(n.architecture) {
					m.sources[n.name] = true
				} else {
					m.binaries[n.name] = true
				}
			}
		}
	}
}

// visible returns the packages of each repository that clients see, or everything.
func (m *modules) visible(all []repo.Reading, everything bool) [][]*repo.Package {
	visible := make([][]*repo.Package, len(all))
	for i, of := range all {
		if len(m.builds) == 0 {
			visible[i] = of.Packages
			continue
		}
		var key []byte
		for _, p := range of.Packages {
			key = appendKey(key[:0], p)
			builds, artifact := m.artifacts[string(key)]
			if d, ok := p.Detail.(*detail); ok {
				d.streams = builds
			}
			hidden := artifact && len(builds) == 0 || !artifact && m.masks(p)
			if !hidden || everything || of.Repository.Source.ModuleHotfixes {
				visible[i] = append(visible[i], p)
			}
		}
	}
	return visible
}

// masks reports whether a package that is of no module has the name of one that is, or
// provides it.
func (m *modules) masks(p *repo.Package) bool {
	if p.IsSource() {
		return m.sources[p.Name]
	}
	return m.binaries[p.Name] || slices.ContainsFunc(p.Provides, func(x repo.Provide) bool { return m.binaries[x.Name] })
}
