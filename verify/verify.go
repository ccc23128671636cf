// Package verify checks a tree of repositories against their own metadata: the
// root's signature, the digests that lead from it to every file, and whether all
// that the packages need is there.
package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/compress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// Level says how deep a check goes. Each level includes those before it.
type Level int

// The levels: every file that the metadata names is there with its size; with its
// digest; the root is signed by a pinned key; every hard relation of every package
// is satisfied in the tree.
const (
	Size Level = iota
	Digest
	Signature
	Closure
)

var levelNames = []string{"size", "digest", "signature", "closure"}

// String returns the level's name.
func (l Level) String() string { return levelNames[l] }

// ParseLevel reads a level's name.
func ParseLevel(s string) (Level, error) {
	if i := slices.Index(levelNames, s); i >= 0 {
		return Level(i), nil
	}
	return 0, fmt.Errorf("level %q is not one of size, digest, signature, closure", s)
}

// Tree is where the files are: a directory, or a site.
type Tree interface {
	// Size returns a file's size in bytes, -1 when it cannot be told; the error is
	// [fs.ErrNotExist] when there is no file.
	Size(ctx context.Context, name string) (int64, error)
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// Target is one repository to check.
type Target struct {
	// Dir is the repository's place in the tree, "." for the tree itself.
	Dir        string
	Repository *repo.Repository
	Format     repo.Format
	// Keys verify the root at level signature and above.
	Keys repo.Verifier
	// Required are files that have to be there, for what the metadata alone leaves
	// open: which of the indexes that the root names are in the mirror's scope. Nil
	// takes the indexes that are there for the scope.
	Required []repo.File
	// Architectures of the machines that install, for the closure.
	Architectures []string
}

// Finding is something that is wrong.
type Finding struct {
	Repository string `json:"repository"`
	Path       string `json:"path,omitempty"`
	Problem    string `json:"problem"`
}

// String returns the finding as a line for people.
func (f Finding) String() string {
	if f.Path == "" {
		return f.Repository + ": " + f.Problem
	}
	return f.Repository + ": " + f.Path + ": " + f.Problem
}

// Result is the outcome for all targets.
type Result struct {
	Level    string    `json:"level"`
	Files    int       `json:"files"` // checked
	Bytes    int64     `json:"bytes"` // of those files
	Packages int       `json:"packages"`
	Findings []Finding `json:"findings"`
	// Warnings are what people should know although nothing is wrong.
	Warnings []string `json:"warnings,omitempty"`
}

// Check checks the targets of the tree. What is wrong is in the result; the error
// is for a check that could not be made.
func Check(ctx context.Context, tree Tree, targets []Target, level Level, now time.Time) (*Result, error) {
	c := &checker{tree: tree, level: level, now: now, done: map[string]bool{}, result: &Result{Level: level.String(), Findings: []Finding{}}}
	var all []repo.Reading
	for i := range targets {
		read, err := c.target(ctx, &targets[i])
		if err != nil {
			return nil, err
		}
		if read != nil {
			all = append(all, *read)
		}
	}
	if level >= Closure {
		c.closure(targets, all)
	}
	slices.SortFunc(c.result.Findings, func(a, b Finding) int {
		switch {
		case a.String() < b.String():
			return -1
		case a.String() > b.String():
			return 1
		}
		return 0
	})
	return c.result, nil
}

type checker struct {
	tree  Tree
	level Level
	now   time.Time

	mu     sync.Mutex
	done   map[string]bool // files that were checked
	result *Result
}

func (c *checker) find(t *Target, name, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.Findings = append(c.result.Findings, Finding{t.Repository.String(), name, fmt.Sprintf(format, args...)})
}

// target checks one repository and reads its packages where the level needs them.
func (c *checker) target(ctx context.Context, t *Target) (*repo.Reading, error) {
	root, ok, err := c.root(ctx, t)
	if err != nil || !ok {
		return nil, err
	}
	present, files, err := c.indexes(ctx, t, root)
	if err != nil {
		return nil, err
	}
	if err := c.files(ctx, t, append(files, t.Required...)); err != nil {
		return nil, err
	}
	var packages []repo.File
	for _, ix := range root.Indexes {
		if !ix.ListsFiles || !present[ix.Name] {
			continue
		}
		if err := c.list(ctx, t, ix, &packages); err != nil {
			c.find(t, ix.Name, "%v", err)
		}
	}
	if err := c.files(ctx, t, packages); err != nil {
		return nil, err
	}
	c.result.Packages += len(packages)
	if c.level < Closure {
		return nil, nil
	}
	open := func(ix repo.Index) (io.ReadCloser, error) { return c.open(ctx, t, ix) }
	found, err := t.Format.ReadPackages(t.Repository, root, open)
	if err != nil {
		c.find(t, "", "%v", err)
	}
	return &repo.Reading{Repository: t.Repository, Root: root, Packages: found, Open: open}, nil
}

// maxRoot bounds a root file in bytes.
const maxRoot = 64 << 20

// root reads and, at level signature, verifies the root.
func (c *checker) root(ctx context.Context, t *Target) (*repo.Root, bool, error) {
	for _, form := range t.Format.RootForms(t.Repository) {
		files := repo.RootFiles{}
		for _, name := range append([]string{form.Main, form.Signature}, form.Beside...) {
			if name == "" {
				continue
			}
			content, err := c.read(ctx, t, name)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, false, err
			}
			files[name] = content
		}
		if files[form.Main] == nil {
			continue
		}
		root, err := t.Format.ReadRoot(t.Repository, form, files, t.Keys, c.now)
		if err != nil {
			c.find(t, form.Main, "%v", err)
			return nil, false, nil
		}
		for _, w := range root.Warnings {
			c.result.Warnings = append(c.result.Warnings, t.Repository.String()+": "+w)
		}
		return root, true, nil
	}
	c.find(t, "", "there is no root file")
	return nil, false, nil
}

