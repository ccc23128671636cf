package repo

import "strings"

// Rich is a boolean expression over dependencies (rpm's boolean dependencies,
// rpm-dependencies(7)). It is a leaf, or an operator with operands.
type Rich struct {
	Op         RichOp
	Dependency Dependency // of a leaf
	// Operands are those of the operator: two or more of And and Or; of If and
	// Unless what is wanted, the condition and, where there is one, what is wanted
	// otherwise; of With all that one package must satisfy; of Without what it must
	// satisfy and what it must not.
	Operands []*Rich
}

// RichOp is the operator of a [Rich] expression.
type RichOp uint8

// The operators.
const (
	Leaf RichOp = iota
	And
	Or
	If      // the first, if the second holds; else the third, if there is one
	Unless  // the first, and the second must not hold; where it does, the third
	With    // all, by one package
	Without // the first by a package that does not satisfy the second
)

var richWords = [...]string{Leaf: "", And: " and ", Or: " or ", If: " if ", Unless: " unless ", With: " with ", Without: " without "}

// String returns the expression as rpm writes it: "(a if b else c >= 1)".
func (r *Rich) String() string {
	if r.Op == Leaf {
		d := r.Dependency
		if d.Op == Any {
			return d.Name
		}
		return d.Name + " " + d.Op.String() + " " + d.Version
	}
	var b strings.Builder
	b.WriteByte('(')
	for i, operand := range r.Operands {
		switch {
		case i == 2 && (r.Op == If || r.Op == Unless):
			b.WriteString(" else ")
		case i > 0:
			b.WriteString(richWords[r.Op])
		}
		b.WriteString(operand.String())
	}
	b.WriteByte(')')
	return b.String()
}

// Leaves yields the dependencies of the expression from left to right.
func (r *Rich) Leaves(yield func(Dependency) bool) { r.leaves(yield) }

func (r *Rich) leaves(yield func(Dependency) bool) bool {
	if r.Op == Leaf {
		return yield(r.Dependency)
	}
	for _, operand := range r.Operands {
		if !operand.leaves(yield) {
			return false
		}
	}
	return true
}
