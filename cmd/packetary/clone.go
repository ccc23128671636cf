package main

import (
	"context"
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/create"
	"github.com/mirrorkeeper/mirrorkeeper/fetch"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/store"
	"github.com/mirrorkeeper/mirrorkeeper/switching/packetary"
)

func (a *app) cloneCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "clone -r FILE [-R FILE] -d DIR",
		Short: "Clone repositories into a directory",
		RunE: func(c *cobra.Command, _ []string) error {
			return a.runClone(c.Context())
		},
	}
	a.repositoryFlags(c)
	a.listFlags(c, true)
	c.Flags().StringVarP(&a.Destination, "destination", "d", "", "`directory` to put the clones in")
	_ = c.MarkFlagRequired("destination")
	c.Flags().BoolVar(&a.Sources, "sources", false, "copy source packages, too")
	c.Flags().Bool("locales", false, "copy translations, too; they always are")
	return c
}

func (a *app) runClone(ctx context.Context) error {
	c, q, err := a.clone()
	if err != nil {
		return err
	}
	if err := a.choose(ctx, c, q); err != nil {
		return err
	}
	if len(c.Merged) > 0 {
		return a.makeMerged(ctx, c)
	}
	set, err := assembly.Mirrors(ctx, c.Config, assembly.Options{Console: &a.Console, Publish: true})
	if err != nil {
		return err
	}
	defer set.Close()
	reports, failed := set.Sync(ctx)
	set.StopProgress()
	copied, total := 0, 0
	for _, r := range reports {
		copied, total = copied+r.Added, total+r.Packages
		assembly.PrintFindings(&a.Console, r.Unresolved, r.Refused)
		for _, x := range r.Skipped {
			fmt.Fprintf(a.Err, "warning: left out: %s: %s\n", x.Name, x.Reason)
		}
	}
	if failed != nil {
		return failed
	}
	return a.printCopied(copied, total)
}

func (a *app) printCopied(copied, total int) error {
	if a.JSON() {
		return a.PrintJSON(map[string]int{"copied": copied, "total": total})
	}
	fmt.Fprintf(a.Out, "Packages copied: %d/%d.\n", copied, total)
	return nil
}

// choose has the mirror hold what is required, for which the packages of the repositories
// may have to be looked at.
func (a *app) choose(ctx context.Context, c *packetary.Clone, q *packetary.Requirements) error {
	if q == nil {
		return nil
	}
	var catalog []*repo.Package
	if q.NeedsCatalog() {
		plan, err := a.plan(ctx, c)
		if err != nil {
			return err
		}
		for _, p := range plan.Picked {
			catalog = append(catalog, p.Package)
		}
	}
	if err := c.Select(q, catalog); err != nil {
		return usage(err)
	}
	return nil
}

// plan plans the mirror of the clone.
func (a *app) plan(ctx context.Context, c *packetary.Clone) (*mirror.Planned, error) {
	set, err := assembly.Mirrors(ctx, c.Config, assembly.Options{Console: &a.Console})
	if err != nil {
		return nil, err
	}
	defer set.Close()
	plans, err := set.Plan(ctx)
	if err != nil {
		return nil, err
	}
	return plans[0], nil
}

// makeMerged makes the repositories of which several are put into one path.
func (a *app) makeMerged(ctx context.Context, c *packetary.Clone) error {
	s, err := store.Open(c.Config.Destination, c.Config.State)
	if err != nil {
		return err
	}
	unlock, err := assembly.Lock(s)
	if err != nil {
		return err
	}
	defer unlock()
	tracker, above, stop := a.Progress()
	defer stop()
	b, err := assembly.NewBuilder(c.Config, s, a.Log(above))
	if err != nil {
		return err
	}
	job, err := b.Job(c.Config.Mirrors[0])
	if err != nil {
		return err
	}
	client := b.Client()
	defer client.CloseIdleConnections()
	t := c.Config.Transfer
	options := fetch.Options{Client: client, Connections: t.Connections, PerHost: t.PerHost, Retries: t.Retries, Log: b.Log}
	job.Store, job.Fetcher, job.Log, job.Progress = s, fetch.New(options), b.Log, tracker
	plan, err := mirror.Plan(ctx, job)
	if err != nil {
		return err
	}
	options.IgnoreErrors = math.MaxInt // all that cannot be had is told, not only the first
	fetcher := fetch.New(options)
	copied, total := 0, 0
	for _, m := range c.Merged {
		j, err := a.mergedJob(ctx, s, m, plan)
		if err != nil {
			return err
		}
		j.Fetcher, j.Log, j.Progress, j.Grace = fetcher, b.Log, tracker, c.Config.Keep.Grace
		report, err := create.Run(ctx, j)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		copied, total = copied+report.Added, total+report.Packages
	}
	stop()
	assembly.PrintFindings(&a.Console, plan.Unresolved, plan.Refused)
	return a.printCopied(copied, total)
}

// mergedJob is the job of one repository that is made of picked packages.
func (a *app) mergedJob(ctx context.Context, s *store.Store, m packetary.Merged, plan *mirror.Planned) (*create.Job, error) {
	r := config.NewRepository(strings.Trim("packetary-"+strings.ReplaceAll(m.Path, "/", "-"), "-."))
	r.Type, r.Path, r.Archive, r.AnyName = a.Type, m.Path, r.Name, true
	if a.Type == "deb" {
		r.Suite, r.Component, r.Flat = m.Suite, m.Component, m.Flat
		r.Architectures = []string{m.Architecture}
	} else {
		r.Layout = "packages"
	}
	if !config.ValidName(r.Name) {
		return nil, console.Usage("the path %q cannot be one that several repositories share (expected letters, digits, . _ + - and /)", m.Path)
	}
	creator, err := assembly.NewCreator(r, s.State())
	if err != nil {
		return nil, err
	}
	j := &create.Job{Name: r.Archive, Dir: r.Path, Creator: creator, Format: assembly.FormatNamed(r.Type), AllowEmpty: true, Store: s}
	if j.Sign, err = assembly.Signing(ctx, s, nil); err != nil {
		return nil, err
	}
	for _, p := range best(plan.Picked, m) {
		for _, f := range plan.Locate(p) {
			if p.IsSource() && !creator.IsPackage(path.Base(f.Path)) {
				continue // a part of the source package, which names it
			}
			if len(f.URLs) == 0 {
				return nil, fmt.Errorf("no URL is known of %s", p)
			}
			j.Inputs = append(j.Inputs, create.Input{URL: f.URLs[0], Others: f.URLs[1:], Size: f.Size, Digest: f.Digest})
		}
	}
	return j, nil
}

// best are the picked packages of a repository: each of several with one name and
// version once, the one of the highest priority.
func best(picked []mirror.Picked, m packetary.Merged) (out []*repo.Package) {
	at := map[[3]string]int{}
	for _, x := range picked {
		p := x.Package
		if !m.Holds(p) {
			continue
		}
		key := [3]string{p.Name, p.Version, p.Architecture}
		i, there := at[key]
		switch {
		case !there:
			at[key] = len(out)
			out = append(out, p)
		case p.Priority > out[i].Priority:
			out[i] = p
		}
	}
	return out
}
