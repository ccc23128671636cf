// Package mirror makes and updates mirrors: plan, fetch, publish.
//
// [Plan] tells what [Run] would do. Both read upstream in the same way: the root
// of each repository, verified, then by digest the indexes it names. A full mirror
// publishes upstream's files byte for byte. A partial one picks packages, with all
// that they need, and writes indexes of its own, signed with its own key.
//
// The package knows no format: sources bring a [repo.Format] along.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/upstream"
)

// Mirror is what to mirror.
type Mirror struct {
	Name string
	// Dir is the mirror's directory below the destination; "." is the destination
	// itself.
	Dir     string
	Sources []Source
	// Packages are the seeds of a partial mirror. Without them, without Groups and
	// without Mandatory, the mirror is full.
	Packages []solver.Seed
	// Groups are groups of packages that are seeds too.
	Groups []string
	// Mandatory adds each repository's mandatory packages.
	Mandatory bool
	// Foreign are architectures whose packages the mirror's machines accept beside
	// their own, where a seed or a relation names one.
	Foreign []string
	// Recommends and Suggests say which weak dependencies are followed.
	Recommends, Suggests bool
	// SourcePackages adds the source packages of those picked, as far as the
	// sources' Include has them.
	SourcePackages bool
	// Assume are packages that the machines have already, and AssumeGroups groups of
	// them, "essential" being those of every machine: they satisfy relations, their
	// conflicts count, and they are not mirrored.
	Assume       []solver.Seed
	AssumeGroups []string
	// Installed are packages that are assumed, too, whether repositories have them or not.
	Installed Installed
	// Alternatives says how many of the alternatives are picked that satisfy a relation.
	Alternatives solver.Alternatives
	// Prefer are names or globs of packages that are tried before others wherever they
	// satisfy a relation.
	Prefer []string
	// Together asks for one set of packages from which all seeds can be installed side by
	// side.
	Together bool
	// Exclude says which packages are never picked.
	Exclude []Exclusion
	// Versions is how many versions of each package that a seed names are mirrored, the
	// newest ones; 0 stands for 1, and a negative number for all.
	Versions int
	// Strict makes an unresolved relation an error.
	Strict bool
	// Independent publishes the repositories that succeed when others fail.
	Independent bool
	// IgnoreErrors is the number of packages that a partial mirror may leave out
	// because they cannot be fetched.
	IgnoreErrors int
	// ValidFor is how long the root of a partial mirror is valid, 0 for ever.
	ValidFor time.Duration
	// Sign signs partial mirrors.
	Sign *signature.Signing
}

// Full reports whether the mirror holds all of its sources.
func (m *Mirror) Full() bool { return len(m.Packages) == 0 && len(m.Groups) == 0 && !m.Mandatory }

// Source is a source with what it takes to read it.
type Source struct {
	*repo.Source
	Format repo.Format
	// Keys verify its roots, and its packages where it says so; Fingerprints identify
	// them.
	Keys         repo.Verifier
	Fingerprints []string
	// Aside sources are published elsewhere: their packages count when others are picked,
	// and this mirror does not hold them.
	Aside bool
	// Listed is told the URLs that a list or the metadata of the source names, before
	// anything is asked of them; it may be nil.
	Listed func(urls []string) `json:"-"`
}

// Job is one run over a mirror.
type Job struct {
	Mirror   *Mirror
	Store    *store.Store
	Fetcher  *fetch.Fetcher
	Progress *progress.Tracker // may be nil
	Log      *slog.Logger      // may be nil
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Grace is how long files stay that the mirror no longer holds.
	Grace time.Duration
	// Generations says which generations are kept.
	Generations store.Retention
	// Only limits the run to the repositories of these names ("source" or
	// "source/suite"); the others stay as they are.
	Only []string
	// Offline reads nothing from upstream but what the cache has.
	Offline bool
	// Check says how packages that are there already are checked.
	Check Check
	// Adopt are directories of other programs: files in them that have the size and the
	// digest of a package are taken, and not fetched.
	Adopt []string
	// AllowShrink accepts an upstream that lost most of its packages.
	AllowShrink bool
	// Locked is what [Run] mirrors exactly, or fails; nil where the repositories decide.
	Locked *LockedMirror
}

// Check is how files that are there already are checked.
type Check int

// The checks: none where nothing changed upstream, else the size of what is
// about to be published; the size of every file; the digest of every file.
const (
	CheckChanged Check = iota
	CheckSize
	CheckDigest
)

