package repo

import "strings"

// Kind is the kind of a [Relation].
type Kind uint8

// The kinds of relations, hard requirements first.
const (
	PreRequires Kind = iota // must be satisfied before the package is unpacked
	Requires
	Recommends
	Suggests
	Supplements // a recommendation told by the recommended: it is wanted where what it names is
	Enhances    // as Supplements, for suggestions
	Conflicts
	Breaks
	Obsoletes // takes the place of another package (deb: Replaces)
)

var kindNames = [...]string{"pre-requires", "requires", "recommends", "suggests", "supplements", "enhances", "conflicts", "breaks", "obsoletes"}

// String returns the name of the kind, such as "requires".
func (k Kind) String() string { return kindNames[k] }

// Hard reports whether a package cannot be installed without the relation.
func (k Kind) Hard() bool { return k == PreRequires || k == Requires }

// Op is the operator of a version constraint.
type Op uint8

// The operators; Any puts no constraint on the version.
const (
	Any Op = iota
	Less
	LessEqual
	Equal
	GreaterEqual
	Greater
	NotEqual
)

var opSigns = [...]string{"", "<", "<=", "=", ">=", ">", "!="}

// String returns the operator's sign, "" for Any.
func (o Op) String() string { return opSigns[o] }

// Holds reports whether the result of a comparison (<0, 0, >0) of the version at
// hand with the wanted one satisfies the operator.
func (o Op) Holds(comparison int) bool {
	switch o {
	case Less:
		return comparison < 0
	case LessEqual:
		return comparison <= 0
	case Equal:
		return comparison == 0
	case GreaterEqual:
		return comparison >= 0
	case Greater:
		return comparison > 0
	case NotEqual:
		return comparison != 0
	}
	return true
}

// Dependency is one name that a relation asks for, with a version constraint.
type Dependency struct {
	Name string
	// Architecture qualifies the name: "" is the architecture of the package that
	// asks, "any" every one of a package that allows it, else the named one.
	Architecture string
	Op           Op
	Version      string
}

// String returns the dependency as people write it: "libc6:any (>= 2.36)".
func (d Dependency) String() string {
	s := d.Name
	if d.Architecture != "" {
		s += ":" + d.Architecture
	}
	if d.Op != Any {
		s += " (" + d.Op.String() + " " + d.Version + ")"
	}
	return s
}

// Relation is one relation of a package to others; any of its alternatives
// satisfies it, the first being preferred.
type Relation struct {
	Kind         Kind
	Alternatives []Dependency
	// Rich is what satisfies the relation where no list of alternatives can say it;
	// Alternatives is nil then.
	Rich *Rich
}

// String returns the alternatives separated by " | ".
func (r Relation) String() string {
	if r.Rich != nil {
		return r.Rich.String()
	}
	if len(r.Alternatives) == 1 {
		return r.Alternatives[0].String()
	}
	parts := make([]string, len(r.Alternatives))
	for i, d := range r.Alternatives {
		parts[i] = d.String()
	}
	return strings.Join(parts, " | ")
}

// Leaves yields the dependencies that the relation names, from left to right.
func (r Relation) Leaves(yield func(Dependency) bool) {
	if r.Rich != nil {
		r.Rich.Leaves(yield)
		return
	}
	for _, d := range r.Alternatives {
		if !yield(d) {
			return
		}
	}
}

// Provide is a name that a package answers to besides its own.
type Provide struct {
	Name         string
	Architecture string // qualifier as in Dependency, "" for the package's own
	Version      string // "" when unversioned; Versions.Satisfies understands it
}
