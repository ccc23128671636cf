package generations

import (
	"context"
	"fmt"

	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Shown is a generation that was shown somewhere.
type Shown struct {
	Mirror string `json:"mirror"`
	// Generation is the one whose content is shown, Published the one that shows it.
	Generation string `json:"generation"`
	Published  string `json:"published"`
	// Channel is where, "" for the mirror itself.
	Channel string `json:"channel,omitempty"`
	// Dir is its directory below the destination, Snapshot that of the generation alone.
	Dir      string `json:"dir"`
	Snapshot string `json:"snapshot,omitempty"`
	// Changed is false where that was shown already.
	Changed bool `json:"changed"`
}

// Rollback makes the mirror show the content of an earlier generation, as a new one:
// clients take notice of what is newer only. Name is as [Mirror.Find] has it, and "" is
// the generation before the one whose content is shown now. The caller holds the lock.
func (m *Mirror) Rollback(ctx context.Context, name string) (*Shown, error) {
	k, err := m.target(name)
	if err != nil {
		return nil, err
	}
	before, err := m.Store.Current(m.Name, m.now(), m.Grace)
	if err != nil {
		return nil, err
	}
	p, err := m.publication(ctx, k, place{name: m.Name, dir: before.Top(), before: before})
	if err != nil {
		return nil, fmt.Errorf("go back to %s: %w", k.ID, err)
	}
	out := &Shown{Mirror: m.Name, Generation: origin(k), Published: before.ID, Dir: before.Top()}
	if p == nil {
		return out, nil
	}
	if err := m.rememberKeys(m.Name, p); err != nil {
		return nil, err
	}
	if _, err := m.Store.Publish(p); err != nil {
		return nil, err
	}
	out.Published, out.Changed = p.Record.ID, true
	return out, nil
}

// target is the generation to go back to.
func (m *Mirror) target(name string) (*store.Kept, error) {
	if name != "" {
		return m.Find(name)
	}
	current, err := m.Find("current")
	if err != nil {
		return nil, err
	}
	all, err := m.Store.Generations(m.Name)
	if err != nil {
		return nil, err
	}
	var before *store.Kept
	for _, k := range all {
		if k.ID == origin(current) {
			break
		}
		if k.ContentOf == "" {
			before = k
		}
	}
	if before == nil {
		return nil, fmt.Errorf("%s has no earlier generation: none %w", m.Name, ErrUnknown)
	}
	return before, nil
}

// rememberKeys keeps the key that signs among those that verify what is shown.
func (m *Mirror) rememberKeys(name string, p *store.Publication) error {
	keys, err := m.Store.Keys(m.Name)
	if err != nil {
		return err
	}
	if len(p.PublicKeys) == 0 {
		return m.Store.SetKeys(name, keys)
	}
	ours := m.Sign.Public["key.asc"]
	for _, key := range keys {
		if string(key) == string(ours) {
			return m.Store.SetKeys(name, keys)
		}
	}
	return m.Store.SetKeys(name, append(keys, ours))
}
