package deb

import (
	"errors"
	"fmt"
	"strings"
)

// checkRelations refuses what dpkg refuses in a relation field of a package file. That
// is more than apt does, and than is refused in indexes, which others have made.
func checkRelations(id fieldID, text string) error {
	if text == "" {
		return nil
	}
	s := relationScanner{rest: text}
	for {
		if err := s.checkDependency(); err != nil {
			return err
		}
		switch {
		case s.rest == "":
			return nil
		case s.accept(','):
		case s.accept('|'):
			if !mayHaveAlternatives(id) {
				return errors.New("there are alternatives (\"|\"), which it cannot have")
			}
		default:
			return s.unexpected("a comma or \"|\"")
		}
		s.skipBlanks()
	}
}

func mayHaveAlternatives(id fieldID) bool {
	switch id {
	case fieldConflicts, fieldBreaks, fieldReplaces, fieldProvides:
		return false
	}
	return true
}

// checkDependency goes past a name with its qualifier and version.
func (s *relationScanner) checkDependency() error {
	name := s.until(" \t\n:(,|")
	if name == "" {
		return s.unexpected("a package name")
	}
	// Also what dpkg only tolerates: upper-case letters and "_".
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && !isDigit(c) && (i == 0 || strings.IndexByte("-+._", c) < 0) {
			return fmt.Errorf("%s is not a name of a package: it has %q", excerpt(name), c)
		}
	}
	if s.accept(':') {
		if err := checkArchitectureName(s.until(" \t\n(,|")); err != nil {
			return err
		}
	}
	s.skipBlanks()
	if !s.accept('(') {
		return nil
	}
	s.skipBlanks()
	s.operator()
	s.skipBlanks()
	version := s.until(" \t\n()")
	s.skipBlanks()
	if !s.accept(')') {
		return s.unexpected("\")\" after the version")
	}
	s.skipBlanks()
	_, err := ParseVersion(version)
	return err
}

// operator goes past one of dpkg's, or none.
func (s *relationScanner) operator() {
	for _, op := range [...]string{"<<", "<=", "<", ">>", ">=", ">", "="} {
		if rest, ok := strings.CutPrefix(s.rest, op); ok {
			s.rest = rest
			return
		}
	}
}

// until cuts off what stands before the first of a set of bytes.
func (s *relationScanner) until(set string) (before string) {
	i := strings.IndexAny(s.rest, set)
	if i < 0 {
		i = len(s.rest)
	}
	before, s.rest = s.rest[:i], s.rest[i:]
	return before
}
