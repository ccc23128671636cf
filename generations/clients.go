package generations

import (
	"path"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Offer is a repository as clients see it.
type Offer struct {
	// Name tells it from the others of the mirror, Dir is where it lies below the
	// destination.
	Name string
	Dir  string
	// Repository has the scope of what is there in its source, Root what its root says.
	Repository *repo.Repository
	Root       *repo.Root
	Format     repo.Format
	// Signed is false where there is no signature to check.
	Signed bool
	// Expires is set where the root will not be valid for ever, and nobody renews it.
	Expires bool
}

// Offers are the repositories of a record, which is that of the mirror, of one of its
// channels, or of a generation with a tree of its own.
func (m *Mirror) Offers(r *store.Record, frozen bool) ([]Offer, error) {
	keys, err := m.Store.Keys(m.Name)
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, p := range r.Repositories {
		x, err := m.read(p)
		if err != nil {
			return nil, err
		}
		dir := p.Place
		if frozen {
			dir = path.Join(r.SnapshotDir(), r.Below(p))
		}
		out = append(out, Offer{
			Name: p.Name, Dir: path.Join(dir, x.dir), Repository: x.repository, Root: x.root, Format: x.format,
			Signed: len(keys) > 0, Expires: frozen && !ours(p) && !p.ValidUntil.IsZero(),
		})
	}
	return out, nil
}
