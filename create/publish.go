package create

import (
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Report is what a run did.
type Report struct {
	Repository string `json:"repository"`
	// Changed is true when a new generation was published.
	Changed bool `json:"changed"`
	// Generation is the one that is published now, Time when it was made.
	Generation string    `json:"generation"`
	Time       time.Time `json:"time"`
	// Dir is where it is published.
	Dir string `json:"dir"`
	// Files is the number of files that the inputs led to, Read how many of them were
	// read because they were not known.
	Files int `json:"files"`
	Read  int `json:"read"`
	// Added and Removed count files of packages against the generation before; Bytes is
	// the size of those added.
	Added   int   `json:"added"`
	Removed int   `json:"removed"`
	Bytes   int64 `json:"bytes"`
	// Packages and TotalBytes count the files of packages that the tree holds.
	Packages   int   `json:"packages"`
	TotalBytes int64 `json:"total_bytes"`
	// Replaced are paths that have new content under the same name.
	Replaced []string `json:"replaced,omitempty"`
	// Refused are files that were left out because something is wrong with them.
	Refused  []Refused `json:"refused,omitempty"`
	Warnings []string  `json:"warnings,omitempty"`
	// Repositories are all of the tree.
	Repositories []Repository `json:"repositories"`
}

// Repository is one repository of a report.
type Repository struct {
	Name     string    `json:"name"`
	Dir      string    `json:"dir"`
	Date     time.Time `json:"date,omitzero"` // of its root
	Changed  bool      `json:"changed"`
	Packages int       `json:"packages"`
	Bytes    int64     `json:"bytes"`
}

// unchanged reports whether what is published is what was decided.
func (r *run) unchanged() bool {
	if r.published == nil || r.Check || r.published.Selection != r.selection() || r.renewalDue() {
		return false
	}
	if !r.Store.Shows(r.before) {
		r.warn("what was published is not there any more; it is put back")
		r.restore = true
		return false
	}
	return true
}

// selection is a digest of what is published and how, apart from its date.
func (r *run) selection() string {
	sum := repo.SHA256.New()
	key := "unsigned"
	if r.Sign != nil {
		key = r.Sign.Fingerprint
	}
	fmt.Fprintf(sum, "1 %q %q %s\n", r.Creator.Settings(), key, r.ValidFor)
	_ = r.now.write(sum) // a hash takes everything
	return hex.EncodeToString(sum.Sum(nil))
}

// renewalDue reports whether the root is past half of its validity.
func (r *run) renewalDue() bool {
	until := r.published.ValidUntil
	return !until.IsZero() && r.Now().After(until.Add(-r.ValidFor/2))
}

// rest is a run that publishes nothing new; retired files may be due all the same.
func (r *run) rest() (*Report, error) {
	if r.before.Due(r.Now()) {
		if _, err := r.Store.Sweep(r.Name, r.Now()); err != nil {
			return nil, err
		}
	}
	return r.report(r.before), nil
}

// publish makes the generation the published one.
func (r *run) publish(m *repo.Manifest) (*Report, error) {
	mine := &store.Published{
		Name: r.name(), Type: r.Creator.Name(), Place: r.place, IndexDir: r.at.IndexDir, Date: r.date, Made: r.date,
		Root: m.Root[len(m.Root)-1].Digest, Selection: r.selection(),
	}
	if r.ValidFor > 0 {
		mine.ValidUntil = r.date.Add(r.ValidFor)
	}
	now := r.Now().UTC()
	record := &store.Record{Dir: r.Dir, Time: now, Skipped: len(r.refused)}
	p := &store.Publication{Mirror: r.Name, Record: record, Before: r.before, Grace: r.Grace, Keep: r.Generations, PublicKeys: r.publicKeys()}
	add := func(at *store.Published, m *repo.Manifest, write func(io.Writer) error) {
		record.Repositories = append(record.Repositories, at)
		p.Manifests, p.Contents = append(p.Manifests, m), append(p.Contents, write)
	}
	if r.before != nil {
		for _, other := range r.before.Repositories {
			if other != r.published {
				c := *other
				add(&c, nil, nil)
			}
		}
	}
	add(mine, m, r.now.write)
	roots := repo.SHA256.New()
	for _, at := range record.Repositories {
		at.IndexDir = exchanged(at, record.Repositories)
		io.WriteString(roots, at.Root.String())
	}
	record.ID = fmt.Sprintf("%s-%x", now.Format("20060102T150405Z"), roots.Sum(nil)[:4])

	added, bytes, removed := compare(r.held.packageFiles(), m.Packages)
	r.held = nil
	replaced, err := r.Store.Publish(p)
	if err == nil && (r.Check || r.restore) {
		err = r.Store.Restore(r.Name, record, p.PublicKeys)
	}
	if err != nil {
		return nil, err
	}
	r.dropUnused()
	report := r.report(record)
	report.Changed = true
	report.Repositories[len(report.Repositories)-1].Changed = true
	report.Added, report.Bytes, report.Removed = added, bytes, removed
	for _, x := range replaced {
		report.Replaced = append(report.Replaced, x.Path)
		r.warn("%s has new content under its old name", x.Path)
	}
	report.Warnings = r.warnings
	return report, nil
}

// exchanged is the directory of indexes that is exchanged as a whole: "" where another
// repository has its own below it.
func exchanged(at *store.Published, all []*store.Published) string {
	for _, other := range all {
		if other != at && at.IndexDir != "" && other.Place == at.Place && strings.HasPrefix(other.IndexDir, at.IndexDir+"/") {
			return ""
		}
	}
	return at.IndexDir
}

// compare counts the files that are new, or have new content, and those that go. Both
// lists are sorted by path.
func compare(before, now []repo.File) (added int, bytes int64, removed int) {
	for _, f := range now {
		for len(before) > 0 && before[0].Path < f.Path {
			before = before[1:]
			removed++
		}
		same := len(before) > 0 && before[0].Path == f.Path
		if !same || before[0].Digest != f.Digest {
			added++
			bytes += f.Size
		}
		if same {
			before = before[1:]
		}
	}
	return added, bytes, removed + len(before)
}

// publicKeys are what clients need to check the repository, by path in the tree.
func (r *run) publicKeys() map[string][]byte {
	keys := map[string][]byte{}
	if r.Sign != nil {
		for name, content := range r.Sign.Public {
			keys[path.Join(r.Dir, name)] = content
		}
	}
	return keys
}

// dropUnused removes objects that were taken for nothing: of versions that are not kept,
// and of packages of which something else is wrong.
func (r *run) dropUnused() {
	if len(r.taken) == 0 {
		return
	}
	used := map[sum]bool{}
	for _, e := range r.now.entries {
		used[e.digest] = true
		for _, f := range e.Files {
			used[sumOf(f.Digest)] = true
		}
	}
	for _, d := range r.taken {
		if !used[d] {
			_ = r.Store.Objects().Remove(d.digest())
		}
	}
}

func (r *run) report(record *store.Record) *Report {
	report := &Report{
		Repository: r.Name, Generation: record.ID, Time: record.Time, Dir: r.tree(), Files: r.inputs, Read: r.read,
		Refused: r.refused, Warnings: r.warnings,
	}
	for _, p := range record.Repositories {
		report.Repositories = append(report.Repositories, Repository{
			Name: p.Name, Dir: filepath.Join(r.Store.Destination(), filepath.FromSlash(p.Place)), Date: p.Made, Packages: p.Packages, Bytes: p.Bytes,
		})
		report.Packages += p.Packages
		report.TotalBytes += p.Bytes
	}
	return report
}
