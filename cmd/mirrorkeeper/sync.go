package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

func (a *app) syncCommand() *cobra.Command {
	var (
		from        origin
		check       string
		allowShrink bool
		detailed    bool
		locked      bool
	)
	c := &cobra.Command{
		Use:   "sync [MIRROR[/SOURCE[/REPOSITORY]]...] | sync --from-system --to DIR PACKAGE...",
		Short: "Bring mirrors up to date and publish them",
		Long: `Brings mirrors up to date: all of the configuration, or those named. With
--from-system, mirrors the named packages and all that they need from the
repositories that this machine uses into one directory.

A seed is a package's name or a glob, with an architecture or a version if
wanted: nginx, python3-*, libc6:i386, "postgresql (>= 15)". For rpm it may be
another form of a package, something that packages provide or a file:
bash-5.1-2.el9.x86_64, "perl(Foo::Bar)", /usr/bin/python3. With --from-system,
@core is a group.`,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := a.setUp(c.Context(), &from, args, true)
			if err != nil {
				return err
			}
			defer s.close()
			level, err := parseCheck(check)
			if err != nil {
				return err
			}
			for _, j := range s.jobs {
				j.Check = level
				j.AllowShrink = j.AllowShrink || allowShrink
			}
			if locked {
				if err := a.lockJobs(&from, s.jobs); err != nil {
					return err
				}
			}
			return a.sync(c.Context(), s, detailed)
		},
	}
	from.flags(c)
	from.togetherFlag(c)
	c.Flags().BoolVar(&locked, "locked", false, "mirror exactly what the lock file says, or fail")
	c.Flags().StringVar(&check, "check", "", "check all files that are there already: `how` is size or digest; what is wrong is fetched again")
	c.Flags().BoolVar(&allowShrink, "allow-shrink", false, "accept that upstream lost most of its packages")
	c.Flags().BoolVar(&detailed, "detailed-exit-codes", false, "exit with 10 when a new generation was published")
	return c
}

func parseCheck(s string) (mirror.Check, error) {
	switch s {
	case "":
		return mirror.CheckChanged, nil
	case "size":
		return mirror.CheckSize, nil
	case "digest":
		return mirror.CheckDigest, nil
	}
	return 0, usage("--check is %q; it is size or digest", s)
}

// sync runs the jobs one after another. One that fails does not stop the others.
func (a *app) sync(ctx context.Context, s *setup, detailed bool) error {
	unlock, err := s.store.Lock()
	if err != nil {
		if errors.Is(err, store.ErrLocked) {
			return &exit{code: exitLocked, err: err}
		}
		return err
	}
	defer unlock()
	var reports []*mirror.Report
	var failures []error
	incomplete, changed := false, false
	for _, j := range s.jobs {
		begun := time.Now()
		report, err := mirror.Run(ctx, j)
		outcome := mirror.Outcome{Mirror: j.Mirror.Name, Begun: begun, Took: time.Since(begun), Report: report, Err: err}
		if hook := s.after(ctx, outcome); hook != nil {
			failures = append(failures, hook)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", j.Mirror.Name, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		reports = append(reports, report)
		incomplete = incomplete || report.Incomplete > 0
		changed = changed || report.Changed
	}
	s.stopProgress()
	if err := a.printReports(reports); err != nil {
		return err
	}
	switch {
	case len(failures) > 0:
		return &exit{code: exitFailed, err: errors.Join(failures...)}
	case incomplete:
		return &exit{code: exitIncomplete}
	case changed && detailed:
		return &exit{code: exitChanged}
	}
	return nil
}

func (a *app) printReports(reports []*mirror.Report) error {
	if a.json() {
		if reports == nil {
			reports = []*mirror.Report{}
		}
		return a.printJSON(map[string]any{"mirrors": reports})
	}
	for _, r := range reports {
		if !a.quiet {
			a.printReport(r)
		}
		a.printFindings(r.Unresolved, r.Refused)
		for _, x := range r.Skipped {
			fmt.Fprintf(a.err, "warning: left out: %s: %s\n", x.Name, x.Reason)
		}
	}
	return nil
}

func (a *app) printReport(r *mirror.Report) {
	if r.Changed {
		fmt.Fprintf(a.out, "%s: published %s: %d packages, %s (%d added, %d removed)\n",
			r.Mirror, r.Generation, r.Packages, humanize.IBytes(uint64(r.TotalBytes)), r.Added, r.Removed)
	} else {
		fmt.Fprintf(a.out, "%s: unchanged, %s: %d packages, %s\n", r.Mirror, r.Generation, r.Packages, humanize.IBytes(uint64(r.TotalBytes)))
	}
	for _, x := range r.Repositories {
		fmt.Fprintf(a.out, "  %s: %d packages in %s\n", x.Name, x.Packages, x.Dir)
	}
	if !r.Changed && r.Incomplete > 0 {
		fmt.Fprintf(a.out, "  %d unresolved or skipped items; see mirrorkeeper unresolved\n", r.Incomplete)
	}
}
