package plant

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
)

// DefaultStamp is the name of stamps where none is set.
const DefaultStamp = ".timestamp"

// parallel is how many directories are filled at a time, over one connection.
const parallel = 8

// signingTimeout is how long stamps wait for a key, which may be on a card.
const signingTimeout = 30 * time.Second

// Options say what is planted.
type Options struct {
	// Repository is the name of what is planted, for reports.
	Repository string
	// Stamp is the name of the stamp's file. Default [DefaultStamp].
	Stamp string
	// Bare plants the stamp alone, without marks and statement, and makes no directory.
	Bare bool
	// Key signs the statement. Nil: there is no signed one.
	Key Key
	// Machine is where the planting comes from; the statement has its name.
	Machine sshdial.Machine
	Backoff Backoff
	// Log takes what happens to the connection. Nil: nowhere.
	Log *slog.Logger
}

// Key is a key that signs, such as a signature.Key and a signature.GPG.
type Key interface {
	Signer(context.Context) repo.Signer
}

// Planter plants at one target. It keeps the connection from one planting to the next
// and makes it anew when it is lost.
type Planter struct {
	target  Target
	options Options
	log     *slog.Logger

	mu       sync.Mutex
	place    place // nil where there is no connection
	sequence int64 // of the last planting
	failures int   // in a row
	waiting  *WaitingError
}

// New makes a planter. It neither connects nor reads anything.
func New(t Target, o Options) (*Planter, error) {
	o.Stamp = cmp.Or(o.Stamp, DefaultStamp)
	if clean, err := repo.CleanPath(o.Stamp); err != nil || clean != o.Stamp || strings.Contains(clean, "/") {
		return nil, fmt.Errorf("%q is no name of a stamp (expected a file's name, such as %s)", o.Stamp, DefaultStamp)
	}
	if t.Server == nil && !path.IsAbs(t.Path) {
		return nil, fmt.Errorf("%q is no directory to plant in (expected an absolute path)", t.Path)
	}
	p := &Planter{target: t, options: o, log: o.Log}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.log = p.log.With("to", t.String())
	return p, nil
}

// Close closes the connection.
func (p *Planter) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.disconnect()
}

// Plant writes the time, in seconds, into each directory; their names are relative to
// the target, "." is the target itself. A directory that fails does not keep the
// others from being planted. A connection that is lost is made anew once. Each answer
// of a server is waited for as long as its timeout says, all of it until the context
// ends. After failures the target is left alone for a while ([WaitingError]).
func (p *Planter) Plant(ctx context.Context, directories []string, now time.Time) Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &planting{Planter: p, now: now, directories: directories, outcomes: make([]error, len(directories))}
	if p.waiting != nil && time.Now().Before(p.waiting.Until) {
		r.fail(r.all(), p.waiting)
	} else {
		r.run(ctx)
	}
	return r.report()
}

// connect returns the place, which is reached anew where it has to be.
func (p *Planter) connect(ctx context.Context) (_ place, fresh bool, err error) {
	if p.place != nil && !p.place.lost() {
		return p.place, false, nil
	}
	p.disconnect()
	if p.target.Server == nil {
		p.place = local{p.target.Path}
		return p.place, true, nil
	}
	r, err := openRemote(ctx, p.target, p.options.Machine)
	if err != nil {
		return nil, false, err
	}
	p.log.Debug("connected")
	p.place = r
	return r, true, nil
}

func (p *Planter) disconnect() {
	if p.place != nil {
		p.place.close()
		p.place = nil
	}
}

// settled notes whether the target could be reached.
func (p *Planter) settled(err error) {
	if err == nil {
		p.failures, p.waiting = 0, nil
		return
	}
	p.failures++
	p.waiting = &WaitingError{Until: time.Now().Add(p.options.Backoff.delay(p.failures)), Last: err}
}

// planting is one call of Plant.
type planting struct {
	*Planter
	now         time.Time
	directories []string
	outcomes    []error // by directory
	err         error   // of the target
	unsigned    error
	files       []File // to write, once that is known
	numbered    int64
	notes       []string
}

// all are the indexes of the directories.
func (r *planting) all() (all []int) {
	for i := range r.directories {
		all = append(all, i)
	}
	return all
}

// fail notes that the directories could not be planted, for a reason that is the
// target's.
func (r *planting) fail(directories []int, err error) {
	r.err = err
	for _, i := range directories {
		r.outcomes[i] = err
	}
}

