// Package assembly puts jobs together: it turns a configuration into formats, keys,
// clients, a store and the jobs of mirrors, for every program.
package assembly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/generations"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/progress"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Options say what is wanted of a configuration's mirrors.
type Options struct {
	// Console is where the log goes, and progress where mirrors are published.
	Console *console.Console
	// Mirrors are those to take, as MIRROR, MIRROR/SOURCE or MIRROR/SOURCE/REPOSITORY; none
	// stands for all.
	Mirrors []string
	// Publish opens the store for publishing, and the keys that sign, else it is for
	// looking only.
	Publish bool
	// Offline asks no server: cached indexes are taken as they are.
	Offline bool
	// Together asks of each mirror for one set of packages that can be installed side by
	// side.
	Together bool
	// Root is the directory of the machine whose sources are meant by from: system; "" is /.
	Root string
}

// Set is the jobs of mirrors, with what they share.
type Set struct {
	Store *store.Store
	Jobs  []*mirror.Job

	config *config.Config
	chosen []choice
	client *http.Client
	stop   func() // ends the display of progress
}

// Mirrors makes a job of each mirror.
func Mirrors(ctx context.Context, c *config.Config, o Options) (_ *Set, err error) {
	chosen, err := choose(c, o.Mirrors)
	if err != nil {
		return nil, err
	}
	s := &Set{config: c, chosen: basesFirst(chosen)}
	open := store.OpenState
	if o.Publish {
		open = store.Open
	}
	if s.Store, err = open(c.Destination, c.State); err != nil {
		return nil, err
	}
	tracker, above := &progress.Tracker{}, o.Console.Err
	if o.Publish {
		tracker, above, s.stop = o.Console.Progress()
	}
	defer func() {
		if err != nil {
			s.StopProgress()
		}
	}()
	log := o.Console.Log(above)
	b, err := NewBuilder(c, s.Store, log)
	if err != nil {
		return nil, err
	}
	b.Root, b.Offline, b.Together = o.Root, o.Offline, o.Together
	for _, m := range s.chosen {
		j, err := b.job(m)
		if err != nil {
			return nil, fmt.Errorf("mirror %s: %w", m.Name, err)
		}
		s.Jobs = append(s.Jobs, j)
	}
	s.client = b.Client()
	fetcher := fetch.New(fetch.Options{
		Client: s.client, Connections: c.Transfer.Connections, PerHost: c.Transfer.PerHost,
		Retries: c.Transfer.Retries, IgnoreErrors: c.Transfer.IgnoreErrors, Log: log,
	})
	for i, j := range s.Jobs {
		j.Store, j.Fetcher, j.Progress, j.Log, j.Grace = s.Store, fetcher, tracker, log, c.Keep.Grace
		j.Generations = Retention(c)
		if (!j.Mirror.Full() || len(s.chosen[i].Sign) > 0) && o.Publish {
			if j.Mirror.Sign, err = Signing(ctx, s.Store, s.chosen[i].Sign); err != nil {
				return nil, fmt.Errorf("mirror %s: %w", j.Mirror.Name, err)
			}
		}
	}
	return s, nil
}

// Retention is which generations the configuration keeps.
func Retention(c *config.Config) store.Retention {
	return store.Retention{Generations: c.Keep.Generations, Age: time.Duration(c.Keep.Days) * 24 * time.Hour}
}

// StopProgress ends the display of progress, before results are printed.
func (s *Set) StopProgress() {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
}

// Close ends what the jobs hold open.
func (s *Set) Close() {
	s.StopProgress()
	s.client.CloseIdleConnections()
}

// Lock takes the store's lock; the error has the exit code for that another run holds it.
func Lock(s *store.Store) (unlock func(), err error) {
	unlock, err = s.Lock()
	if errors.Is(err, store.ErrLocked) {
		return nil, &console.Exit{Code: console.ExitLocked, Err: err}
	}
	return unlock, err
}

