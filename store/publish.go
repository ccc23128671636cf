package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Publication is a generation of a mirror that is ready to be published: all its
// files are objects.
type Publication struct {
	Mirror string
	// Record is the new record; Publish fills in ManifestFile, Packages and Bytes
	// of its repositories, and Retired.
	Record *Record
	// Manifests are those of Record.Repositories, in their order; nil for one that
	// stays as it is.
	Manifests []*repo.Manifest
	// Contents write the lists of packages of repositories that are created, which are
	// kept like the manifests; nil for no such list, or for one that stays as it is.
	Contents []func(io.Writer) error
	// Before is what is published now, nil for nothing.
	Before *Record
	// Grace is how long files stay in the tree that the mirror no longer holds.
	Grace time.Duration
	// Keep says which generations are kept.
	Keep Retention
	// PublicKeys are further files for clients, by path relative to the destination.
	PublicKeys map[string][]byte
}

// Replaced reports a package whose path stays while its content is a new one.
type Replaced struct{ Path string }

// Publish makes the tree show the generation. Packages are added first, then each
// repository's index directory is exchanged as a whole, then what is no longer
// needed goes. A process that dies at any point leaves, for every reader, the old
// or the new state of each repository.
func (s *Store) Publish(p *Publication) ([]Replaced, error) {
	b, err := s.prepare(p)
	if err != nil {
		return nil, err
	}
	defer b.close()
	return b.replaced, b.commit()
}

// prepare makes all ready for the switch, which readers notice nothing of.
func (s *Store) prepare(p *Publication) (*publishing, error) {
	tree, err := os.OpenRoot(s.destination)
	if err != nil {
		return nil, err
	}
	b := &publishing{Store: s, Publication: p, tree: tree, objects: s.Objects()}
	if err := b.run(b.plan, b.announce, b.freshen, b.addPackages, b.stage, s.Sync); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// commit switches to what was prepared.
func (b *publishing) commit() error {
	return b.run(b.replacePackages, b.exchange, b.finish, b.sweep)
}

func (b *publishing) run(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("publish %s: %w", b.Publication.Mirror, err)
		}
	}
	return nil
}

func (b *publishing) close() {
	b.closeDir()
	b.tree.Close()
}

// publishing is one run of Publish.
type publishing struct {
	*Store
	*Publication
	tree    *os.Root
	objects *Objects

	changed  []change
	gone     []*Published              // repositories that the mirror no longer has
	left     map[repo.Digest]repo.File // files that no repository holds any more, by content
	needed   map[repo.Digest]bool      // objects that kept generations need; nil: not looked up
	removed  map[string]repo.File      // package files that no repository holds any more, by path in the tree
	replaced []Replaced
	replace  []link

	dirName string   // the directory of the tree that is open
	dir     *os.File // for linking into
}

// change is one repository that gets a new manifest.
type change struct {
	at          *Published
	now, before *repo.Manifest
	staged      string // directory in staging/

	packages, indexes, root repo.Difference // from before to now
}

// replacedFiles are the packages whose path has new content, as they were.
func (c *change) replacedFiles() []repo.File { return asBefore(c.before.Packages, c.packages.Changed) }

// asBefore returns the files at the paths of those that changed as they were.
func asBefore(before, changed []repo.File) (old []repo.File) {
	if len(changed) == 0 {
		return nil
	}
	paths := make(map[string]bool, len(changed))
	for _, f := range changed {
		paths[f.Path] = true
	}
	for _, f := range before {
		if paths[f.Path] {
			old = append(old, f)
		}
	}
	return old
}

// replaced are all files whose path has new content, as they were.
func (c *change) replaced() []repo.File {
	return slices.Concat(c.replacedFiles(), asBefore(c.before.Indexes, c.indexes.Changed), asBefore(c.before.Root, c.root.Changed))
}

