package repo

// Versions is a format's order of versions.
type Versions interface {
	// Compare returns a value <0, 0 or >0 as a is older, the same or newer than b.
	Compare(a, b string) int
	// Satisfies reports whether the version of a package or of a Provide ("" for
	// an unversioned one) satisfies the constraint.
	Satisfies(version string, op Op, wanted string) bool
}

// Rules are what the clients of a format know of its packages.
type Rules interface {
	Versions

	// Client says how the format's client goes about it.
	Client() Client

	// Coinstallable reports whether two packages of one name, neither the same
	// version nor the same architecture, or not both, can be installed side by side.
	Coinstallable(p, q *Package) bool

	// Line names the line of versions that the package belongs to. A package
	// surpasses older ones of its own line only; "" is the line of most.
	Line(p *Package) string

	// Forms are the ways to write the package that seeds may use beside its name,
	// such as rpm's name-version-release.architecture.
	Forms(p *Package) []string
}

// Client is how the clients of a format choose, where formats differ.
type Client struct {
	// ObsoletesExclude is true where a package cannot be installed beside those that
	// it obsoletes by name.
	ObsoletesExclude bool
	// Backtracks is true where clients go back on choices that lead nowhere until they find
	// a set that can be installed, if there is one (libsolv); false where they regard only
	// the best version of each name, and of that what comes first (apt).
	Backtracks bool
	// WeakLast is true where weak relations are looked at when all hard ones are
	// satisfied, false where this goes package by package.
	WeakLast bool
	// Reverse is true where weak relations count that the recommended one tells:
	// Supplements and Enhances.
	Reverse bool
	// ProvidersByName is true where packages of several names that answer for one are
	// tried in the order of their names, false where this goes as apt orders them.
	ProvidersByName bool
}

// Machine is a kind of machine that installs packages.
type Machine struct {
	// Native is its own architecture.
	Native string
	// Accepts are the others that it installs packages of, the better ones first.
	Accepts []string
}

// BasicRules are rules for packages of which nothing is known but their versions:
// only Multi-Arch allows two of one name, all are of one line, and have no other form.
type BasicRules struct{ Versions }

var _ Rules = BasicRules{}

// Client returns the zero Client.
func (BasicRules) Client() Client { return Client{} }

// Coinstallable is true for the same version for different architectures, where
// both allow it.
func (BasicRules) Coinstallable(p, q *Package) bool {
	return p.MultiArch == Same && q.MultiArch == Same && p.Architecture != q.Architecture && p.Version == q.Version
}

// Line returns "".
func (BasicRules) Line(*Package) string { return "" }

// Forms returns nil.
func (BasicRules) Forms(*Package) []string { return nil }
