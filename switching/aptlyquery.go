package switching

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// queryNode is a part of a query of aptly's: "," is and, "|" is or and binds less, "!" is
// not.
type queryNode struct {
	kind        queryKind
	left, right *queryNode

	// of an atom
	name, op, value, architecture string
}

type queryKind int

const (
	queryAtom queryKind = iota
	queryAnd
	queryOr
	queryNot
)

// parseQuery reads a query.
func parseQuery(text string) (*queryNode, error) {
	p := &queryParser{text: text}
	q, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.skip(); p.text != "" {
		return nil, fmt.Errorf("%q is left over", cut(p.text))
	}
	return q, nil
}

type queryParser struct{ text string }

func (p *queryParser) skip() { p.text = strings.TrimLeft(p.text, " \t\r\n") }

func (p *queryParser) accept(sign string) bool {
	p.skip()
	rest, ok := strings.CutPrefix(p.text, sign)
	if ok {
		p.text = rest
	}
	return ok
}

// maxQuery bounds how deep parentheses stand in each other.
const maxQuery = 100

func (p *queryParser) or(depth int) (*queryNode, error) {
	if depth > maxQuery {
		return nil, errors.New("it is nested too deeply")
	}
	q, err := p.and(depth)
	for err == nil && p.accept("|") {
		var right *queryNode
		right, err = p.and(depth)
		q = &queryNode{kind: queryOr, left: q, right: right}
	}
	return q, err
}

func (p *queryParser) and(depth int) (*queryNode, error) {
	q, err := p.not(depth)
	for err == nil && p.accept(",") {
		var right *queryNode
		right, err = p.not(depth)
		q = &queryNode{kind: queryAnd, left: q, right: right}
	}
	return q, err
}

func (p *queryParser) not(depth int) (*queryNode, error) {
	if depth > maxQuery {
		return nil, errors.New("it is nested too deeply")
	}
	switch {
	case p.accept("!"):
		q, err := p.not(depth + 1)
		return &queryNode{kind: queryNot, left: q}, err
	case p.accept("("):
		q, err := p.or(depth + 1)
		if err == nil && !p.accept(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return q, err
	}
	return p.atom()
}

func (p *queryParser) atom() (*queryNode, error) {
	q := &queryNode{name: p.word("(){}|,! \t\r\n")}
	if q.name == "" {
		return nil, fmt.Errorf("a package or a field is expected, seen %q", cut(p.text))
	}
	if p.accept("(") {
		p.skip()
		end := len(p.text) - len(strings.TrimLeft(p.text, "<>=%~"))
		q.op, p.text = p.text[:end], p.text[end:]
		q.value = strings.TrimSpace(p.word(")"))
		if !p.accept(")") || q.value == "" {
			return nil, fmt.Errorf("the condition on %s is not closed", cut(q.name))
		}
	}
	if p.accept("{") {
		q.architecture = strings.TrimSpace(p.word("}"))
		if !p.accept("}") {
			return nil, fmt.Errorf("the architecture of %s is not closed", cut(q.name))
		}
	}
	return q, nil
}

// word reads up to one of the signs, or what stands in quotes.
func (p *queryParser) word(end string) string {
	p.skip()
	if p.text != "" && (p.text[0] == '\'' || p.text[0] == '"') {
		if inside, rest, ok := strings.Cut(p.text[1:], p.text[:1]); ok {
			p.text = rest
			return inside
		}
	}
	i := strings.IndexAny(p.text, end)
	if i < 0 {
		i = len(p.text)
	}
	word := p.text[:i]
	p.text = p.text[i:]
	return word
}

// conjuncts are the parts that all must hold.
func (q *queryNode) conjuncts() []*queryNode {
	if q.kind != queryAnd || q.left == nil {
		return []*queryNode{q}
	}
	return append(q.left.conjuncts(), q.right.conjuncts()...)
}

// disjuncts are the parts of which one must hold.
func (q *queryNode) disjuncts() []*queryNode {
	if q.kind != queryOr {
		return []*queryNode{q}
	}
	return append(q.left.disjuncts(), q.right.disjuncts()...)
}

// isField reports whether the atom is about a field, whose names begin with a capital or
// a dollar sign.
func (q *queryNode) isField() bool {
	return q.name[0] == '$' || q.name[0] >= 'A' && q.name[0] <= 'Z'
}

var reference = regexp.MustCompile(`^([a-z0-9][a-z0-9+.-]*)_([^_]+)_([a-z0-9-]+)$`)

// seed is the atom as a seed or a group, nil and "" where it is none.
func (q *queryNode) seed() (seed *config.Seed, group string) {
	if q.kind != queryAtom {
		return nil, ""
	}
	text := q.name
	switch {
	case q.name == "Priority" && (q.op == "" || q.op == "=") && slices.Contains(priorities, q.value):
		return nil, q.value
	case q.isField() && (q.name == "Name" || q.name == "Package") && (q.op == "" || q.op == "=" || q.op == "%") && q.architecture == "":
		if q.op != "%" && strings.ContainsAny(q.value, "*?[") {
			return nil, ""
		}
		text = q.value
	case q.isField() || q.op == "~" || q.op == "%":
		return nil, ""
	case reference.MatchString(text):
		m := reference.FindStringSubmatch(text)
		if m[3] == "all" || m[3] == "source" {
			return nil, ""
		}
		s := config.Seed{Pattern: m[1], Op: repo.Equal, Version: m[2], Architecture: m[3]}
		if back, err := config.ParseSeed(s.String()); err != nil || back != s {
			return nil, ""
		}
		return &s, ""
	default:
		if q.architecture != "" {
			text += ":" + q.architecture
		}
		if q.value != "" {
			op := q.op
			if op == "" {
				op = "="
			}
			text += " (" + op + " " + q.value + ")"
		}
	}
	s, err := config.ParseSeed(text)
	if err != nil || strings.ContainsAny(s.Pattern, "/(") {
		return nil, ""
	}
	return &s, ""
}

// exclusion is the atom as what is left out, nil where it is none.
func (q *queryNode) exclusion() *config.Exclusion {
	if q.kind != queryAtom || q.architecture != "" {
		return nil
	}
	if !q.isField() {
		if q.op != "" || q.value != "" || strings.ContainsAny(q.name, "*?[_/") {
			return nil
		}
		return &config.Exclusion{Name: q.name}
	}
	field := exclusionFields[strings.ToLower(strings.TrimPrefix(q.name, "$"))]
	if q.name == "Name" {
		field = exclusionFields["package"]
	}
	if field == nil || strings.ContainsFunc(q.value, func(c rune) bool { return c < ' ' }) {
		return nil
	}
	pattern := q.value
	switch {
	case q.op == "%":
	case q.op == "~":
		if _, err := regexp.Compile(q.value); err != nil {
			return nil
		}
		pattern = "/" + q.value + "/"
	case (q.op == "" || q.op == "=") && !strings.ContainsAny(q.value, "*?[") && q.name != "$Version" && q.name != "Version":
	default:
		return nil
	}
	x := field(pattern)
	return &x
}
