package solver

import (
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Options say how relations are followed.
type Options struct {
	// Native is the architecture of the machines that install. Foreign are those
	// that they accept besides, the better ones first; the ones that seeds name are
	// accepted, too.
	Native  string
	Foreign []string
	// Recommends and Suggests follow these weak relations, too. One that cannot be
	// satisfied is skipped.
	// Relations that the wanted packages tell (Supplements, Enhances) are followed
	// likewise, where the format's clients do.
	Recommends, Suggests bool
	// Versions is how many versions of each name are picked that a seed names, the best
	// ones of each line and architecture, each as if it were a seed of its own: 0 and 1
	// leave it at the best that can be installed; a negative number means all.
	Versions int
	// Alternatives says how many of a relation's alternatives are picked.
	Alternatives Alternatives
	// Prefer are names or globs ([repo.Match]) of packages that are tried before others
	// wherever they answer a relation or a seed.
	Prefer []string
	// Together asks for one witness of all seeds at once, the proof that one machine can
	// have them all; of each seed it has one version.
	Together bool
	// Mandatory adds every mandatory package of the catalog as a seed.
	Mandatory bool
	// Assumed packages count as installed: they satisfy relations, exclude what
	// they conflict with, and are not picked. A witness may replace one by another
	// version of it.
	Assumed []*repo.Package
}

// Alternatives says how many of a relation's alternatives are picked.
type Alternatives uint8

const (
	// AlternativesFirst is the one that clients choose.
	AlternativesFirst Alternatives = iota
	// AlternativesAll are all that some client could choose: for every relation of a pick
	// that is followed, of each name that answers it the best version that can be
	// installed, with a witness of its own.
	AlternativesAll
)

// Solution is what a partial mirror holds and what it lacks.
type Solution struct {
	// Picks are the packages to hold, in the order of the catalog.
	Picks []Pick
	// Unresolved are the hard relations of picked packages that nothing satisfies.
	Unresolved []Unresolved
	// Conflicts are the pairs of picked packages that keep a seed from being
	// installed.
	Conflicts []Conflict
	// Unknown are the seeds that no package answers.
	Unknown []Unknown
	// Renamed are the seeds that a package of another name answers.
	Renamed []Renamed
	// Refused are the seeds that can be installed from the picks, but not by a client
	// that is just told their names.
	Refused []Refused
}

// Pick is a package and why it is in the mirror.
type Pick struct {
	Package *repo.Package
	Reason  Reason
}

// Reason is why a package is picked: for a seed, as a mandatory package, by a
// relation of another pick, by one of its own to another pick that it supplements or
// enhances, or since another pick does not go with the assumed package that it replaces.
type Reason struct {
	Seed      string // the seed's label
	Mandatory bool
	By        *repo.Package
	Relation  repo.Relation
	Replaces  *repo.Package
}

// Unresolved is a hard relation that nothing satisfies.
type Unresolved struct {
	Relation repo.Relation
	WantedBy *repo.Package
	// Reason says for people why: "only b 2.9 is in repositories x, y".
	Reason string
	// Chain leads from a seed to WantedBy; nil where there is no seed.
	Chain []Pick
}

// Conflict keeps a seed from being installed: two packages that it needs exclude
// each other.
type Conflict struct {
	Seed   string        // the seed's label, or "mandatory NAME"
	Wanted *repo.Package // what is picked for the seed
	// Package declares the relation, which excludes Other, maybe only beside others.
	// Without a relation the two cannot be installed together for being of one name,
	// or of two streams of a module.
	Package, Other *repo.Package
	Relation       *repo.Relation
	// Reason says for people why both are needed and no other choice helps.
	Reason string
}

// Unknown is a seed that no package answers.
type Unknown struct {
	Seed   Seed
	Reason string
	// Near are names that may have been meant, the nearest first.
	Near []string
}

// Renamed is a seed that no package of its name answers.
type Renamed struct {
	Seed    Seed
	Package *repo.Package
	// Obsoletes is true when the package takes the place of the seed's name, false
	// when it provides it.
	Obsoletes bool
}

// Refused is a seed whose witness is in the mirror, yet the client would not find it by
// itself.
type Refused struct {
	Seed   string        // the seed's label
	Wanted *repo.Package // what is picked for the seed
	// Reason says for people what keeps the client from it.
	Reason string
	// Install are the packages to name, each with its version, on the client's command
	// line, so that it installs the seed; the wanted one first.
	Install []*repo.Package
}

// Broken is a package that cannot be installed.
type Broken struct {
	Package *repo.Package
	// Reason says for people why not.
	Reason string
}

// String says the reason in words: "seed nginx", "mandatory", "nginx 1.22.1
// requires libc6 (>= 2.36)", "supplements gnome-shell 43.1: (gnome-shell and cups)".
func (r Reason) String() string {
	switch {
	case r.By != nil && (r.Relation.Kind == repo.Supplements || r.Relation.Kind == repo.Enhances):
		text := r.Relation.Kind.String() + " " + r.By.Name + " " + r.By.Version
		if asked := r.Relation.String(); asked != r.By.Name {
			text += ": " + asked
		}
		return text
	case r.Replaces != nil:
		return r.By.Name + " " + r.By.Version + " does not go with " + r.Replaces.Name + " " + r.Replaces.Version + ", which is assumed installed"
	case r.By != nil:
		return r.By.Name + " " + r.By.Version + " " + r.Relation.Kind.String() + " " + r.Relation.String()
	case r.Mandatory:
		return "mandatory"
	}
	return "seed " + r.Seed
}
