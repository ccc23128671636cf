package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Ledger is what a source published of one repository over time: its generations,
// oldest first, with their manifests. In its directory:
//
//	generations.json     the generations
//	DIGEST.manifest.zst  the manifest of the newest one
//	NEW-OLD.added.zst    files that a generation has and the one before it has not
//	NEW-OLD.removed.zst  files that the one before has and the new one has not
//
// The names are the first digits of the roots' digests. So a generation costs what it
// changed. In memory are the list, and manifests that were asked for last. A Ledger is safe for concurrent
// use, also by several processes.
type Ledger struct {
	dir       string
	manifests *manifests // in memory, of this and of other ledgers

	mu   sync.Mutex
	info fs.FileInfo // of generations.json as it was read
	all  []Generation
}

// Generation is one state of a repository as its source published it.
type Generation struct {
	// Root is the digest of the root file, Main its path, and Size its size in bytes: 0
	// where it was not written down.
	Root repo.Digest `json:"root"`
	Main string      `json:"main"`
	Size int64       `json:"size,omitempty"`
	// Published is when the source showed it first.
	Published time.Time `json:"published"`
	// Date and ValidUntil are what the root says; zero if unsaid.
	Date       time.Time `json:"date,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// Files and Bytes count the manifest.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Complete says that the source held all of it when it was checked.
	Complete bool `json:"complete"`
	// Expired generations are not advertised any more, by an administrator's word.
	Expired bool `json:"expired,omitempty"`
	// Kept says that the manifest can be read. Those of generations that are long over
	// are not kept.
	Kept bool `json:"kept,omitempty"`
}

// Ledger returns the ledger of a watched repository.
func (s *Store) Ledger(r *repo.Repository) *Ledger {
	sum := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{r.Source.Type, r.Name}, r.URLs, []string{r.List}), "\n")))
	l := OpenLedger(s.path("ledger", hex.EncodeToString(sum[:16])))
	l.manifests = s.manifests
	return l
}

// OpenLedger returns the ledger in a directory, which is made with the first generation.
func OpenLedger(dir string) *Ledger { return &Ledger{dir: dir} }

// ErrNotKept says that the manifest of a generation is not there, or not any more.
var ErrNotKept = errors.New("the manifest of the generation is not kept")

const generationsFile = "generations.json"

// Generations returns the generations, oldest first.
func (l *Ledger) Generations() ([]Generation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	file := filepath.Join(l.dir, generationsFile)
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if l.info != nil && os.SameFile(l.info, info) && l.info.ModTime().Equal(info.ModTime()) {
		return slices.Clone(l.all), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all []Generation
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	l.info, l.all = info, all
	return slices.Clone(all), nil
}

// Add adds the newest generation with its manifest, and sets its counts. A root may be
// published again: a source can go back.
func (l *Ledger) Add(g Generation, m *repo.Manifest) error {
	g = counted(g, m)
	return l.change(func(all []Generation) ([]Generation, error) {
		all = append(all, g)
		return all, l.link(all, len(all)-1, m)
	})
}

// Insert adds a generation that was missed, with its manifest, before the first one of a
// later date. Its time of publication is moved between those of its neighbours.
func (l *Ledger) Insert(g Generation, m *repo.Manifest) error {
	g = counted(g, m)
	return l.change(func(all []Generation) ([]Generation, error) {
		at := slices.IndexFunc(all, func(x Generation) bool { return g.Date.Before(x.Date) })
		if at < 0 {
			at = len(all)
		}
		if at > 0 {
			g.Published = later(g.Published, all[at-1].Published)
		}
		if at < len(all) {
			g.Published = earlier(g.Published, all[at].Published)
			g.Kept = all[at].Kept // else those after it lead nowhere
		}
		all = slices.Insert(all, at, g)
		if !g.Kept {
			return all, nil
		}
		return all, l.link(all, at, m)
	})
}

func counted(g Generation, m *repo.Manifest) Generation {
	g.Files, g.Bytes, g.Kept = 0, 0, true
	for _, f := range m.Root {
		if f.Path == g.Main {
			g.Size = f.Size
		}
	}
	for f := range m.All {
		g.Files++
		g.Bytes += max(f.Size, 0)
	}
	return g
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// link writes the manifest of a new generation and what leads from it to its
// neighbours.
func (l *Ledger) link(all []Generation, at int, m *repo.Manifest) error {
	if at+1 == len(all) {
		if err := writeManifestFile(l.whole(all[at]), m); err != nil {
			return err
		}
	} else {
		next, err := l.manifest(slices.Delete(slices.Clone(all), at, at+1), at)
		if err != nil {
			return err
		}
		if err := l.writeStep(all[at], all[at+1], m, next); err != nil {
			return err
		}
	}
	if at == 0 || !all[at-1].Kept {
		return nil
	}
	before, err := l.manifest(slices.Delete(slices.Clone(all), at, at+1), at-1)
	if err != nil {
		return err
	}
	return l.writeStep(all[at-1], all[at], before, m)
}

// Update changes what is known of the newest generation with the root.
func (l *Ledger) Update(root repo.Digest, change func(*Generation)) error {
	return l.change(func(all []Generation) ([]Generation, error) {
		i := find(all, root)
		if i < 0 {
			return nil, fmt.Errorf("there is no generation %s", root)
		}
		change(&all[i])
		return all, nil
	})
}

// maxGenerations is how many generations are known at most, the newest ones.
const maxGenerations = 20_000

// Prune keeps the manifests of so many generations, of those that were the newest one
// within the age; the newest is always kept. What is known of the others stays, so that
// sites that show one of them are not taken for foreign.
func (l *Ledger) Prune(generations int, age time.Duration, now time.Time) error {
	return l.change(func(all []Generation) ([]Generation, error) {
		for i := range all {
			last := i == len(all)-1
			if !last && (len(all)-i > generations || now.Sub(all[i+1].Published) > age) {
				all[i].Kept = false
			}
		}
		return all[max(0, len(all)-maxGenerations):], nil
	})
}

// change changes the list under the lock, and removes the files that it leaves behind.
func (l *Ledger) change(change func([]Generation) ([]Generation, error)) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(l.dir, "lock"), flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	defer func() { _ = lock.Unlock() }()
	all, err := l.Generations()
	if err != nil {
		return err
	}
	if all, err = change(all); err != nil {
		return err
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(l.dir, generationsFile), append(b, '\n'), 0o600); err != nil {
		return err
	}
	return l.clear(all)
}

// clear removes the files that no generation needs any more.
func (l *Ledger) clear(all []Generation) error {
	needed := map[string]bool{}
	for i, g := range all {
		if i+1 == len(all) {
			needed[l.whole(g)] = true
		} else if g.Kept {
			added, removed := l.step(g, all[i+1])
			needed[added], needed[removed] = true, true
		}
	}
	found, err := filepath.Glob(filepath.Join(l.dir, "*.zst"))
	if err != nil {
		return err
	}
	for _, f := range found {
		if !needed[f] {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func find(all []Generation, root repo.Digest) int {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Root == root {
			return i
		}
	}
	return -1
}

func short(d repo.Digest) string { return d.Hex()[:min(16, len(d.Hex()))] }

// whole is the file of a generation's manifest.
func (l *Ledger) whole(g Generation) string {
	return filepath.Join(l.dir, short(g.Root)+".manifest.zst")
}

func writeManifestFile(file string, m *repo.Manifest) error {
	return replaceFile(file, 0o600, func(w io.Writer) error { return compressList(w, m.Write) })
}

// step are the files that lead from one generation to the next.
func (l *Ledger) step(old, now Generation) (added, removed string) {
	name := filepath.Join(l.dir, short(now.Root)+"-"+short(old.Root))
	return name + ".added.zst", name + ".removed.zst"
}

func (l *Ledger) writeStep(old, now Generation, before, after *repo.Manifest) error {
	added, removed := l.step(old, now)
	if err := writeManifestFile(added, without(after, before)); err != nil {
		return err
	}
	return writeManifestFile(removed, without(before, after))
}

// without are the files of a manifest that the other has not, or not with this content.
func without(m, other *repo.Manifest) *repo.Manifest {
	news := func(now, old []repo.File) []repo.File {
		d := repo.Diff(old, now)
		return append(d.Added, d.Changed...)
	}
	return &repo.Manifest{Root: news(m.Root, other.Root), Indexes: news(m.Indexes, other.Indexes), Packages: news(m.Packages, other.Packages)}
}

// retries is how often a reader begins again when a writer has removed what it reads.
const retries = 5

// Manifest returns the manifest of a generation, or [ErrNotKept]. It is shared by all who
// ask for it, and not to be changed.
func (l *Ledger) Manifest(root repo.Digest) (m *repo.Manifest, err error) {
	err = l.read(func(all []Generation) (err error) {
		i := find(all, root)
		if i < 0 {
			return ErrNotKept
		}
		m, err = l.manifest(all, i)
		return err
	})
	return m, err
}

// Difference returns the files that the first generation has and the second has not, or
// not with this content, and the other way round; [ErrNotKept] where that cannot be told.
func (l *Ledger) Difference(one, other repo.Digest) (ofOne, ofOther *repo.Manifest, err error) {
	err = l.read(func(all []Generation) (err error) {
		i, j := find(all, one), find(all, other)
		switch {
		case i < 0 || j < 0:
			return ErrNotKept
		case i < j:
			ofOther, ofOne, err = l.between(all, i, j)
		default:
			ofOne, ofOther, err = l.between(all, j, i)
		}
		return err
	})
	return ofOne, ofOther, err
}

// Which returns the newest generation that has this content under the path, beside the
// one that is left out; the zero Digest for none.
func (l *Ledger) Which(path string, content repo.Digest, except repo.Digest) (root repo.Digest, err error) {
	err = l.read(func(all []Generation) error {
		root = repo.Digest{}
		if len(all) == 0 {
			return nil
		}
		m, err := l.manifest(all, len(all)-1)
		if err != nil {
			return err
		}
		has := holds(m, path, content)
		for i := len(all) - 1; ; i-- {
			if has && all[i].Root != except {
				root = all[i].Root
				return nil
			}
			if i == 0 || !all[i-1].Kept {
				return nil
			}
			added, removed, err := l.readStep(all[i-1], all[i])
			if err != nil {
				return err
			}
			has = holds(removed, path, content) || has && !holds(added, path, content)
		}
	})
	return root, err
}

func holds(m *repo.Manifest, path string, content repo.Digest) bool {
	for f := range m.All {
		if f.Path == path && f.Digest == content {
			return true
		}
	}
	return false
}

func (l *Ledger) read(f func([]Generation) error) (err error) {
	for range retries {
		all, e := l.Generations()
		if e != nil {
			return e
		}
		if err = f(all); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// manifest is that of one generation: the newest one's, and the steps back.
func (l *Ledger) manifest(all []Generation, i int) (*repo.Manifest, error) {
	if !all[i].Kept {
		return nil, ErrNotKept
	}
	return l.manifests.get(l.dir+" "+all[i].Root.String(), func() (*repo.Manifest, error) { return l.readManifest(all, i) })
}

func (l *Ledger) readManifest(all []Generation, i int) (*repo.Manifest, error) {
	last := len(all) - 1
	m, err := readManifestFile(l.whole(all[last]))
	if err != nil || i == last {
		return m, err
	}
	added, removed, err := l.between(all, i, last)
	if err != nil {
		return nil, err
	}
	m = joined(without(m, added), removed)
	main := func(f repo.File) bool { return f.Path == all[i].Main }
	if at := slices.IndexFunc(m.Root, main); at >= 0 {
		root := m.Root[at]
		m.Root = append(slices.Delete(m.Root, at, at+1), root)
	}
	return m, nil
}

// joined are the files of both manifests, by path.
func joined(a, b *repo.Manifest) *repo.Manifest {
	join := func(a, b []repo.File) []repo.File {
		all := slices.Concat(a, b)
		slices.SortFunc(all, func(a, b repo.File) int { return strings.Compare(a.Path, b.Path) })
		return all
	}
	return &repo.Manifest{Root: join(a.Root, b.Root), Indexes: join(a.Indexes, b.Indexes), Packages: join(a.Packages, b.Packages)}
}

// between adds up the steps from one generation to a later one.
func (l *Ledger) between(all []Generation, from, to int) (added, removed *repo.Manifest, err error) {
	added, removed = &repo.Manifest{}, &repo.Manifest{}
	for i := from; i < to; i++ {
		if !all[i].Kept {
			return nil, nil, ErrNotKept
		}
		a, r, err := l.readStep(all[i], all[i+1])
		if err != nil {
			return nil, nil, err
		}
		// What comes and goes, or goes and comes back as it was, is no difference.
		added, removed = joined(without(added, r), without(a, removed)), joined(without(removed, a), without(r, added))
	}
	return added, removed, nil
}

func (l *Ledger) readStep(old, now Generation) (added, removed *repo.Manifest, err error) {
	plus, minus := l.step(old, now)
	if added, err = readManifestFile(plus); err != nil {
		return nil, nil, err
	}
	removed, err = readManifestFile(minus)
	return added, removed, err
}