// leaves are the files that the repository no longer has, or has with new content.
func (c *change) leaves() []repo.File {
	return slices.Concat(c.packages.Removed, c.indexes.Removed, c.root.Removed, c.replaced())
}

// inside reports whether a package file lies in the directory that is exchanged.
func (c *change) inside(f repo.File) bool {
	return c.at.IndexDir != "" && strings.HasPrefix(f.Path, c.at.IndexDir+"/")
}

// plan finds what changes in the tree.
func (b *publishing) plan() error {
	b.removed, b.left = map[string]repo.File{}, map[repo.Digest]repo.File{}
	for i, at := range b.Record.Repositories {
		before := b.Before.Find(at.Name, at.Place)
		if b.Manifests[i] == nil {
			if before == nil {
				return fmt.Errorf("%s has no manifest", at.Name)
			}
			continue
		}
		c := change{at: at, now: b.Manifests[i], before: &repo.Manifest{}}
		if before != nil {
			m, err := b.Manifest(b.Mirror, before)
			if err != nil {
				return err
			}
			c.before = m
		}
		c.packages = repo.Diff(c.before.Packages, c.now.Packages)
		c.indexes = repo.Diff(c.before.Indexes, c.now.Indexes)
		c.root = repo.Diff(c.before.Root, c.now.Root)
		for _, f := range c.packages.Removed {
			b.removed[filepath.Join(at.Place, f.Path)] = f
		}
		for _, f := range c.leaves() {
			b.left[f.Digest] = f
		}
		if n := len(c.now.Root); n > 0 {
			at.Main = c.now.Root[n-1].Path
		}
		at.Packages, at.Bytes = len(c.now.Packages), 0
		for _, f := range c.now.Packages {
			at.Bytes += f.Size
		}
		b.changed = append(b.changed, c)
	}
	if b.Before != nil {
		for _, old := range b.Before.Repositories {
			if b.Record.Find(old.Name, old.Place) == nil {
				b.gone = append(b.gone, old)
				m, err := b.Manifest(b.Mirror, old)
				if err != nil {
					return err
				}
				for _, f := range m.Packages {
					b.removed[filepath.Join(old.Place, f.Path)] = f
				}
				for f := range m.All {
					b.left[f.Digest] = f
				}
			}
		}
	}
	return b.keepShared()
}

// keepShared takes out of removed and left what another repository still holds.
func (b *publishing) keepShared() error {
	for i, at := range b.Record.Repositories {
		if len(b.removed) == 0 && len(b.left) == 0 {
			return nil
		}
		m := b.Manifests[i]
		if m == nil {
			var err error
			if m, err = b.Manifest(b.Mirror, b.Before.Find(at.Name, at.Place)); err != nil {
				return err
			}
		}
		for _, f := range m.Packages {
			delete(b.removed, filepath.Join(at.Place, f.Path))
		}
		for f := range m.All {
			delete(b.left, f.Digest)
		}
	}
	return nil
}

// announce writes down what is about to be published, so that a later run knows
// which files this one may have left behind.
func (b *publishing) announce() error {
	if err := b.keepBefore(); err != nil {
		return err
	}
	for i, at := range b.Record.Repositories {
		if b.Manifests[i] == nil {
			before := b.Before.Find(at.Name, at.Place)
			at.ManifestFile, at.ContentFile = before.ManifestFile, before.ContentFile
			continue
		}
		at.ManifestFile = fmt.Sprintf("%s.%d.manifest.zst", b.Record.ID, i)
		if err := b.writeManifest(b.Mirror, at.ManifestFile, b.Manifests[i]); err != nil {
			return err
		}
		if i >= len(b.Contents) || b.Contents[i] == nil {
			continue
		}
		at.ContentFile = fmt.Sprintf("%s.%d.content.zst", b.Record.ID, i)
		if err := b.writeList(b.Mirror, at.ContentFile, b.Contents[i]); err != nil {
			return err
		}
	}
	return b.writeRecord(b.Mirror, pendingRecord, b.Record)
}

