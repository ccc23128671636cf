package rpm

import (
	"fmt"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

const (
	// maxRich is how long the text of a rich dependency may be, in bytes, and
	// maxRichDepth how deep it may be nested. rpm sets no limits.
	maxRich      = 64 << 10
	maxRichDepth = 64
)

// dependency makes a dependency of the attributes of a <rpm:entry>: flags is EQ, LT,
// GT, LE or GE, or "" where any version will do. An epoch of 0 is left out; without
// a version the flags say nothing, as in rpm.
func dependency(name, flags, epoch, version, release string) (repo.Dependency, error) {
	d := repo.Dependency{Name: name}
	switch flags {
	case "":
		return d, nil
	case "EQ":
		d.Op = repo.Equal
	case "LT":
		d.Op = repo.Less
	case "GT":
		d.Op = repo.Greater
	case "LE":
		d.Op = repo.LessEqual
	case "GE":
		d.Op = repo.GreaterEqual
	default:
		return d, fmt.Errorf("dependency on %s has the flags %q, expected EQ, LT, GT, LE or GE", excerpt(name), flags)
	}
	if version == "" {
		d.Op = repo.Any
		return d, nil
	}
	d.Version = Version{Epoch: epoch, Version: version, Release: release}.String()
	return d, nil
}

// parseRelation reads a rich dependency, as [parseRich] does. What can be said
// plainly is: of a requirement, hard or weak, "and" becomes several relations and "or"
// alternatives.
func parseRelation(kind repo.Kind, text string) ([]repo.Relation, error) {
	if kind == repo.Obsoletes {
		return nil, fmt.Errorf("rich dependency %s among the obsoletes, where rpm allows none", excerpt(text))
	}
	rich, err := parseRich(text)
	if err != nil {
		return nil, err
	}
	return plain(nil, kind, rich), nil
}

// plain appends the relations that say what the expression says.
func plain(to []repo.Relation, kind repo.Kind, rich *repo.Rich) []repo.Relation {
	if rich.Op == repo.Leaf {
		return append(to, repo.Relation{Kind: kind, Alternatives: []repo.Dependency{rich.Dependency}})
	}
	if kind.Hard() || kind == repo.Recommends || kind == repo.Suggests {
		if rich.Op == repo.And {
			for _, operand := range rich.Operands {
				to = plain(to, kind, operand)
			}
			return to
		}
		if alternatives, ok := appendAlternatives(nil, rich); ok {
			return append(to, repo.Relation{Kind: kind, Alternatives: alternatives})
		}
	}
	return append(to, repo.Relation{Kind: kind, Rich: rich})
}

// appendAlternatives appends the leaves of an expression of nothing but "or".
func appendAlternatives(to []repo.Dependency, rich *repo.Rich) (all []repo.Dependency, ok bool) {
	if rich.Op == repo.Leaf {
		return append(to, rich.Dependency), true
	}
	if rich.Op != repo.Or {
		return nil, false
	}
	for _, operand := range rich.Operands {
		if to, ok = appendAlternatives(to, operand); !ok {
			return nil, false
		}
	}
	return to, true
}

// parseRich reads a rich dependency, "(a if b >= 1 else (c or d))": what rpm reads
// when it installs packages (rpmrichParse of librpm), which is more than rpmbuild lets
// packagers write. Operands are separated from operators by blanks. Only "and", "or"
// and "with" can be chained, and different ones need brackets; what "with" and
// "without" join must be "or", "with" and "without" all the way down. The strings of
// the result are parts of the text.
func parseRich(text string) (*repo.Rich, error) {
	if len(text) > maxRich {
		return nil, fmt.Errorf("rich dependency %s of %d bytes is too long (at most %d)", excerpt(text), len(text), maxRich)
	}
	s := richScanner{rest: text}
	rich, err := s.group(1)
	if err == nil && s.rest != "" {
		err = fmt.Errorf("%s behind its end", excerpt(s.rest))
	}
	if err != nil {
		return nil, fmt.Errorf("rich dependency %s: %w", excerpt(text), err)
	}
	return rich, nil
}

// richScanner goes through a rich dependency.
type richScanner struct{ rest string }

// group reads an expression in brackets. One operand alone stands for itself.
func (s *richScanner) group(depth int) (*repo.Rich, error) {
	if depth > maxRichDepth {
		return nil, fmt.Errorf("nested deeper than %d brackets", maxRichDepth)
	}
	if !s.accept('(') {
		return nil, s.unexpected(`"("`)
	}
	g := repo.Rich{}
	for {
		operand, err := s.operand(depth)
		if err != nil {
			return nil, err
		}
		g.Operands = append(g.Operands, operand)
		s.skipBlanks()
		if s.accept(')') {
			break
		}
		if err := s.operator(&g); err != nil {
			return nil, err
		}
	}
	if len(g.Operands) == 1 {
		return g.Operands[0], nil
	}
	if g.Op == repo.With || g.Op == repo.Without {
		for _, operand := range g.Operands {
			if op := onePackageCannot(operand); op != "" {
				return nil, fmt.Errorf("%q inside of \"with\" or \"without\", which are about one package", op)
			}
		}
	}
	return &g, nil
}

// operand reads a group or a dependency.
func (s *richScanner) operand(depth int) (*repo.Rich, error) {
	s.skipBlanks()
	if s.rest != "" && s.rest[0] == '(' {
		return s.group(depth + 1)
	}
	d := repo.Dependency{Name: s.word()}
	if d.Name == "" {
		return nil, s.unexpected("a name")
	}
	s.skipBlanks()
	ahead := *s
	op, ok := operator(ahead.word())
	if !ok {
		return &repo.Rich{Dependency: d}, nil
	}
	*s = ahead
	s.skipBlanks()
	d.Op, d.Version = op, s.word()
	if d.Version == "" {
		return nil, s.unexpected("a version")
	}
	return &repo.Rich{Dependency: d}, nil
}

// richOps has the operators but "else".
var richOps = map[string]repo.RichOp{
	"and": repo.And, "or": repo.Or, "if": repo.If, "unless": repo.Unless, "with": repo.With, "without": repo.Without,
}

// operator reads the operator behind the operands that the group has so far.
func (s *richScanner) operator(g *repo.Rich) error {
	if s.rest == "" {
		return s.unexpected(`an operator or ")"`)
	}
	end := strings.IndexAny(s.rest, " \t\n\r\f\v)")
	if end < 0 {
		end = len(s.rest)
	}
	word := s.rest[:end]
	op, known := richOps[word]
	switch {
	case word == "else" && (g.Op == repo.If || g.Op == repo.Unless) && len(g.Operands) == 2:
	case word == "else":
		return fmt.Errorf(`"else" without "if" or "unless"`)
	case !known:
		return s.unexpected("an operator")
	case len(g.Operands) == 1:
		g.Op = op
	case g.Op != op:
		return fmt.Errorf("different operators without brackets, %q behind %q", word, opWord(g.Op))
	case op != repo.And && op != repo.Or && op != repo.With:
		return fmt.Errorf("%q twice without brackets", word)
	}
	s.rest = s.rest[end:]
	return nil
}

func opWord(op repo.RichOp) string {
	for word, o := range richOps {
		if o == op {
			return word
		}
	}
	return ""
}

// onePackageCannot returns an operator within the expression that says nothing of one
// package, "" if there is none.
func onePackageCannot(rich *repo.Rich) string {
	switch rich.Op {
	case repo.And, repo.If, repo.Unless:
		return opWord(rich.Op)
	}
	for _, operand := range rich.Operands {
		if op := onePackageCannot(operand); op != "" {
			return op
		}
	}
	return ""
}

// word reads a name, a comparison or a version: all up to a blank or to a bracket that
// was not opened inside, as in "libfoo.so.1(GLIBC_2.2)(64bit)".
func (s *richScanner) word() (word string) {
	open, i := 0, 0
	for ; i < len(s.rest) && !isBlank(s.rest[i]); i++ {
		if s.rest[i] == '(' {
			open++
		} else if s.rest[i] == ')' {
			if open--; open < 0 {
				break
			}
		}
	}
	word, s.rest = s.rest[:i], s.rest[i:]
	return word
}

// skipBlanks goes past what separates words; to rpm a comma does so too.
func (s *richScanner) skipBlanks() {
	i := 0
	for i < len(s.rest) && isBlank(s.rest[i]) {
		i++
	}
	s.rest = s.rest[i:]
}

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' || c == ',' }

// accept goes past c if it is next.
func (s *richScanner) accept(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *richScanner) unexpected(expected string) error {
	if s.rest == "" {
		return fmt.Errorf("it ends where %s is expected", expected)
	}
	return fmt.Errorf("%s where %s is expected", excerpt(s.rest), expected)
}

func excerpt(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q...", s[:40])
	}
	return fmt.Sprintf("%q", s)
}
