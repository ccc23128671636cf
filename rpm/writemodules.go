package rpm

import (
	"io"
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
)

// modules writes the builds of module streams that have packages which are held, and
// those of streams that these require: without, no client would enable them.
func (s *selection) modules() ([]writtenIndex, error) {
	var kept map[string]bool
	err := s.read(modulesKind, func(content io.Reader, name string) error {
		ix, err := modulemd.Parse(content, name)
		if err == nil {
			kept = s.keptBuilds(newModules([]*modulemd.Index{ix}, true))
		}
		return err
	})
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	var trimmed []byte
	err = s.read(modulesKind, func(content io.Reader, name string) (err error) {
		trimmed, err = modulemd.Trim(content, name, modulemd.Selection{
			Stream:   func(b *modulemd.Stream) bool { return kept[b.String()] },
			Artifact: func(nevra string) bool { return s.artifact(nevra) != nil },
			Package:  s.named,
		})
		return err
	})
	if err != nil || trimmed == nil {
		return nil, err
	}
	out := newBuffered()
	out.Write(trimmed)
	return out.index(modulesKind, "modules.yaml.gz", nil)
}

// artifact returns the packages that a module has by that name.
func (s *selection) artifact(name string) []*repo.Package {
	n, ok := parseNEVRA(name)
	if !ok {
		return nil
	}
	return s.keys[n.key()]
}

// keptBuilds are the builds to write, by their names.
func (s *selection) keptBuilds(m *modules) map[string]bool {
	kept := map[string]bool{}
	for _, b := range m.builds {
		held := slices.ContainsFunc(b.Artifacts, func(name string) bool {
			return slices.ContainsFunc(s.artifact(name), func(p *repo.Package) bool { return isOf(p, b) })
		})
		if held {
			kept[b.String()] = true
			if s := streamOf(b); !m.active[s] {
				m.add(s)
			}
		}
	}
	own := len(m.order)
	for _, s := range slices.Clone(m.order) {
		m.enableRequired(s)
	}
	for _, required := range m.order[own:] {
		for _, b := range newestOf(m.activeBuilds(required)) {
			kept[b.String()] = true
		}
	}
	return kept
}

// isOf reports whether the package is one of the build's. The same package may be of
// builds that are not active, too.
func isOf(p *repo.Package, b *modulemd.Stream) bool {
	d, ok := p.Detail.(*detail)
	return !ok || len(d.streams) == 0 || slices.ContainsFunc(d.streams, func(o *modulemd.Stream) bool { return o.String() == b.String() })
}
