package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/fueljob"
	"github.com/mirrorkeeper/mirrorkeeper/fuel"
)

// program is the command line.
type program struct {
	console.Console
	fueljob.Flags
	updates     fuel.PackageUpdates
	list        bool
	apply       bool
	uris        bool
	noDownload  bool
	extra       string
	destination string
}

// run runs one command line and returns the exit code.
func run(args []string, out, errs io.Writer, env func(string) (string, bool)) int {
	p := &program{Console: console.Console{Program: "fuel-package-updates", Out: out, Err: errs, Env: env, Hints: fueljob.Hints()}}
	return p.Run(p.rootCommand(), args)
}

func (p *program) rootCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "fuel-package-updates -d DISTRIBUTION -r RELEASE -u URL",
		Short: "Mirror the updates of a release of Fuel, and put them into environments",
		Long: `fuel-package-updates mirrors the updates of a release of Fuel for a distribution
into /var/www/nailgun/RELEASE/DISTRIBUTION, and prints the entries of their
repositories: as YAML, or as lines with --show-uris. With --apply it puts them into
the environments of --env, and with --default into what new ones get.

  fuel-package-updates -d ubuntu -r 9.0 -u http://mirror.example.org/mos/ubuntu/{release}
  fuel-package-updates -d ubuntu -r 9.0 -u URL --apply --env 3 --default
  fuel-package-updates -d ubuntu -r 9.0 -u URL --no-download --show-uris

Exit codes: 0 done; 1 failed, and then the server was told nothing; 2 wrong usage;
4 another run holds the lock.`,
		Args:              cobra.NoArgs,
		Version:           console.Version(),
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.CheckFlags() },
		RunE:              func(c *cobra.Command, _ []string) error { return p.run(c.Context()) },
	}
	f := c.Flags()
	f.StringVarP(&p.updates.Distribution, "distro", "d", "", "`name` of the distribution")
	f.StringVarP(&p.updates.Release, "release", "r", "", "`number` of the release of Fuel, such as 9.0")
	f.StringVarP(&p.updates.URL, "url", "u", "", "`address` of the updates, with {release} and {distribution} where they belong")
	f.StringSliceVar(&p.updates.Repositories, "repository", nil, "`suite`, or directory of rpm (default: updates and security)")
	f.StringSliceVar(&p.updates.Components, "component", nil, "`name` of a component of the suites (default: main and restricted)")
	f.StringSliceVar(&p.updates.Keys, "key", nil, "`file` of a key that signs the updates (default: signatures are not checked)")
	f.BoolVarP(&p.list, "list-distros", "l", false, "print the names of distributions")
	f.BoolVarP(&p.uris, "show-uris", "i", false, "print the repositories as lines")
	f.BoolVarP(&p.noDownload, "no-download", "N", false, "mirror nothing")
	f.BoolVarP(&p.apply, "apply", "a", false, "put the repositories into environments")
	f.StringVarP(&p.extra, "file-path", "f", "", "`file` of further entries in YAML; those with delete: true are taken out")
	f.StringVar(&p.destination, "destination", fuel.DefaultDestination, "`directory` that is served")
	p.Console.Flags(f)
	p.AddAccess(f)
	p.AddMirror(f)
	p.AddUpdate(f)
	f.Lookup("env").Usage = "`ID` of an environment to update; can be repeated"
	c.AddCommand(&cobra.Command{Use: "help", Short: "Print how to use the program", DisableFlagParsing: true, RunE: func(*cobra.Command, []string) error { return c.Help() }})
	return c
}

func (p *program) run(ctx context.Context) error {
	if p.list {
		_, err := fmt.Fprintln(p.Out, strings.Join(fuel.Distributions(), "\n"))
		return err
	}
	server, plan, err := p.plan()
	if err != nil {
		return err
	}
	defer server.Close()
	job := &fueljob.Job{Console: &p.Console, Plan: plan, Update: p.Update, DryRun: p.Update.DryRun, AllowShrink: p.AllowShrink}
	job.Update.Versions = fuel.Versions{"mos_version": p.updates.Release}
	job.Update.NoEnvironments = len(p.Update.Environments) == 0
	if p.apply {
		job.Client = server.Client
	}
	switch {
	case !p.noDownload:
		err = job.Run(ctx)
	case p.apply:
		err = job.Apply(ctx)
	}
	if err != nil || p.apply {
		return err
	}
	return p.print(plan.Entries[p.updates.Distribution])
}

// plan is what is mirrored, and what the server is to have.
func (p *program) plan() (*fueljob.Server, *fuel.Plan, error) {
	wrong := func(err error) (*fueljob.Server, *fuel.Plan, error) {
		return nil, nil, &console.Exit{Code: console.ExitUsage, Err: err}
	}
	if p.updates.Distribution == "" || p.updates.Release == "" || p.updates.URL == "" {
		return nil, nil, console.Usage("name what to mirror: --distro, --release and --url")
	}
	if p.apply && len(p.Update.Environments) == 0 && !p.Update.Releases {
		return nil, nil, console.Usage("--apply needs what is to get the updates: --env ID, or --default for new environments")
	}
	group, err := p.updates.Group()
	if err != nil {
		return wrong(err)
	}
	if p.apply && !p.updates.Changeable() {
		return wrong(fmt.Errorf("%w (seen --release %s)", fuel.ErrOldRelease, p.updates.Release))
	}
	var extra []fuel.Entry
	if p.extra != "" {
		if extra, err = fuel.ReadEntries(p.extra); err != nil {
			return wrong(err)
		}
	}
	server, err := p.Connect(&p.Console, fuel.Access{})
	if err != nil {
		return nil, nil, err
	}
	if err := server.CheckBaseURL(); err != nil {
		return wrong(err)
	}
	groups := []fuel.Group{group}
	plan, err := fuel.NewPlan(groups, groups, fuel.PlanOptions{Destination: p.destination, BaseURL: server.BaseURL})
	if err != nil {
		return wrong(err)
	}
	plan.Entries[group.System] = append(plan.Entries[group.System], extra...)
	return server, plan, nil
}

// print prints the entries for people who put them into the web interface, or elsewhere.
func (p *program) print(entries []fuel.Entry) error {
	switch {
	case p.JSON() && p.noDownload:
		return p.PrintJSON(map[string]any{"repositories": entries})
	case p.JSON():
		return nil // the report is the one document
	case p.uris:
		for _, e := range entries {
			fmt.Fprintln(p.Out, e)
		}
		return nil
	}
	text, err := fuel.WriteEntries(entries)
	if err == nil {
		_, err = p.Out.Write(text)
	}
	return err
}
