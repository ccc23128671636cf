package deb

import (
	"fmt"
	"hash/maphash"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ParseRelations reads a relation field of a binary package, such as Depends
// (Debian policy 7.1): relations separated by commas, their alternatives by "|",
// each a name with an optional ":architecture" and an optional version.
//
// As in dpkg the operators "<" and ">" are old spellings of "<=" and ">=", and a
// version without operator is an exact one.
func ParseRelations(kind repo.Kind, text string) ([]repo.Relation, error) {
	a := newArena(1)
	return a.appendRelations(nil, kind, text)
}

// ParseProvides reads a Provides field. Only exact versions can be provided:
// names with any other operator are left out, as apt does.
func ParseProvides(text string) ([]repo.Provide, error) {
	var a arena
	return a.provides(text)
}

// arena makes the slices of many packages' relations out of few allocations. The
// slices that it returns live together; relations in the same words share theirs.
type arena struct {
	recent       []recentRelation // by hash
	seed         maphash.Seed
	dependencies []repo.Dependency
	relations    []repo.Relation
	provided     []repo.Provide
}

// arenaSize is how many values an arena allocates at once.
const arenaSize = 1024

// keep copies some values into an arena.
func keep[T any](arena *[]T, some []T) []T {
	if len(some) > cap(*arena)-len(*arena) {
		*arena = make([]T, 0, max(arenaSize, len(some)))
	}
	n := len(*arena)
	*arena = append(*arena, some...)
	return (*arena)[n:len(*arena):len(*arena)]
}

// recentRelation is a relation that was read not long ago.
type recentRelation struct {
	text         string
	alternatives []repo.Dependency
}

// newArena makes an arena that remembers up to the number of recent relations.
func newArena(recent int) arena {
	return arena{recent: make([]recentRelation, recent), seed: maphash.MakeSeed()}
}

// next returns the arena's next value, which is zero.
func next[T any](arena *[]T) *T {
	n := len(*arena)
	if n == cap(*arena) {
		*arena, n = make([]T, 0, arenaSize), 0
	}
	*arena = (*arena)[:n+1]
	return &(*arena)[n]
}

// appendRelations appends the field's relations to those of the same package.
func (a *arena) appendRelations(to []repo.Relation, kind repo.Kind, text string) ([]repo.Relation, error) {
	s := relationScanner{rest: text}
	for more := true; more; {
		s.skipBlanks()
		one, after, found := strings.Cut(s.rest, ",")
		recent := &a.recent[maphash.String(a.seed, one)%uint64(len(a.recent))]
		if recent.text == one {
			s.rest, more = after, found
		} else {
			var few [4]repo.Dependency
			alternatives, another, err := s.alternatives(few[:0])
			if err != nil {
				return nil, err
			}
			more = another
			*recent = recentRelation{one, keep(&a.dependencies, alternatives)}
		}
		if len(recent.alternatives) > 0 {
			to = append(to, repo.Relation{Kind: kind, Alternatives: recent.alternatives})
		}
	}
	return to, nil
}

func (a *arena) provides(text string) ([]repo.Provide, error) {
	var few [8]repo.Provide
	all := few[:0]
	s := relationScanner{rest: text}
	for {
		var one [1]repo.Dependency
		names, more, err := s.alternatives(one[:0])
		if err != nil {
			return nil, err
		}
		if len(names) > 1 {
			return nil, fmt.Errorf("alternatives in %q, where there can be none", text)
		}
		for _, d := range names {
			if d.Op == repo.Any || d.Op == repo.Equal {
				all = append(all, repo.Provide{Name: d.Name, Architecture: d.Architecture, Version: d.Version})
			}
		}
		if !more {
			break
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return keep(&a.provided, all), nil
}

// relationScanner goes through a relation field.
type relationScanner struct{ rest string }

// alternatives appends what stands up to the next comma to the given slice; more
// is false at the end of the field. Nothing between two commas is skipped.
func (s *relationScanner) alternatives(to []repo.Dependency) (all []repo.Dependency, more bool, err error) {
	for {
		s.skipBlanks()
		if len(to) == 0 && (s.rest == "" || s.rest[0] == ',') {
			return to, s.accept(','), nil
		}
		d, err := s.dependency()
		if err != nil {
			return nil, false, err
		}
		to = append(to, d)
		switch {
		case s.accept('|'):
		case s.accept(','):
			return to, true, nil
		case s.rest == "":
			return to, false, nil
		default:
			return nil, false, s.unexpected("a comma or \"|\"")
		}
	}
}

// dependency reads a name with its qualifier and version.
func (s *relationScanner) dependency() (d repo.Dependency, err error) {
	if d.Name = s.word(); d.Name == "" {
		return d, s.unexpected("a package name")
	}
	if s.accept(':') {
		if d.Architecture = s.word(); d.Architecture == "" {
			return d, s.unexpected("an architecture")
		}
	}
	s.skipBlanks()
	if s.accept('(') {
		if d.Op, d.Version, err = s.version(); err != nil {
			return d, err
		}
		s.skipBlanks()
	}
	return d, nil
}

// version reads an operator and a version, up to and with the bracket.
func (s *relationScanner) version() (repo.Op, string, error) {
	s.skipBlanks()
	signs := 0
	for signs < len(s.rest) && strings.IndexByte("<=>!", s.rest[signs]) >= 0 {
		signs++
	}
	op, ok := operator(s.rest[:signs])
	if !ok {
		return 0, "", s.unexpected("an operator")
	}
	s.rest = s.rest[signs:]
	s.skipBlanks()
	end := strings.IndexByte(s.rest, ')')
	if end < 0 {
		return 0, "", fmt.Errorf("no \")\" after %s", excerpt(s.rest))
	}
	version := strings.TrimRight(s.rest[:end], " \t\r\n")
	if version == "" || strings.ContainsAny(version, " \t\r\n(,|<=>!") {
		return 0, "", s.unexpected("a version")
	}
	s.rest = s.rest[end+1:]
	return op, version, nil
}

func operator(signs string) (op repo.Op, ok bool) {
	switch signs {
	case "<<":
		return repo.Less, true
	case "<=", "<":
		return repo.LessEqual, true
	case "=", "==", "":
		return repo.Equal, true
	case ">=", ">":
		return repo.GreaterEqual, true
	case ">>":
		return repo.Greater, true
	case "!=":
		return repo.NotEqual, true
	}
	return repo.Any, false
}

// word reads a name: all up to a blank or a character of the syntax.
func (s *relationScanner) word() (word string) {
	i := 0
	for i < len(s.rest) && !ends[s.rest[i]] {
		i++
	}
	word, s.rest = s.rest[:i], s.rest[i:]
	return word
}

// ends has the bytes that no name holds.
var ends = func() (set [256]bool) {
	for c := range ' ' + 1 {
		set[c] = true
	}
	for _, c := range ",|:()[]<>=!" {
		set[c] = true
	}
	return set
}()

func (s *relationScanner) skipBlanks() {
	i := 0
	for i < len(s.rest) && (s.rest[i] == ' ' || s.rest[i] == '\n' || s.rest[i] == '\t' || s.rest[i] == '\r') {
		i++
	}
	s.rest = s.rest[i:]
}

// accept goes past c if it is next.
func (s *relationScanner) accept(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *relationScanner) unexpected(expected string) error {
	if s.rest == "" {
		return fmt.Errorf("relation ends where %s is expected", expected)
	}
	return fmt.Errorf("%s where %s is expected", excerpt(s.rest), expected)
}

func excerpt(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q...", s[:40])
	}
	return fmt.Sprintf("%q", s)
}