// Errors that callers tell apart.
var (
	// ErrStrict says that relations are unresolved and the mirror is strict.
	ErrStrict = errors.New("unresolved relations in a strict mirror")
	// ErrConflict says that conflicts keep seeds from being installed and the mirror is
	// strict.
	ErrConflict = errors.New("seeds that cannot be installed in a strict mirror")
	// ErrRefused says that clients refuse seeds and the mirror is strict.
	ErrRefused = errors.New("seeds that clients refuse in a strict mirror")
	// ErrShrunk says that upstream lost most of its packages.
	ErrShrunk = errors.New("upstream has shrunk suspiciously")
	// ErrReplay says that upstream shows an older root than the one that is held.
	ErrReplay = errors.New("older root than the one that is held")
	// ErrSpace says that the destination has too little free space.
	ErrSpace = errors.New("not enough free space")
	// ErrOffline says that the cache lacks what an offline run needs.
	ErrOffline = upstream.ErrOffline
)

// Run brings the mirror up to date and publishes it. The caller holds the store's
// lock. On an error the published state is the old one, or complete; what was
// fetched stays for the next run.
func Run(ctx context.Context, j *Job) (*Report, error) {
	j = j.withDefaults()
	if err := j.checkLock(); err != nil {
		return nil, err
	}
	if err := j.readInstalled(); err != nil {
		return nil, err
	}
	before, err := j.Store.Current(j.Mirror.Name, j.Now(), j.Grace)
	if err != nil {
		return nil, err
	}
	r := &run{Job: j, reader: j.reader(), before: before, configuration: j.configuration()}
	if err := r.layOut(); err != nil {
		return nil, err
	}
	if r.indexesLost, err = r.recheck(ctx); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		report, err := r.once(ctx)
		if err == nil || ctx.Err() != nil || try == upstream.Attempts || !r.moved(ctx, err) {
			return report, err
		}
		j.Log.Info("upstream changed while it was read; reading it again", "mirror", j.Mirror.Name, "attempt", try+1)
	}
}

// once is one attempt of Run.
func (r *run) once(ctx context.Context) (*Report, error) {
	if err := r.readRoots(ctx); err != nil {
		return nil, err
	}
	if err := r.checkLockedRoots(); err != nil {
		return nil, err
	}
	if r.unchanged() || r.wentBack() {
		return r.rest()
	}
	build := r.buildPartial
	if r.Mirror.Full() {
		build = r.buildFull
	}
	next, err := build(ctx)
	if err != nil {
		return nil, err
	}
	if next == nil { // upstream changed in nothing that this mirror holds
		return r.rest()
	}
	return r.publish(next)
}

// Plan tells what [Run] would do. It changes nothing but the cache in the store's
// state directory, and needs no lock.
func Plan(ctx context.Context, j *Job) (*Planned, error) {
	j = j.withDefaults()
	if err := j.readInstalled(); err != nil {
		return nil, err
	}
	before, err := j.Store.Published(j.Mirror.Name)
	if err != nil {
		return nil, err
	}
	r := &run{Job: j, reader: j.reader(), before: before, planning: true, configuration: j.configuration()}
	if err := r.layOut(); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		p, err := r.planOnce(ctx)
		if err == nil || ctx.Err() != nil || try == upstream.Attempts || !r.moved(ctx, err) {
			return p, err
		}
	}
}

func (j *Job) withDefaults() *Job {
	c := *j
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Mirror.Dir == "" {
		m := *c.Mirror
		m.Dir = m.Name
		c.Mirror = &m
	}
	return &c
}

// reader reads the mirror's repositories upstream.
func (j *Job) reader() *upstream.Reader {
	return &upstream.Reader{
		Fetcher: j.Fetcher, Cache: j.Store.Cache(), Now: j.Now, Whole: j.Mirror.Full(), Offline: j.Offline,
		Stage: func(files int, bytes int64) *progress.Stage {
			return j.Progress.Stage(j.Mirror.Name, "indexes", files, bytes)
		},
	}
}

// run is the state of one Run or Plan.
type run struct {
	*Job
	reader        *upstream.Reader
	before        *store.Record
	configuration string
	planning      bool
	upstreams     []*repository
	warnings      []string
	failures      []error // of repositories that are left as they are
	adopted       int     // files that were taken from directories of other programs
	indexesLost   bool    // published indexes of ours were damaged
}

func (r *run) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.Log.Warn(text, "mirror", r.Mirror.Name)
	r.warnings = append(r.warnings, text)
}

// selected reports whether the run is to update the repository.
func (r *run) selected(name string) bool {
	if len(r.Only) == 0 {
		return true
	}
	for _, only := range r.Only {
		if only == name || strings.HasPrefix(name, only+"/") {
			return true
		}
	}
	return false
}
