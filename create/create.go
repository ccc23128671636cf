// Package create makes and updates repositories of package files.
//
// [Run] finds the files that the inputs lead to, reads those that it does not know,
// decides what the repository is to hold, has the format write the indexes, and
// publishes them as mirrors are published. The package knows no format: the job brings
// a [repo.Creator] along.
//
// What is known of files and packages is kept in an inventory in the store's cache, so
// that a run costs what has changed: a file of the same size, time and inode is not read
// again, and what indexes say of a package is streamed from the inventory into the new
// indexes. All of the inventory can be deleted; it is then found out again from the files
// and from the objects of the store.
//
// inputs.go finds the files, known.go and texts.go are the inventory, read.go reads
// files, beside.go takes care of files that others name, content.go is the list of what
// a repository holds, decide.go decides, complete.go makes sure that all is there to be
// written, write.go writes and readback.go checks it, publish.go publishes and tells.
package create

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/create/md5pair"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Job is one run over a repository.
type Job struct {
	// Name of the repository. The store knows mirrors and repositories by their names.
	Name string
	// Dir is the repository's directory below the destination; "" stands for the name,
	// and "." for the destination itself. Repositories of one name and directory are one
	// tree: the suites of an archive.
	Dir string
	// Creator says what kind of repository is made, and which part of it. Format reads
	// back what was written.
	Creator repo.Creator
	Format  repo.Format
	// Inputs lead to the package files. They are all of the part, unless Add is set or
	// something is removed.
	Inputs []Input
	// Add keeps what the part holds already.
	Add bool
	// Remove are packages of the part to take out of it.
	Remove []Removal
	// Keep is how many versions of each package of the part are kept for an architecture,
	// the newest ones; 0 keeps all.
	Keep int
	// KeepGoing leaves out files that are refused. Without it there is nothing published
	// when one is.
	KeepGoing bool
	// AllowEmpty accepts that a part that had packages has none any more.
	AllowEmpty bool
	// Check reads all files again, with all checks, and the objects that the repository
	// is made of.
	Check bool
	// Copy makes copies of files where hard links would do.
	Copy bool
	// Sign signs the repository; nil leaves it unsigned.
	Sign *signature.Signing
	// ValidFor is how long the root is valid, 0 for ever.
	ValidFor time.Duration

	Store *store.Store
	// Fetcher fetches URLs; it may be nil where no input is one. It should ignore errors,
	// so that all files that cannot be had are told.
	Fetcher  *fetch.Fetcher
	Progress *progress.Tracker // may be nil
	Log      *slog.Logger      // may be nil
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Grace is how long files stay in the tree that the repository no longer holds.
	Grace time.Duration
	// Generations says which generations are kept.
	Generations store.Retention
}

// Errors that callers tell apart.
var (
	// ErrRefused is what a [*RefusedError] is (see errors.Is): files are wrong.
	ErrRefused = errors.New("files are refused")
	// ErrEmpty says that a part of the repository would lose all of its packages.
	ErrEmpty = errors.New("no package would be left")
	// ErrMirror says that the name is that of a mirror.
	ErrMirror = errors.New("is the name of a mirror in this destination")
	// ErrInside says that an input is what the repository publishes.
	ErrInside = errors.New("is published by the repository itself")
	// ErrLost says that a package of the repository is lost.
	ErrLost = errors.New("its file is lost")
)

// Run brings the repository up to date and publishes it. The caller holds the store's
// lock. On an error the published state is the old one, or complete.
func Run(ctx context.Context, j *Job) (*Report, error) {
	r, err := newRun(j)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.gather(ctx); err != nil {
		return nil, err
	}
	if err := r.decide(); err != nil {
		return nil, err
	}
	if r.unchanged() {
		if err := r.writeKnown(); err != nil {
			return nil, err
		}
		return r.rest()
	}
	if err := r.complete(ctx); err != nil {
		return nil, err
	}
	if err := r.writeKnown(); err != nil {
		return nil, err
	}
	r.slim()
	manifest, err := r.write(ctx)
	if err != nil {
		return nil, err
	}
	return r.publish(manifest)
}

// run is the state of one Run.
type run struct {
	*Job
	at        *repo.Repository // with its place below the destination
	place     string
	before    *store.Record    // of all repositories of the tree, nil for none
	published *store.Published // of this one, nil for none

	inventory string // directory
	held      *content
	known     *known
	texts     *texts // of what is held
	fresh     *spill // texts of packages that were read
	taker     *store.Taker
	md5       md5pair.Group
	sizes     map[int64]bool // of the packages that are held: a file of another one is new

	files    []*found          // that the inputs lead to, in their order
	inputs   int               // their number
	byName   map[string]*found // and those that such files name
	refused  []Refused
	warnings []string
	read     int  // files that were read
	restore  bool // somebody has removed what was published
	taken    []sum
	now      *content
	date     time.Time
}

func newRun(j *Job) (*run, error) {
	c := *j
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Dir == "" {
		c.Dir = c.Name
	}
	r := &run{Job: &c, at: c.Creator.Repository(), byName: map[string]*found{}}
	r.place = path.Join(c.Dir, r.at.Dir)
	r.taker = &store.Taker{Objects: c.Store.Objects(), Copies: c.Copy}
	var err error
	if r.before, err = c.Store.Current(c.Name, c.Now(), c.Grace); err != nil {
		return nil, err
	}
	if r.before != nil {
		for _, p := range r.before.Repositories {
			if p.ContentFile == "" {
				return nil, fmt.Errorf("%s %w", c.Name, ErrMirror)
			}
			if p.Type != c.Creator.Name() {
				return nil, fmt.Errorf("%s is a repository of %s already, not of %s", c.Name, p.Type, c.Creator.Name())
			}
		}
		r.published = r.before.Find(r.name(), r.place)
	}
	if err := c.Store.RemoveDrafts(); err != nil {
		return nil, err
	}
	if r.held, err = r.readContent(r.published); err != nil {
		return nil, err
	}
	if r.inventory, err = c.Store.CacheDir("inventory", c.Name); err != nil {
		return nil, err
	}
	removeTemporary(r.inventory)
	r.known, err = r.readKnown()
	return r, err
}

// name tells the repository from others of the tree: "NAME/SUITE", or the job's name.
func (r *run) name() string { return path.Join(r.Name, r.at.Name) }

func (r *run) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.Log.Warn(text, "repository", r.Name)
	r.warnings = append(r.warnings, text)
}

// slim frees what is known of files, which is no longer needed.
func (r *run) slim() {
	r.files, r.byName, r.known, r.sizes, r.taker = nil, nil, nil, nil, nil
	r.fresh.close()
	r.texts.close()
	r.fresh, r.texts = nil, nil
	for _, e := range r.now.entries {
		e.from = nil
	}
}

func (r *run) close() {
	r.texts.close()
	r.fresh.close()
}
