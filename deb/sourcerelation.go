package deb

import (
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// SourceRelation is a relation of a source package, such as one of its
// Build-Depends (Debian policy 7.1): each alternative may be restricted to
// architectures and build profiles.
type SourceRelation struct {
	Kind         repo.Kind
	Alternatives []SourceDependency
}

// SourceDependency is a dependency with its restrictions.
type SourceDependency struct {
	repo.Dependency
	// Architectures for which it holds, "[amd64 any-arm]"; those with "!" before
	// them are the ones for which it does not. Empty: all.
	Architectures []string
	// Profiles is a list of lists, "<a !b> <c>": it holds when all terms of one of
	// them do. Empty: always.
	Profiles [][]string
}

// ParseSourceRelations reads a relation field of a source package.
func ParseSourceRelations(kind repo.Kind, text string) ([]SourceRelation, error) {
	var all []SourceRelation
	s := relationScanner{rest: text}
	relation := SourceRelation{Kind: kind}
	for {
		s.skipBlanks()
		if len(relation.Alternatives) == 0 {
			if s.accept(',') {
				continue
			}
			if s.rest == "" {
				return all, nil
			}
		}
		d, err := s.sourceDependency()
		if err != nil {
			return nil, err
		}
		relation.Alternatives = append(relation.Alternatives, d)
		switch {
		case s.accept('|'):
		case s.rest == "" || s.accept(','):
			all = append(all, relation)
			relation = SourceRelation{Kind: kind}
		default:
			return nil, s.unexpected("a comma or \"|\"")
		}
	}
}

func (s *relationScanner) sourceDependency() (d SourceDependency, err error) {
	if d.Dependency, err = s.dependency(); err != nil {
		return d, err
	}
	if s.accept('[') {
		if d.Architectures, err = s.terms(']'); err != nil {
			return d, err
		}
		s.skipBlanks()
	}
	for s.accept('<') {
		profiles, err := s.terms('>')
		if err != nil {
			return d, err
		}
		d.Profiles = append(d.Profiles, profiles)
		s.skipBlanks()
	}
	return d, nil
}

// terms reads names with an optional "!" before them, up to and with the bracket.
func (s *relationScanner) terms(bracket byte) (terms []string, err error) {
	for {
		s.skipBlanks()
		if s.accept(bracket) {
			if len(terms) == 0 {
				return nil, s.unexpected("something between the brackets")
			}
			return terms, nil
		}
		sign := ""
		if s.accept('!') {
			sign = "!"
		}
		word := s.word()
		if word == "" {
			return nil, s.unexpected("a name or \"" + string(bracket) + "\"")
		}
		terms = append(terms, sign+word)
	}
}

// For returns the relation as it is for a build on the architecture with the
// given build profiles; ok is false when nothing of it is left.
func (r SourceRelation) For(architecture string, profiles []string) (_ repo.Relation, ok bool) {
	left := repo.Relation{Kind: r.Kind}
	for _, d := range r.Alternatives {
		if d.holds(architecture, profiles) {
			left.Alternatives = append(left.Alternatives, d.Dependency)
		}
	}
	return left, len(left.Alternatives) > 0
}

func (d SourceDependency) holds(architecture string, profiles []string) bool {
	if !holdsFor(d.Architectures, architecture) {
		return false
	}
	return len(d.Profiles) == 0 || slices.ContainsFunc(d.Profiles, func(terms []string) bool {
		return !slices.ContainsFunc(terms, func(term string) bool {
			name, negated := strings.CutPrefix(term, "!")
			return slices.Contains(profiles, name) == negated
		})
	})
}

// holdsFor evaluates an architecture list. A list with "!" names those that are
// out, one without those that are in.
func holdsFor(list []string, architecture string) bool {
	in := len(list) == 0
	for _, term := range list {
		wildcard, negated := strings.CutPrefix(term, "!")
		if negated {
			in = true
		}
		if matchesArchitecture(wildcard, architecture) {
			return !negated
		}
	}
	return in
}

// matchesArchitecture reports whether an architecture is the named one, or among
// those of a wildcard such as "any-amd64" or "linux-any" (policy 11.1).
func matchesArchitecture(wildcard, architecture string) bool {
	if wildcard == architecture || wildcard == "any" {
		return true
	}
	if !strings.Contains(wildcard, "any") {
		return false
	}
	w, a := wildcardTuple(wildcard), tupleOf(architecture)
	for i := range w {
		if w[i] != "any" && w[i] != a[i] {
			return false
		}
	}
	return true
}

// tuple is what dpkg takes an architecture apart to: ABI, C library, system, CPU.
type tuple [4]string

func wildcardTuple(wildcard string) (t tuple) {
	t = tuple{"any", "any", "any", "any"}
	parts := strings.Split(wildcard, "-")
	for i := 1; i <= len(parts) && i <= len(t); i++ {
		t[len(t)-i] = parts[len(parts)-i]
	}
	return t
}

func tupleOf(architecture string) tuple {
	t := tuple{"base", "gnu", "linux", architecture}
	parts := strings.Split(architecture, "-")
	if n := len(parts); n > 1 {
		t[3], t[2] = parts[n-1], parts[n-2]
		if n > 2 {
			t[1] = parts[n-3]
		}
	}
	if library, ok := libraries[t[2]]; ok {
		t[1] = library
	}
	if special, ok := specialABIs[t[3]]; ok {
		t[0], t[3] = special[0], special[1]
	}
	return t
}

// libraries are the C libraries of systems where it is not GNU's.
var libraries = map[string]string{
	"dragonflybsd": "bsd", "freebsd": "bsd", "openbsd": "bsd", "netbsd": "bsd", "darwin": "bsd",
	"aix": "sysv", "solaris": "sysv", "uclinux": "uclibc", "mint": "tos",
}

// specialABIs are the architectures whose ABI and CPU their names do not tell.
var specialABIs = map[string][2]string{
	"armel":       {"eabi", "arm"},
	"armhf":       {"eabihf", "arm"},
	"x32":         {"x32", "amd64"},
	"arm64ilp32":  {"ilp32", "arm64"},
	"powerpcspe":  {"spe", "powerpc"},
	"mips64":      {"abi64", "mips64"},
	"mips64el":    {"abi64", "mips64el"},
	"mips64r6":    {"abi64", "mips64r6"},
	"mips64r6el":  {"abi64", "mips64r6el"},
	"mipsn32":     {"abin32", "mips64"},
	"mipsn32el":   {"abin32", "mips64el"},
	"mipsn32r6":   {"abin32", "mips64r6"},
	"mipsn32r6el": {"abin32", "mips64r6el"},
}
