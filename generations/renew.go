package generations

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// place is where a generation is to be shown.
type place struct {
	name   string // that the store knows it by: of the mirror, or of a channel
	dir    string // below the destination
	before *store.Record
	// frozen is set where nobody renews the roots, so that they are made valid for ever.
	frozen bool
}

// publication shows the generation again in a place: with the roots as they are, where
// that place never showed later ones, else with roots of today. It is nil where the place
// shows the generation already.
func (m *Mirror) publication(ctx context.Context, k *store.Kept, to place) (*store.Publication, error) {
	if to.before != nil && (to.before.ContentOf == k.ID || to.before.ContentOf == origin(k)) {
		return nil, nil
	}
	now := m.now()
	date, ahead, err := to.before.NextDate(ctx, now)
	if err != nil {
		return nil, err
	}
	if ahead {
		return nil, fmt.Errorf("%s", to.before.AheadWarning())
	}
	record := &store.Record{Time: now.UTC(), Dir: to.dir, ContentOf: origin(k), Unresolved: k.Unresolved, Skipped: k.Skipped}
	p := &store.Publication{Mirror: to.name, Record: record, Before: to.before, Grace: m.Grace, Keep: m.Keep, PublicKeys: map[string][]byte{}}
	if to.before != nil {
		record.Configuration = to.before.Configuration
	}
	roots, changed, signed := repo.SHA256.New(), false, false
	for _, from := range k.Repositories {
		at := *from
		at.Place = path.Join(to.dir, k.Below(from))
		before := to.before.Find(at.Name, at.Place)
		if before != nil { // what upstream shows is what was seen last, wherever we go
			at.Upstream, at.Date, at.UpstreamPackages = before.Upstream, before.Date, before.UpstreamPackages
		}
		if before != nil && to.name == m.Name && before.ManifestFile == from.ManifestFile {
			at = *before
			record.Repositories, p.Manifests = append(record.Repositories, &at), append(p.Manifests, nil)
			fmt.Fprint(roots, at.Root)
			continue
		}
		manifest, err := m.Store.Manifest(m.Name, from)
		if err != nil {
			return nil, err
		}
		if err := m.complete(k, manifest); err != nil {
			return nil, err
		}
		if to.must(from, before) {
			if err := m.renew(ctx, &at, manifest, date, to.frozen); err != nil {
				return nil, fmt.Errorf("%s: %w", at.Name, err)
			}
			signed = signed || m.Sign != nil
		}
		if before == nil || before.Root != at.Root {
			changed = true
		}
		record.Repositories, p.Manifests = append(record.Repositories, &at), append(p.Manifests, manifest)
		fmt.Fprint(roots, at.Root)
	}
	if to.before != nil && len(to.before.Repositories) != len(record.Repositories) {
		changed = true
	}
	if !changed {
		return nil, nil
	}
	if m.Sign != nil && (signed || slices.ContainsFunc(k.Repositories, ours)) {
		for name, content := range m.Sign.Public {
			p.PublicKeys[path.Join(to.dir, name)] = content
		}
	}
	record.ID = fmt.Sprintf("%s-%x", record.Time.Format("20060102T150405Z"), roots.Sum(nil)[:4])
	return p, nil
}

// origin is the generation whose content it is.
func origin(k *store.Kept) string {
	if k.ContentOf != "" {
		return k.ContentOf
	}
	return k.ID
}

// must reports whether the root has to be made anew: where it would not be later than
// what the place showed, or would expire.
func (to place) must(p *store.Published, before *store.Published) bool {
	if to.frozen && ours(p) && !p.ValidUntil.IsZero() {
		return true
	}
	if before == nil || before.Root == p.Root {
		return false
	}
	return !p.Made.After(before.Made)
}

// complete wants all files of the manifest to be there.
func (m *Mirror) complete(k *store.Kept, manifest *repo.Manifest) error {
	objects := m.Store.Objects()
	for f := range manifest.All {
		if !objects.Has(f) {
			return fmt.Errorf("generation %s lacks %s: its content is gone from the store", k.ID, f.Path)
		}
	}
	return nil
}

// renew makes the root of the repository anew, and reads it back.
func (m *Mirror) renew(ctx context.Context, at *store.Published, manifest *repo.Manifest, date time.Time, frozen bool) error {
	r, err := m.readManifest(at, manifest)
	if err != nil {
		return err
	}
	n := &repo.Renewal{
		Repository: r.repository, Root: r.root, Files: r.files, Date: date,
		Put: func(name string, content []byte) (repo.File, error) {
			f, err := m.Store.Objects().Put(path.Join(r.dir, name), content, date)
			f.Path = path.Join(r.dir, name)
			return f, err
		},
	}
	if ours(at) && !frozen {
		n.ValidFor = m.ValidFor
	}
	if n.Signer, err = m.signer(ctx, at); err != nil {
		return err
	}
	files, err := r.format.Renew(n)
	if err != nil {
		return err
	}
	for i := range files {
		files[i].Path = path.Join(r.dir, strings.TrimPrefix(files[i].Path, r.dir+"/"))
	}
	manifest.Root = files
	at.Root, at.Made, at.ValidUntil = files[len(files)-1].Digest, date, time.Time{}
	at.Main = files[len(files)-1].Path
	if n.ValidFor > 0 {
		at.ValidUntil = date.Add(n.ValidFor)
	}
	return m.readBack(at, manifest, r.root)
}

// signer signs a root of the repository, nil leaves it unsigned as it was.
func (m *Mirror) signer(ctx context.Context, at *store.Published) (repo.Signer, error) {
	known, err := m.Store.Keys(m.Name)
	if err != nil {
		return nil, err
	}
	switch {
	case ours(at) && len(known) == 0:
		return nil, nil // it never was signed
	case m.Sign == nil && !ours(at):
		return nil, ErrForeign
	case m.Sign == nil:
		return nil, fmt.Errorf("there is no key to sign %s with", at.Name)
	case ours(at) && !slices.ContainsFunc(known, func(key []byte) bool { return string(key) == string(m.Sign.Public["key.asc"]) }):
		return nil, ErrKey
	}
	return m.Sign.Signer(ctx), nil
}

// readBack reads a root that was made anew: it names the same indexes, of the new date.
func (m *Mirror) readBack(at *store.Published, manifest *repo.Manifest, before *repo.Root) error {
	r, err := m.readManifest(at, manifest)
	if err != nil {
		return fmt.Errorf("the root written does not read back: %w", err)
	}
	variants := func(root *repo.Root) (out []repo.File) {
		for _, ix := range root.Indexes {
			for _, v := range ix.Variants {
				out = append(out, v.File)
			}
		}
		return out
	}
	if d := repo.Diff(variants(before), variants(r.root)); !d.Empty() {
		return fmt.Errorf("the root written names other indexes than the one before")
	}
	if !r.root.Date.Equal(at.Made) {
		return fmt.Errorf("the root written is of %s, expected %s", r.root.Date, at.Made)
	}
	return nil
}
