package main

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/fueljob"
	"github.com/mirrorkeeper/mirrorkeeper/fuel"
)

// defaultConfig is where the configuration is.
const defaultConfig = "/etc/fuel-createmirror/config.yaml"

// program is what the commands share.
type program struct {
	console.Console
	fueljob.Flags
	config  string
	partial bool
	choice  fuel.Choice
}

// run runs one command line and returns the exit code.
func run(args []string, out, errs io.Writer, env func(string) (string, bool)) int {
	p := &program{Console: console.Console{Program: "fuel-createmirror", Out: out, Err: errs, Env: env, Hints: fueljob.Hints()}}
	return p.Run(p.rootCommand(), args)
}

func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fuel-createmirror",
		Short: "Make local mirrors of what Fuel installs, and have Fuel use them",
		Long: `fuel-createmirror makes local mirrors of the repositories that Fuel installs
machines from, whole or only what is needed, brings them up to date, and has
environments use them.

  fuel-createmirror clone
  fuel-createmirror clone --base --ubuntu --partial
  fuel-createmirror clone --mos --centos --env 3

Exit codes: 0 done; 1 failed: mirrors are as before, or complete, and where one
failed the server was told nothing; 2 wrong usage or configuration; 3 done, but
some relations of packages are satisfied by nothing; 4 another run holds the lock.`,
		Args:              cobra.NoArgs,
		Version:           console.Version(),
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.CheckFlags() },
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&p.config, "config", "c", defaultConfig, "configuration `file`")
	p.Console.Flags(flags)
	p.AddAccess(flags)
	clone := &cobra.Command{
		Use:   "clone [--partial] [--mos] [--base] [--centos] [--ubuntu]",
		Short: "Make or update the mirrors, and have Fuel use them",
		Long: `Mirrors the sources of the configuration, all of them or those chosen, and puts
their repositories into the environments that they are for, and with --default into
what new environments get. The server is told when all mirrors are published; where
one fails it is told nothing.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.clone(c.Context()) },
	}
	f := clone.Flags()
	f.BoolVar(&p.partial, "partial", false, "mirror of base systems only the packages that are needed to install what has them as its master")
	f.BoolVar(&p.choice.MOS, "mos", false, "take the sources named mos")
	f.BoolVar(&p.choice.Base, "base", false, "take the other sources")
	f.BoolVar(&p.choice.CentOS, "centos", false, "take the sources for CentOS")
	f.BoolVar(&p.choice.Ubuntu, "ubuntu", false, "take the sources for Ubuntu")
	f.BoolVar(&p.NoApply, "no-apply", false, "only mirror, and tell the Fuel server nothing")
	p.AddMirror(f)
	p.AddUpdate(f)
	root.AddCommand(clone)
	return root
}

func (p *program) clone(ctx context.Context) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	server, err := p.Connect(&p.Console, fuel.Access{Server: settings.Server, Who: settings.Who, BaseURL: settings.BaseURL})
	if err != nil {
		return err
	}
	defer server.Close()
	if !p.NoApply {
		if err := server.CheckBaseURL(); err != nil {
			return &console.Exit{Code: console.ExitUsage, Err: err}
		}
	}
	if settings.Versions, err = server.Fill(ctx, settings.Versions, settings.Missing(), !p.NoApply); err != nil {
		return err
	}
	groups, err := settings.Groups()
	if err != nil {
		return &console.Exit{Code: console.ExitUsage, Err: err}
	}
	plan, err := fuel.NewPlan(groups, p.choice.Chosen(groups), fuel.PlanOptions{
		Destination: settings.Destination, BaseURL: server.BaseURL, Partial: p.partial, Transfer: settings.Transfer,
	})
	if err != nil {
		return &console.Exit{Code: console.ExitUsage, Err: err}
	}
	job := &fueljob.Job{Console: &p.Console, Plan: plan, Update: p.Update, DryRun: p.Update.DryRun, AllowShrink: p.AllowShrink}
	job.Update.Versions = settings.Versions
	if !p.NoApply {
		job.Client = server.Client
	}
	return job.Run(ctx)
}

func (p *program) settings() (*fuel.Settings, error) {
	s, err := fuel.ReadSettings(p.config)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &console.Exit{
			Code: console.ExitUsage, Err: errors.New("there is no configuration " + p.config),
			Hint: "copy fuel-createmirror.yaml from the examples there and set what is to be mirrored, or name another file with --config",
		}
	case err != nil:
		return nil, &console.Exit{Code: console.ExitUsage, Err: err, Hint: "docs/fuel.md explains every key"}
	}
	return s, nil
}