func (c *checker) read(ctx context.Context, t *Target, name string) ([]byte, error) {
	in, err := c.tree.Open(ctx, path.Join(t.Dir, name))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	b, err := io.ReadAll(io.LimitReader(in, maxRoot+1))
	if len(b) > maxRoot {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxRoot)
	}
	return b, err
}

// indexes returns which indexes of the root are there, and their files.
func (c *checker) indexes(ctx context.Context, t *Target, root *repo.Root) (present map[string]bool, files []repo.File, err error) {
	present = map[string]bool{}
	for _, ix := range root.Indexes {
		for _, v := range ix.Variants {
			_, err := c.tree.Size(ctx, path.Join(t.Dir, v.Path))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, nil, err
			}
			present[ix.Name] = true
			files = append(files, v.File)
		}
	}
	return present, files, nil
}

func (c *checker) list(ctx context.Context, t *Target, ix repo.Index, files *[]repo.File) error {
	content, err := c.open(ctx, t, ix)
	if err != nil {
		return err
	}
	defer content.Close()
	return t.Format.ReadFiles(t.Repository, ix, content, func(f repo.File) error {
		*files = append(*files, f)
		return nil
	})
}

// maxIndex bounds the plain size of an index in bytes.
const maxIndex = 8 << 30

// open opens an index, decompressed, in the first form that the tree has.
func (c *checker) open(ctx context.Context, t *Target, ix repo.Index) (io.ReadCloser, error) {
	for _, v := range ix.Variants {
		in, err := c.tree.Open(ctx, path.Join(t.Dir, v.Path))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return compress.Open(in, v.Suffix, maxIndex)
	}
	return nil, fmt.Errorf("index %s: %w", ix.Name, fs.ErrNotExist)
}

// files checks files in parallel, each once.
func (c *checker) files(ctx context.Context, t *Target, files []repo.File) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for _, f := range files {
		name := path.Join(t.Dir, f.Path)
		key := name + " " + f.Digest.String()
		if c.done[key] {
			continue
		}
		c.done[key] = true
		c.result.Files++
		c.result.Bytes += max(f.Size, 0)
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if problem := c.file(ctx, name, f); problem != "" {
				c.find(t, f.Path, "%s", problem)
			}
			return nil
		})
	}
	return g.Wait()
}

// file returns what is wrong with a file, "" for nothing.
func (c *checker) file(ctx context.Context, name string, f repo.File) string {
	size, err := c.tree.Size(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is missing"
	case err != nil:
		return err.Error()
	case size >= 0 && f.Size >= 0 && size != f.Size:
		return fmt.Sprintf("has %d bytes, expected %d", size, f.Size)
	case c.level < Digest || f.Digest.IsZero():
		return ""
	}
	in, err := c.tree.Open(ctx, name)
	if err != nil {
		return err.Error()
	}
	defer in.Close()
	h := f.Digest.Algorithm().New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{in}, make([]byte, 256<<10)); err != nil {
		return err.Error()
	}
	if seen := repo.NewDigest(f.Digest.Algorithm(), h.Sum(nil)); seen != f.Digest {
		return fmt.Sprintf("has digest %s, expected %s", seen, f.Digest)
	}
	return ""
}

// closure reports relations that no package of the targets satisfies.
func (c *checker) closure(targets []Target, all []repo.Reading) {
	for _, format := range formatsOf(targets) {
		var of []repo.Reading
		var architectures []string
		for i := range targets {
			if targets[i].Format.Name() != format.Name() {
				continue
			}
			for _, a := range targets[i].Architectures {
				if !slices.Contains(architectures, a) {
					architectures = append(architectures, a)
				}
			}
			for _, read := range all {
				if read.Repository == targets[i].Repository {
					of = append(of, read)
				}
			}
		}
		packages, err := format.Link(of, repo.Wanted{Everything: true})
		if err != nil {
			c.result.Findings = append(c.result.Findings, Finding{Problem: err.Error()})
			continue
		}
		if len(architectures) == 0 {
			architectures = architecturesOf(packages)
		}
		catalog := repo.NewCatalog(format, packages)
		reported := map[Finding]bool{}
		machines := format.Machines(architectures)
		if len(machines) == 0 {
			machines = []repo.Machine{{}} // all packages fit every one
		}
		for _, m := range machines {
			for _, x := range solver.FindUnresolved(catalog, on(packages, m), m.Native, m.Accepts...) {
				f := Finding{x.WantedBy.Repository.String(), x.WantedBy.String(), fmt.Sprintf("%s %s: %s", x.Relation.Kind, x.Relation, x.Reason)}
				if !reported[f] {
					reported[f] = true
					c.result.Findings = append(c.result.Findings, f)
				}
			}
		}
	}
}

// architecturesOf are those that the packages are for, 64-bit ones before those that
// their machines accept too.
func architecturesOf(packages []*repo.Package) (out []string) {
	for _, p := range packages {
		if !p.Anywhere() && !p.IsSource() && !slices.Contains(out, p.Architecture) {
			out = append(out, p.Architecture)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// on are the packages that the machines install.
func on(packages []*repo.Package, m repo.Machine) (out []*repo.Package) {
	for _, p := range packages {
		if p.On(m.Native, m.Native) || slices.Contains(m.Accepts, p.Architecture) {
			out = append(out, p)
		}
	}
	return out
}

func formatsOf(targets []Target) (out []repo.Format) {
	for i := range targets {
		if !slices.ContainsFunc(out, func(f repo.Format) bool { return f.Name() == targets[i].Format.Name() }) {
			out = append(out, targets[i].Format)
		}
	}
	return out
}
