// Package fueljob runs the jobs for Fuel: mirrors are made, and when all of them are
// published, Fuel's server is told of them.
package fueljob

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/fuel"
	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

// Job is one run.
type Job struct {
	Console *console.Console
	Plan    *fuel.Plan
	// Client reaches the server; nil leaves it as it is.
	Client *nailgun.Client
	Update fuel.UpdateOptions
	// AllowShrink accepts that upstream lost most of its packages.
	AllowShrink bool
	// DryRun changes neither mirrors nor the server.
	DryRun bool
}

// Hints say what to do about errors.
func Hints() []console.Hint {
	return append(assembly.Hints(), []console.Hint{
		{Is: fuel.ErrBaseURL, Say: "give it by --base-url, such as http://10.20.0.2:8080/, or as base_url in the configuration"},
		{Is: fuel.ErrNoRelease, Say: "mos_version, which is the server's own version where it is not set, is what the version of a release ends in"},
	}...)
}

// Run mirrors and updates. The server is asked first whether it can be told of the
// mirrors, so that nothing is fetched in vain; it is changed when all mirrors are
// published, and not at all when one failed.
func (j *Job) Run(ctx context.Context) error {
	for _, name := range j.Plan.Unchecked {
		fmt.Fprintf(j.Console.Err, "warning: the signature of %s is not checked, since no keys are named; name their files: keys\n", name)
	}
	planned, err := j.ask(ctx)
	if err != nil {
		return err
	}
	if j.DryRun {
		return j.look(ctx, planned)
	}
	s, err := assembly.Mirrors(ctx, j.Plan.Config, assembly.Options{Console: j.Console, Publish: true})
	if err != nil {
		return err
	}
	defer s.Close()
	for _, x := range s.Jobs {
		x.AllowShrink = j.AllowShrink
	}
	reports, failed := s.Sync(ctx)
	s.StopProgress()
	var updated []fuel.Updated
	told := failed == nil && j.Client != nil
	if told {
		updated, failed = fuel.Update(ctx, j.Client, j.Plan.Entries, j.Update)
	}
	if err := j.print(reports, updated); err != nil {
		return err
	}
	if told && failed == nil && len(updated) == 0 {
		fmt.Fprintln(j.Console.Err, "the Fuel server has no environment for what was mirrored; --default has new ones use it")
	}
	switch {
	case failed != nil && !told && j.Client != nil:
		return untold(failed)
	case failed != nil:
		return failed
	case slices.ContainsFunc(reports, func(r *mirror.Report) bool { return r.Incomplete > 0 }):
		return &console.Exit{Code: console.ExitIncomplete}
	}
	return nil
}

// untold adds to the failure of a mirror that the server was left alone.
func untold(err error) error {
	e := &console.Exit{Code: console.ExitFailed, Err: err}
	_ = errors.As(err, &e)
	return &console.Exit{Code: e.Code, Err: fmt.Errorf("%w\nnothing was changed on the Fuel server", e.Err)}
}

// ask finds out what would be changed on the server.
func (j *Job) ask(ctx context.Context) ([]fuel.Updated, error) {
	if j.Client == nil {
		return nil, nil
	}
	o := j.Update
	o.DryRun = true
	planned, err := fuel.Update(ctx, j.Client, j.Plan.Entries, o)
	if errors.Is(err, fuel.ErrNoEnvironment) {
		err = &console.Exit{Code: console.ExitUsage, Err: err}
	}
	return planned, err
}

// plannedMirror is the JSON of what a run would do to a mirror.
type plannedMirror struct {
	Name     string `json:"name"`
	Packages int    `json:"packages"`
	Add      int    `json:"add"`
	Remove   int    `json:"remove"`
	Bytes    int64  `json:"bytes"`
}

// look prints what a run would do.
func (j *Job) look(ctx context.Context, planned []fuel.Updated) error {
	s, err := assembly.Mirrors(ctx, j.Plan.Config, assembly.Options{Console: j.Console})
	if err != nil {
		return err
	}
	defer s.Close()
	plans, err := s.Plan(ctx)
	if err != nil {
		return err
	}
	if j.Console.JSON() {
		mirrors := []plannedMirror{}
		for _, p := range plans {
			mirrors = append(mirrors, plannedMirror{p.Mirror, len(p.Picked), p.Add, p.Remove, p.Bytes})
		}
		return j.Console.PrintJSON(map[string]any{"mirrors": mirrors, "server": orEmpty(planned)})
	}
	for _, p := range plans {
		fmt.Fprintf(j.Console.Out, "%s: %d packages; to add %d, to remove %d, to fetch %s\n", p.Mirror, len(p.Picked), p.Add, p.Remove, humanize.IBytes(uint64(p.Bytes)))
		assembly.PrintFindings(j.Console, p.Unresolved, p.Refused)
	}
	PrintUpdated(j.Console, planned)
	return nil
}

func (j *Job) print(reports []*mirror.Report, updated []fuel.Updated) error {
	if j.Console.JSON() {
		if reports == nil {
			reports = []*mirror.Report{}
		}
		return j.Console.PrintJSON(map[string]any{"mirrors": reports, "server": orEmpty(updated)})
	}
	if err := assembly.PrintReports(j.Console, reports); err != nil {
		return err
	}
	PrintUpdated(j.Console, updated)
	return nil
}

func orEmpty(all []fuel.Updated) []fuel.Updated {
	if all == nil {
		return []fuel.Updated{}
	}
	return all
}

// PrintUpdated prints what became of the server's lists.
func PrintUpdated(c *console.Console, all []fuel.Updated) {
	for _, x := range all {
		switch {
		case x.Skipped != "":
			fmt.Fprintf(c.Err, "warning: %s stays as it is: %s\n", x.Object, x.Skipped)
		case c.Quiet:
		case len(x.Changes) == 0:
			fmt.Fprintf(c.Out, "%s: unchanged\n", x.Object)
		default:
			fmt.Fprintf(c.Out, "%s:\n  %s\n", x.Object, strings.Join(x.Changes, "\n  "))
		}
	}
}

// Apply tells the server of mirrors that are there already.
func (j *Job) Apply(ctx context.Context) error {
	updated, failed := fuel.Update(ctx, j.Client, j.Plan.Entries, j.Update)
	if errors.Is(failed, fuel.ErrNoEnvironment) {
		failed = &console.Exit{Code: console.ExitUsage, Err: failed}
	}
	if j.Console.JSON() {
		return errors.Join(failed, j.Console.PrintJSON(map[string]any{"server": orEmpty(updated)}))
	}
	PrintUpdated(j.Console, updated)
	return failed
}