// freshen makes what a path shows anew later than what it showed: servers answer that
// nothing changed to those who have a file of a time that is not earlier. The order of
// contents at a path is not that of their dates where a mirror goes back.
func (b *publishing) freshen() error {
	for i := range b.changed {
		c := &b.changed[i]
		old := map[string]repo.Digest{}
		for _, f := range c.replaced() {
			old[f.Path] = f.Digest
		}
		for _, f := range slices.Concat(c.packages.Changed, c.indexes.Changed, c.root.Changed) {
			if err := b.objects.makeLater(f.Digest, old[f.Path]); err != nil {
				return err
			}
		}
	}
	return nil
}

// addPackages links the packages that are new; those whose path shows another
// content wait for the moment of the switch. Those that lie among the indexes,
// such as installer images, are staged with them.
func (b *publishing) addPackages() error {
	for _, c := range b.changed {
		add := slices.DeleteFunc(slices.Concat(c.packages.Added, c.packages.Changed), c.inside)
		slices.SortFunc(add, func(x, y repo.File) int { return strings.Compare(x.Path, y.Path) })
		for _, f := range add {
			path := filepath.Join(c.at.Place, f.Path)
			switch err := b.link(path, f.Digest); {
			case err == nil:
			case !errors.Is(err, fs.ErrExist):
				return err
			case b.same(path, f.Digest):
			default:
				b.replace = append(b.replace, link{path, f.Digest})
				b.replaced = append(b.replaced, Replaced{path})
			}
		}
	}
	return nil
}

// stage builds the new index directories beside the tree.
func (b *publishing) stage() error {
	staging := b.path("staging", b.Mirror)
	if err := os.RemoveAll(staging); err != nil {
		return err
	}
	for i := range b.changed {
		c := &b.changed[i]
		if c.at.IndexDir == "" {
			continue
		}
		c.staged = filepath.Join(staging, fmt.Sprint(i))
		if err := os.MkdirAll(staging, 0o700); err != nil {
			return err
		}
		if err := makeDir(c.staged, 0o755); err != nil {
			return err
		}
		if err := b.fillStaged(c); err != nil {
			return err
		}
	}
	return nil
}

