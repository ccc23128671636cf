package solver

import "github.com/mirrorkeeper/mirrorkeeper/repo"

// Seed asks for packages: a name or a glob, optionally at a version and of an
// architecture.
type Seed struct {
	Pattern      string // see [repo.Match]
	Architecture string // "" for the machines' own
	Op           repo.Op
	Version      string
	Label        string // as the user wrote it
}
