package generations

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// channelName is what a channel can be called.
var channelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// Promote makes a channel of each mirror show a generation of it: of all mirrors or of
// none. The generations have trees of their own from then on. The caller holds the lock
// of the store, which is that of all mirrors.
func Promote(ctx context.Context, mirrors []*Mirror, generation, channel string) ([]*Shown, error) {
	if !channelName.MatchString(channel) || channel == "current" {
		return nil, fmt.Errorf("%q cannot be the name of a channel (expected letters, digits, . _ + and -, a letter or digit first)", channel)
	}
	var all []*Shown
	var publications []*store.Publication
	for _, m := range mirrors {
		shown, p, err := m.promotion(ctx, generation, channel)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		all = append(all, shown)
		if p != nil {
			publications = append(publications, p)
		}
	}
	if len(publications) == 0 {
		return all, nil
	}
	return all, mirrors[0].Store.PublishTogether(publications)
}

// promotion is what makes the mirror's channel show the generation, nil for nothing.
func (m *Mirror) promotion(ctx context.Context, generation, channel string) (*Shown, *store.Publication, error) {
	k, err := m.Find(generation)
	if err != nil {
		return nil, nil, err
	}
	name := store.ChannelName(m.Name, channel)
	before, err := m.Store.Current(name, m.now(), m.Grace)
	if err != nil {
		return nil, nil, err
	}
	dir := k.ChannelDir(channel)
	p, err := m.publication(ctx, k, place{name: name, dir: dir, before: before, frozen: true})
	if err != nil {
		return nil, nil, fmt.Errorf("channel %s: generation %s: %w", channel, k.ID, err)
	}
	if err := m.Snapshot(ctx, k); err != nil {
		return nil, nil, err
	}
	out := &Shown{Mirror: m.Name, Generation: k.ID, Channel: channel, Dir: dir, Snapshot: k.SnapshotDir()}
	if p == nil {
		out.Published = before.ID
		return out, nil, nil
	}
	p.Record.ContentOf, p.Keep = k.ID, store.Retention{}
	out.Published, out.Changed = p.Record.ID, true
	return out, p, m.rememberKeys(name, p)
}

// SnapshotAll gives all generations that are kept trees of their own.
func (m *Mirror) SnapshotAll(ctx context.Context) error {
	all, err := m.Store.Generations(m.Name)
	if err != nil {
		return err
	}
	for _, k := range all {
		if err := m.Snapshot(ctx, k); err != nil {
			return fmt.Errorf("snapshot %s: %w", k.ID, err)
		}
	}
	return nil
}

// Snapshot gives the generation a tree of its own, where it has none. Roots of ours that
// expire are signed anew, to be valid for ever; all else is byte for byte what was
// published. The caller holds the lock.
func (m *Mirror) Snapshot(ctx context.Context, k *store.Kept) error {
	if m.Store.HasSnapshot(&k.Record) {
		return nil
	}
	roots := make([][]repo.File, len(k.Repositories))
	keys := map[string][]byte{}
	for i, p := range k.Repositories {
		if ours(p) && m.Sign != nil {
			keys = m.Sign.Public
		}
		if !ours(p) || p.ValidUntil.IsZero() {
			continue
		}
		manifest, err := m.Store.Manifest(m.Name, p)
		if err != nil {
			return err
		}
		at := *p
		date := p.Made.UTC().Truncate(time.Second)
		if err := m.renew(ctx, &at, manifest, date, true); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		roots[i] = manifest.Root
	}
	return m.Store.MakeSnapshot(m.Name, &k.Record, roots, keys)
}
