package solver

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// conflict reports what of a conflict the witness of wishes breaks.
func (s *search) conflict(all *union, wishes []wish, b broken) Conflict {
	p, q, r := s.parties(b.fact)
	w := &wishes[0]
	switch {
	case len(wishes) == 1:
	case !s.isAssumed(p):
		w = all.origin(p)
	case !s.isAssumed(q):
		w = all.origin(q)
	}
	wanted := s.at(w.picked)
	return Conflict{cmp.Or(w.label(), "mandatory "+wanted.Name), wanted, s.at(p), s.at(q), r, s.explain(b)}
}

// parties returns two packages that a fact says cannot be together, the first of which
// declares so by the relation, if it is not nil.
func (s *search) parties(fact clause) (p, q int32, r *repo.Relation) {
	if fact.kind == needed {
		x := reference{fact.a, fact.b}
		when := s.need(x).when.in
		return x.of, when[len(when)-1], s.relation(x)
	}
	if r := s.declared(fact.a, fact.b); r != nil {
		return fact.a, fact.b, r
	}
	if r := s.declared(fact.b, fact.a); r != nil {
		return fact.b, fact.a, r
	}
	return fact.a, fact.b, nil
}

// declared returns the relation by which p excludes q, or nil.
func (u *universe) declared(p, q int32) *repo.Relation {
	pkg, other := u.at(p), u.at(q)
	coinstallable := u.catalog.Rules().Coinstallable
	if pkg.Name == other.Name && (pkg.MultiArch == repo.Same || !coinstallable(pkg, other)) {
		return nil
	}
	alone := repo.NewCatalog(u.catalog.Rules(), []*repo.Package{other})
	for i := range pkg.Relations {
		r := &pkg.Relations[i]
		switch {
		case r.Rich != nil:
			if (excludes(r.Kind) || r.Kind.Hard()) && u.excludedBy(p, r, q) {
				return r
			}
		case excludes(r.Kind):
			for _, d := range r.Alternatives {
				if len(alone.AppendExcludedAt(nil, d, u.options.Native)) > 0 {
					return r
				}
			}
		}
	}
	if u.client.ObsoletesExclude {
		return u.obsoletes(pkg, other)
	}
	return nil
}

// excludedBy reports whether a rich relation of p excludes q.
func (u *universe) excludedBy(p int32, r *repo.Relation, q int32) bool {
	all, _ := u.formula(u.at(p), r.Rich, excludes(r.Kind)).disjunctions()
	return slices.ContainsFunc(all, func(d disjunction) bool {
		d, needed := d.of(p)
		return needed && len(d.in) == 0 && slices.Equal(d.out, []int32{q})
	})
}

// maxSentences bounds an explanation.
const maxSentences = 16

const gaveUp = "no set of packages without conflicts was found"

// explain says for people which facts exclude a witness.
func (s *search) explain(b broken) string {
	if b.core == nil {
		return gaveUp + "; " + s.sentence(b.fact)
	}
	return s.whyNot(b.core)
}

// whyNot tells the facts of a core that cannot be spared; without one the search gave up.
func (s *search) whyNot(core []clause) string {
	if core == nil {
		return gaveUp
	}
	return s.tell(s.minimal(core))
}

// tell says facts for people in the order in which the request leads to them.
func (s *search) tell(core []clause) string {
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
			if c.a != s.request() && s.need(reference{c.a, c.b}).when == nil {
				sentences = append(sentences, s.sentence(c))
			}
		}
	}
	for _, c := range core {
		conditional := c.kind == needed && s.need(reference{c.a, c.b}).when != nil
		if conditional || c.kind == exclusion && !s.saidOfAssumed(c, core) {
			sentences = append(sentences, s.sentence(c))
		}
	}
	sentences = distinct(sentences)
	if len(sentences) > maxSentences {
		sentences = append(sentences[:maxSentences], "...")
	}
	return strings.Join(sentences, "; ")
}

// distinct removes, in place, sentences that were said before.
func distinct(sentences []string) []string {
	kept := sentences[:0]
	for _, text := range sentences {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
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
	if c.kind != needed {
		p, q, r := s.parties(c)
		if r == nil {
			return s.name(p) + " and " + s.name(q) + " cannot be installed together" + s.streams(p, q)
		}
		return s.exclusion(p, q, r)
	}
	n, r := s.need(reference{c.a, c.b}), s.relationOf(c)
	text := s.name(c.a) + " " + verb(r.Kind) + " " + r.String()
	switch {
	case len(n.candidates) > 0:
	case s.isConflict(c):
		var names []string
		for _, q := range n.when.in {
			names = append(names, s.name(q))
		}
		text += ", which excludes " + strings.Join(names, " beside ")
	default:
		text += ": " + s.whyUnresolved(s.at(c.a), r)
	}
	return text
}

// verb says a relation of the kind in a sentence.
func verb(kind repo.Kind) string {
	if kind == repo.Conflicts {
		return "conflicts with"
	}
	return kind.String()
}

// streams says of which modules' streams two packages are that exclude each other for it.
func (s *search) streams(p, q int32) string {
	rules := s.catalog.Rules()
	of, other := rules.Line(s.at(p)), rules.Line(s.at(q))
	if s.at(p).Name == s.at(q).Name || of == "" || other == "" || of == other {
		return ""
	}
	return ", being of " + of + " and " + other
}

func (s *search) exclusion(p, q int32, r *repo.Relation) string {
	text := s.name(p) + " " + verb(r.Kind) + " " + r.String()
	other := s.at(q)
	switch {
	case r.Rich != nil:
		text += ", which excludes " + s.name(q)
	case !slices.ContainsFunc(r.Alternatives, func(d repo.Dependency) bool { return d.Name == other.Name }):
		text += ", which " + s.name(q) + " provides"
	case s.isAssumed(q):
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