// Sync runs the jobs one after another, under the store's lock, and what is to be done
// after each. One that fails does not stop the others: the error is that of all, beside
// the reports of those that went well. Reports are nil where no job ran.
func (s *Set) Sync(ctx context.Context) ([]*mirror.Report, error) {
	unlock, err := Lock(s.Store)
	if err != nil {
		return nil, err
	}
	defer unlock()
	reports := []*mirror.Report{}
	var failures []error
	for _, j := range s.Jobs {
		begun := time.Now()
		report, err := mirror.Run(ctx, j)
		outcome := mirror.Outcome{Mirror: j.Mirror.Name, Begun: begun, Took: time.Since(begun), Report: report, Err: err}
		if after := s.finish(ctx, j, outcome); after != nil {
			failures = append(failures, after)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", j.Mirror.Name, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		reports = append(reports, report)
	}
	if len(failures) > 0 {
		return reports, &console.Exit{Code: console.ExitFailed, Err: errors.Join(failures...)}
	}
	return reports, nil
}

// finish does what is to be done after each run over a mirror.
func (s *Set) finish(ctx context.Context, j *mirror.Job, o mirror.Outcome) error {
	var problems []error
	if o.Err == nil {
		problems = append(problems, rememberKeys(s.Store, j.Mirror))
	}
	if o.Err == nil && s.config.Mirror(o.Mirror).Snapshots {
		over := &generations.Mirror{Name: o.Mirror, Store: s.Store, Formats: Formats(), Sign: j.Mirror.Sign, ValidFor: j.Mirror.ValidFor}
		problems = append(problems, over.SnapshotAll(ctx))
	}
	if file := s.config.Metrics.Textfile; file != "" {
		if err := mirror.WriteMetrics(file, []mirror.Outcome{o}); err != nil {
			problems = append(problems, fmt.Errorf("metrics: %w", err))
		}
	}
	if m := s.config.Mirror(o.Mirror); len(m.RunAfter) > 0 {
		problems = append(problems, mirror.RunCommand(context.WithoutCancel(ctx), m.RunAfter, o))
	}
	return errors.Join(problems...)
}

// Plan makes the plans of all jobs.
func (s *Set) Plan(ctx context.Context) ([]*mirror.Planned, error) {
	var plans []*mirror.Planned
	for _, j := range s.Jobs {
		p, err := mirror.Plan(ctx, j)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", j.Mirror.Name, err)
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// choice is a mirror to work on, and which of its repositories.
type choice struct {
	config.Mirror
	only []string
}

// choose reads arguments of the form MIRROR, MIRROR/SOURCE, MIRROR/SOURCE/REPOSITORY.
func choose(c *config.Config, args []string) (out []choice, err error) {
	if len(args) == 0 {
		for _, m := range c.Mirrors {
			out = append(out, choice{Mirror: m})
		}
		if len(out) == 0 {
			return nil, &console.Exit{Code: console.ExitUsage, Err: errors.New("the configuration has no mirrors")}
		}
		return out, nil
	}
	for _, arg := range args {
		name, only, partly := strings.Cut(arg, "/")
		m := c.Mirror(name)
		if m == nil {
			return nil, console.Usage("there is no mirror %q; the configuration has %s", name, mirrorNames(c))
		}
		i := slices.IndexFunc(out, func(x choice) bool { return x.Name == name })
		if i < 0 {
			i = len(out)
			out = append(out, choice{Mirror: *m})
		}
		if partly {
			out[i].only = append(out[i].only, only)
		}
	}
	return out, nil
}

// basesFirst puts mirrors before those that assume what they hold to be installed.
func basesFirst(chosen []choice) (out []choice) {
	taken := map[string]bool{}
	var take func(m choice)
	take = func(m choice) {
		if taken[m.Name] {
			return
		}
		taken[m.Name] = true
		for _, other := range chosen {
			if other.Name == m.AssumeInstalled.From {
				take(other)
			}
		}
		out = append(out, m)
	}
	for _, m := range chosen {
		take(m)
	}
	return out
}

func mirrorNames(c *config.Config) string {
	var names []string
	for _, m := range c.Mirrors {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}
