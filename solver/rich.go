package solver

import (
	"slices"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// formula is a rich relation in numbers, with negations moved to its leaves. libsolv's
// meaning of the operators is (a if b) = a or not b, (a if b else c) = (a or not b) and
// (c or b), (a unless b) = a and not b, (a unless b else c) = (a and not b) or (c and b).
type formula struct {
	op       repo.RichOp // And, Or, or Leaf
	packages []int32     // of a leaf: one of them is in
	negated  bool        // of a leaf: none of them is in
	operands []*formula
}

// disjunction is a part of a formula: one of the packages is in, or one of the others
// is not.
type disjunction struct{ in, out []int32 }

// Bounds of the disjunctions that one relation leads to, and of the packages that they
// name. What goes beyond is treated as something that nothing satisfies. No relation
// of Fedora's leads to more than some dozens.
const (
	maxDisjunctions = 1000
	maxLiterals     = 100_000
	maxLeaves       = 1000
)

// formula makes numbers of the expression of a package; negated, of its contrary. It is
// nil where the expression has more than maxLeaves.
func (u *universe) formula(pkg *repo.Package, r *repo.Rich, negated bool) *formula {
	leaves := 0
	return u.formulaOf(pkg, r, negated, &leaves)
}

func (u *universe) formulaOf(pkg *repo.Package, r *repo.Rich, negated bool, leaves *int) *formula {
	if *leaves > maxLeaves {
		return nil
	}
	join := func(op repo.RichOp, operands ...*formula) *formula {
		if slices.Contains(operands, nil) {
			return nil
		}
		switch {
		case negated && op == repo.And: // De Morgan
			op = repo.Or
		case negated:
			op = repo.And
		}
		return &formula{op: op, operands: operands}
	}
	of := func(i int, not bool) *formula { return u.formulaOf(pkg, r.Operands[i], negated != not, leaves) }
	otherwise := len(r.Operands) > 2
	switch r.Op {
	case repo.And, repo.Or:
		operands := make([]*formula, len(r.Operands))
		for i := range operands {
			if operands[i] = of(i, false); operands[i] == nil {
				return nil
			}
		}
		return join(r.Op, operands...)
	case repo.If:
		wanted := join(repo.Or, of(0, false), of(1, true))
		if !otherwise {
			return wanted
		}
		return join(repo.And, wanted, join(repo.Or, of(2, false), of(1, false)))
	case repo.Unless:
		wanted := join(repo.And, of(0, false), of(1, true))
		if !otherwise {
			return wanted
		}
		return join(repo.Or, wanted, join(repo.And, of(2, false), of(1, false)))
	}
	if *leaves++; *leaves > maxLeaves {
		return nil
	}
	return &formula{op: repo.Leaf, packages: u.satisfying(pkg, r), negated: negated}
}

// satisfying returns the packages each of which alone satisfies the expression: what is
// assumed, then as the catalog orders them. Only with, without and or make sense there.
func (u *universe) satisfying(pkg *repo.Package, r *repo.Rich) (found []int32) {
	if r.Op == repo.Leaf {
		if len(u.assumed.Packages) > 0 {
			found = u.assumed.AppendCandidatesAt(found, r.Dependency, pkg.Architecture, u.options.Native)
			u.renumber(found)
		}
		return u.appendCandidates(found, r.Dependency, pkg.Architecture)
	}
	for i, operand := range r.Operands {
		of := u.satisfying(pkg, operand)
		among := func(p int32) bool { return slices.Contains(of, p) }
		switch {
		case i == 0:
			found = of
		case r.Op == repo.Or:
			found = firstOnly(append(found, of...))
		case r.Op == repo.With, r.Op == repo.And:
			found = slices.DeleteFunc(found, func(p int32) bool { return !among(p) })
		case r.Op == repo.Without:
			found = slices.DeleteFunc(found, among)
		default:
			return nil
		}
	}
	return found
}

// disjunctions returns what must all hold for the formula to hold (its conjunctive
// normal form). It is not ok where that goes beyond the bounds.
func (f *formula) disjunctions() (all []disjunction, ok bool) {
	if f == nil {
		return nil, false
	}
	switch f.op {
	case repo.And:
		for _, operand := range f.operands {
			more, ok := operand.disjunctions()
			switch all = append(all, more...); {
			case !ok || len(all) > maxDisjunctions:
				return nil, false
			case slices.ContainsFunc(more, disjunction.isFalse):
				return []disjunction{{}}, true
			}
		}
		return all, true
	case repo.Or:
		all = []disjunction{{}}
		for _, operand := range f.operands {
			of, ok := operand.disjunctions()
			switch {
			case !ok || len(all)*len(of) > maxDisjunctions:
				return nil, false
			case len(of) == 0: // it always holds
				return nil, true
			}
			if all = product(all, of); all == nil {
				return nil, false
			}
		}
		return all, true
	}
	if !f.negated {
		return []disjunction{{in: f.packages}}, true
	}
	if len(f.packages) > maxDisjunctions {
		return nil, false
	}
	for i := range f.packages {
		all = append(all, disjunction{out: f.packages[i : i+1]})
	}
	return all, true
}

func (d disjunction) isFalse() bool { return len(d.in)+len(d.out) == 0 }

// product returns every disjunction of two, one of each; nil where they name too many
// packages.
func product(a, b []disjunction) (all []disjunction) {
	literals := 0
	for _, x := range a {
		for _, y := range b {
			literals += len(x.in) + len(x.out) + len(y.in) + len(y.out)
			if literals > maxLiterals {
				return nil
			}
			all = append(all, disjunction{concat(x.in, y.in), concat(x.out, y.out)})
		}
	}
	return all
}

// concat shares the memory of one where the other is empty.
func concat(a, b []int32) []int32 {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return slices.Concat(a, b)
}

// of simplifies a disjunction for a relation of p, which is in whenever the relation
// counts. It is not needed where p satisfies it or it always holds.
func (d disjunction) of(p int32) (simple disjunction, needed bool) {
	if slices.Contains(d.in, p) {
		return d, false
	}
	positive := make(map[int32]bool, len(d.in))
	for _, q := range d.in {
		if !positive[q] {
			positive[q] = true
			simple.in = append(simple.in, q)
		}
	}
	for _, q := range d.out {
		switch {
		case positive[q]:
			return d, false
		case q != p && !slices.Contains(simple.out, q):
			simple.out = append(simple.out, q)
		}
	}
	return simple, true
}

// met reports whether the formula holds where just the given packages are in, and which
// of them make it hold.
func (f *formula) met(in func(int32) bool) (by []int32, ok bool) {
	switch f.op {
	case repo.And:
		for _, operand := range f.operands {
			more, ok := operand.met(in)
			if !ok {
				return nil, false
			}
			by = append(by, more...)
		}
		return by, true
	case repo.Or:
		for _, operand := range f.operands {
			if by, ok := operand.met(in); ok {
				return by, true
			}
		}
		return nil, false
	}
	i := slices.IndexFunc(f.packages, in)
	switch {
	case f.negated:
		return nil, i < 0
	case i < 0:
		return nil, false
	}
	return f.packages[i : i+1], true
}