func (b *publishing) fillStaged(c *change) error {
	root, err := os.OpenRoot(c.staged)
	if err != nil {
		return err
	}
	defer root.Close()
	in := &publishing{Store: b.Store, tree: root, objects: b.objects}
	defer in.closeDir()
	files := slices.Concat(c.now.Indexes, c.now.Root)
	for _, f := range c.now.Packages {
		if c.inside(f) {
			files = append(files, f)
		}
	}
	present := map[string]bool{}
	for _, f := range files {
		present[f.Path] = true
	}
	for _, r := range b.retired(c) {
		path, err := filepath.Rel(c.at.Place, r.Path)
		if err == nil && !present[path] && b.objects.Has(repo.File{Digest: r.Digest, Size: -1}) {
			present[path] = true
			files = append(files, repo.File{Path: path, Digest: r.Digest})
		}
	}
	slices.SortFunc(files, func(x, y repo.File) int { return strings.Compare(x.Path, y.Path) })
	prefix := c.at.IndexDir + "/"
	for _, f := range files {
		inside, ok := strings.CutPrefix(f.Path, prefix)
		if !ok {
			return fmt.Errorf("index %s is outside of %s", f.Path, c.at.IndexDir)
		}
		if err := in.link(inside, f.Digest); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

func (b *publishing) replacePackages() error {
	for _, l := range b.replace {
		if err := b.relink(l.path, l.digest); err != nil {
			return err
		}
	}
	return nil
}

// exchange switches each changed repository to its new indexes.
func (b *publishing) exchange() error {
	b.closeDir()
	for i := range b.changed {
		c := &b.changed[i]
		if c.staged == "" || !b.exchangeDir(c) {
			if err := b.exchangeFiles(c); err != nil {
				return err
			}
		}
	}
	for _, old := range b.gone {
		if err := b.removeIndexes(old); err != nil {
			return err
		}
	}
	_ = os.RemoveAll(b.path("staging", b.Mirror)) // the next run does so, too
	return nil
}

// exchangeDir exchanges the index directory with the staged one in one step, and
// reports whether the file system could.
func (b *publishing) exchangeDir(c *change) bool {
	dir := filepath.Join(c.at.Place, c.at.IndexDir)
	parent, err := b.openDir(filepath.Dir(dir))
	if err != nil {
		return false
	}
	name := filepath.Base(dir)
	err = unix.Renameat2(unix.AT_FDCWD, c.staged, int(parent.Fd()), name, unix.RENAME_EXCHANGE)
	if errors.Is(err, fs.ErrNotExist) {
		err = unix.Renameat2(unix.AT_FDCWD, c.staged, int(parent.Fd()), name, unix.RENAME_NOREPLACE)
	}
	return err == nil && parent.Sync() == nil
}

// exchangeFiles replaces the indexes one by one, those that readers find by
// digest before the others, the root last: for flat repositories, and where a
// file system cannot exchange directories. A reader that goes by digest still sees
// the old or the new state.
func (b *publishing) exchangeFiles(c *change) error {
	for _, f := range slices.Concat(c.now.Indexes, c.now.Root) {
		if err := b.relink(filepath.Join(c.at.Place, f.Path), f.Digest); err != nil {
			return err
		}
	}
	return b.Sync()
}

// removeIndexes takes away a repository that the mirror no longer has.
func (b *publishing) removeIndexes(old *Published) error {
	m, err := b.Manifest(b.Mirror, old)
	if err != nil {
		return err
	}
	for _, part := range [][]repo.File{m.Root, m.Indexes} {
		for _, f := range part {
			if err := b.remove(filepath.Join(old.Place, f.Path), f.Digest); err != nil {
				return err
			}
		}
	}
	return nil
}

// finish makes the new record the current one.
func (b *publishing) finish() error {
	for path, content := range b.PublicKeys {
		if err := b.putKey(path, content); err != nil {
			return err
		}
	}
	until := b.Record.Time.Add(b.Grace)
	b.Record.Retired = nil
	for path, f := range b.removed {
		b.Record.Retired = append(b.Record.Retired, Retired{path, f.Digest, until})
	}
	for i := range b.changed {
		c := &b.changed[i]
		for _, f := range c.indexes.Removed {
			b.Record.Retired = append(b.Record.Retired, Retired{filepath.Join(c.at.Place, f.Path), f.Digest, until})
		}
		// What keeps its path leaves an object that only its digest finds.
		for _, f := range c.replaced() {
			b.Record.Retired = append(b.Record.Retired, Retired{"", f.Digest, until})
		}
	}
	if err := b.carryRetired(); err != nil {
		return err
	}
	slices.SortFunc(b.Record.Retired, func(x, y Retired) int {
		return strings.Compare(x.Path+" "+x.Digest.String(), y.Path+" "+y.Digest.String())
	})
	if err := b.writeRecord(b.Mirror, currentRecord, b.Record); err != nil {
		return err
	}
	if err := b.writeKept(b.Mirror, &Kept{Record: *b.Record, Step: b.step()}); err != nil {
		return err
	}
	_ = os.Remove(b.mirrorFile(b.Mirror, pendingRecord))
	_ = os.Remove(b.mirrorFile(b.Mirror, wantedFile))
	b.needed = nil // it is another set now
	return b.DropGenerations(b.Mirror, b.Keep, b.Record.Time)
}

// Refresh replaces the record of a mirror of which nothing in the tree changes.
func (s *Store) Refresh(mirror string, r *Record) error {
	return s.writeRecord(mirror, currentRecord, r)
}
