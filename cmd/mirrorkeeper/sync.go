package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
)

func (a *app) syncCommand() *cobra.Command {
	var (
		from        origin
		check       string
		allowShrink bool
		detailed    bool
		locked      bool
		adopt       []string
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
			defer s.Close()
			level, err := parseCheck(check)
			if err != nil {
				return err
			}
			for _, j := range s.Jobs {
				j.Check = level
				j.AllowShrink = j.AllowShrink || allowShrink
				j.Adopt = adopt
			}
			if locked {
				if err := a.lockJobs(&from, s.Jobs); err != nil {
					return err
				}
			}
			return a.sync(c.Context(), s, detailed)
		},
	}
	from.flags(c)
	from.togetherFlag(c)
	c.Flags().BoolVar(&locked, "locked", false, "mirror exactly what the lock file says, or fail")
	c.Flags().StringArrayVar(&adopt, "adopt", nil, "`directory` of another program's mirror: packages in it are checked and taken, and not fetched again")
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
func (a *app) sync(ctx context.Context, s *assembly.Set, detailed bool) error {
	reports, failed := s.Sync(ctx)
	s.StopProgress()
	if reports == nil {
		return failed
	}
	if err := assembly.PrintReports(&a.Console, reports); err != nil {
		return err
	}
	incomplete, changed := false, false
	for _, r := range reports {
		incomplete = incomplete || r.Incomplete > 0
		changed = changed || r.Changed
	}
	switch {
	case failed != nil:
		return failed
	case incomplete:
		return &exit{Code: exitIncomplete}
	case changed && detailed:
		return &exit{Code: exitChanged}
	}
	return nil
}