// run plants; what a lost connection left undone is done over a new one, once.
func (r *planting) run(ctx context.Context) {
	left := r.checked()
	for attempt := 1; len(left) > 0; attempt++ {
		at, fresh, err := r.connect(ctx)
		if err != nil {
			r.fail(left, err)
			break
		}
		left = r.round(ctx, at, fresh, left)
		r.notes = at.warnings()
		if len(left) == 0 {
			break
		}
		err = r.outcomes[left[0]]
		r.disconnect()
		if attempt == 2 || ctx.Err() != nil {
			r.fail(left, err)
			break
		}
		r.log.Debug("the connection was lost and is made anew", "error", err)
	}
	if ctx.Err() == nil {
		r.settled(r.err)
	}
}

// checked are the directories whose names can be ones.
func (r *planting) checked() (good []int) {
	for i, name := range r.directories {
		clean, err := repo.CleanPath(name)
		switch {
		case name == ".":
		case err != nil:
			r.outcomes[i] = err
			continue
		case clean != name:
			r.outcomes[i] = fmt.Errorf("the path is not in its shortest form (expected %q)", clean)
			continue
		}
		good = append(good, i)
	}
	return good
}

// round plants the directories and returns those that the loss of the connection left
// undone.
func (r *planting) round(ctx context.Context, at place, fresh bool, todo []int) (left []int) {
	opened := make([]directory, len(r.directories))
	defer func() {
		for _, d := range opened {
			if d != nil {
				d.close()
			}
		}
	}()
	found := make([]int64, len(r.directories))
	todo, left = r.each(at, todo, func(i int) (err error) {
		if opened[i], err = at.directory(ctx, r.directories[i]); err == nil && !r.options.Bare {
			found[i], err = readSequence(ctx, opened[i], NamesOf(r.options.Stamp))
		}
		return err
	})
	if len(left) > 0 {
		return append(left, todo...)
	}
	if err := r.decide(ctx, found); err != nil {
		for _, i := range todo {
			r.outcomes[i] = err
		}
		return nil
	}
	_, left = r.each(at, todo, func(i int) error {
		names := NamesOf(r.options.Stamp)
		err := fill(ctx, opened[i], r.files, names)
		if err == nil && fresh {
			tidy(ctx, opened[i], r.files, names, time.Now())
		}
		return err
	})
	return left
}

// each does something for several directories at a time and tells for which it went
// well, and which the loss of the connection left undone.
func (r *planting) each(at place, todo []int, do func(i int) error) (done, left []int) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, i := range todo {
		group.Go(func() error {
			r.outcomes[i] = do(i)
			return nil
		})
	}
	_ = group.Wait()
	for _, i := range todo {
		switch {
		case r.outcomes[i] == nil:
			done = append(done, i)
		case at.lost():
			left = append(left, i)
		}
	}
	return done, left
}

// decide says what is written. It stays so when the connection is lost on the way.
func (r *planting) decide(ctx context.Context, found []int64) (err error) {
	if r.files != nil {
		return nil
	}
	epoch := r.now.Unix()
	if r.options.Bare {
		r.files = []File{stampFile(r.options.Stamp, epoch)}
		return nil
	}
	r.numbered = nextSequence(append(found, r.sequence), r.now)
	r.sequence = r.numbered
	s := Statement{
		Host: r.options.Machine.Name, Sequence: r.numbered, Epoch: epoch, Time: time.Unix(epoch, 0).UTC(),
		Stamp: r.options.Stamp, Directories: slices.Clone(r.directories),
	}
	if key := r.options.Key; key != nil {
		ctx, cancel := context.WithTimeout(ctx, signingTimeout)
		defer cancel()
		if r.files, err = Files(s, key.Signer(ctx)); err == nil {
			return nil
		}
		r.unsigned = err // stamps say whether sync jobs live, and do not hang on a key
	}
	r.files, err = Files(s, nil)
	return err
}

func (r *planting) report() Report {
	report := Report{Repository: r.options.Repository, To: r.target.String(), Time: r.now, Sequence: r.numbered, Unsigned: r.unsigned, Warnings: r.notes, Err: r.err}
	for i, name := range r.directories {
		report.Directories = append(report.Directories, Outcome{name, r.outcomes[i]})
	}
	return report
}
