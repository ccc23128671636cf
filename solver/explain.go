package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// conflict reports an exclusion that the witness of a wish breaks.
func (s *search) conflict(w *wish, found *witness, b broken) Conflict {
	p, q := s.at(b.fact.a), s.at(b.fact.b)
	r := s.declared(p, q)
	if r == nil {
		if r = s.declared(q, p); r != nil {
			p, q = q, p
		}
	}
	wanted := s.at(found.members[0].number)
	return Conflict{cmp.Or(w.label(), "mandatory "+wanted.Name), wanted, p, q, r, s.explain(b)}
}

// declared returns the relation by which p excludes q, or nil.
func (u *universe) declared(p, q *repo.Package) *repo.Relation {
	if p.Name == q.Name {
		return nil
	}
	alone := repo.NewCatalog(u.catalog.Rules(), []*repo.Package{q})
	for i, r := range p.Relations {
		if r.Kind != repo.Conflicts && r.Kind != repo.Breaks {
			continue
		}
		for _, d := range r.Alternatives {
			if len(alone.AppendExcludedAt(nil, d, u.options.Native)) > 0 {
				return &p.Relations[i]
			}
		}
	}
	return nil
}

// maxSentences bounds an explanation.
const maxSentences = 16

// explain says for people which facts exclude a witness: those of the core that
// cannot be spared, in the order in which the request leads to them.
func (s *search) explain(b broken) string {
	if b.core == nil {
		return "no set of packages without conflicts was found; " + s.sentence(b.fact)
	}
	core := s.minimal(b.core)
	reached := []int32{s.request()}
	var sentences []string
	for i := 0; i < len(reached); i++ {
		for _, c := range core {
			if c.kind != needed || c.a != reached[i] {
				continue
			}
			for _, q := range s.rules(c.a).needs[c.b].candidates {
				if !slices.Contains(reached, q) {
					reached = append(reached, q)
				}
			}
			if c.a != s.request() {
				sentences = append(sentences, s.sentence(c))
			}
		}
	}
	for _, c := range core {
		if c.kind == exclusion && !s.saidOfAssumed(c, core) {
			sentences = append(sentences, s.sentence(c))
		}
	}
	if len(sentences) > maxSentences {
		sentences = append(sentences[:maxSentences], "...")
	}
	return strings.Join(sentences, "; ")
}

// saidOfAssumed reports whether a core says an exclusion of an assumed package, too:
// that the other versions of it do not help either need not be said.
func (s *search) saidOfAssumed(c clause, core []clause) bool {
	return slices.ContainsFunc(core, func(d clause) bool {
		return d.kind == exclusion && d.a == c.a && d != c && s.isAssumed(d.b) && s.at(d.b).Name == s.at(c.b).Name
	})
}

// minimal drops from a core the facts that do not take part in it.
func (s *search) minimal(core []clause) []clause {
	if len(core) > 500 {
		return core
	}
	s.only = make(map[clause]bool, len(core))
	for _, c := range core {
		s.only[c] = true
	}
	kept := core[:0:0]
	for _, c := range core {
		delete(s.only, c)
		s.reset()
		if found, _ := s.run(); found {
			s.only[c] = true
			kept = append(kept, c)
		}
	}
	s.only = nil
	return kept
}

// sentence says a fact.
func (s *search) sentence(c clause) string {
	p := s.at(c.a)
	if c.kind == needed {
		r := s.relationOf(c)
		text := Reason{By: p, Relation: r}.String()
		if len(s.rules(c.a).needs[c.b].candidates) == 0 {
			text += ": " + whyUnresolved(s.catalog, p, r, s.options.Native)
		}
		return text
	}
	q := s.at(c.b)
	r := s.declared(p, q)
	if r == nil {
		if r = s.declared(q, p); r == nil {
			return s.name(c.a) + " and " + s.name(c.b) + " cannot be installed together"
		}
		return s.exclusion(c.b, c.a, r)
	}
	return s.exclusion(c.a, c.b, r)
}

func (s *search) exclusion(p, q int32, r *repo.Relation) string {
	verb := " conflicts with "
	if r.Kind == repo.Breaks {
		verb = " breaks "
	}
	text := s.name(p) + verb + r.String()
	if other := s.at(q); !slices.ContainsFunc(r.Alternatives, func(d repo.Dependency) bool { return d.Name == other.Name }) {
		text += ", which " + s.name(q) + " provides"
	} else if s.isAssumed(q) {
		text += "; " + s.name(q)
	}
	return text
}

// name names a package in an explanation.
func (s *search) name(p int32) string {
	pkg := s.at(p)
	name := pkg.Name + " " + pkg.Version
	if !pkg.On(s.options.Native, s.options.Native) {
		name = pkg.String()
	}
	if s.isAssumed(p) {
		name += " (assumed installed)"
	}
	return name
}
