package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/fueljob"
	"github.com/mirrorkeeper/mirrorkeeper/fuel"
)

// defaultConfig is where the configuration is; it may be missing.
const defaultConfig = "/etc/fuel-mirror/config.yaml"

// program is what the commands share.
type program struct {
	console.Console
	fueljob.Flags
	config, pattern, input string
	groups                 []string
}

// run runs one command line and returns the exit code.
func run(args []string, out, errs io.Writer, env func(string) (string, bool)) int {
	p := &program{Console: console.Console{Program: "fuel-mirror", Out: out, Err: errs, Env: env, Hints: fueljob.Hints()}}
	return p.Run(p.rootCommand(), args)
}

func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fuel-mirror",
		Short: "Make local mirrors of groups of repositories, and have Fuel use them",
		Long: `fuel-mirror create makes local mirrors of groups of repositories, and fuel-mirror
apply puts them into environments. The groups stand in a file, which is given by its
path, or as a pattern by its name.

  fuel-mirror create --pattern ubuntu --group mos ubuntu
  fuel-mirror apply --pattern ubuntu --group mos ubuntu --env 3 --default

Exit codes: 0 done; 1 failed, the mirrors or what the server has are as before;
2 wrong usage or configuration; 3 done, but some relations of packages are
satisfied by nothing; 4 another run holds the lock.`,
		Args:              cobra.NoArgs,
		Version:           console.Version(),
		PersistentPreRunE: func(*cobra.Command, []string) error { return p.CheckFlags() },
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&p.config, "config", "c", defaultConfig, "configuration `file`; it may be missing")
	p.Console.Flags(flags)
	p.AddAccess(flags)
	root.AddCommand(p.createCommand(), p.applyCommand())
	return root
}

// inputFlags are those of the groups. Words behind the flags are further groups, so that
// --group takes several.
func (p *program) inputFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&p.pattern, "pattern", "P", "", "`name` of a file of groups among the patterns")
	f.StringVarP(&p.input, "input-file", "I", "", "`path` of a file of groups")
	f.StringSliceVarP(&p.groups, "group", "G", nil, "`name` of a group to take, or several (default: all)")
	c.Args = cobra.ArbitraryArgs
}

func (p *program) createCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "create (--pattern NAME | --input-file FILE) [--group GROUP...]",
		Short: "Make or update mirrors of the groups",
		RunE: func(c *cobra.Command, args []string) error {
			p.NoApply = true
			return p.do(c.Context(), args, func(ctx context.Context, job *fueljob.Job) error {
				job.Client = nil
				return job.Run(ctx)
			})
		},
	}
	p.inputFlags(c)
	p.AddMirror(c.Flags())
	return c
}

func (p *program) applyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "apply (--pattern NAME | --input-file FILE) [--group GROUP...] [--env ID...] [--default] [--replace]",
		Short: "Have environments use the mirrors of the groups",
		RunE: func(c *cobra.Command, args []string) error {
			return p.do(c.Context(), args, func(ctx context.Context, job *fueljob.Job) error { return job.Apply(ctx) })
		},
	}
	p.inputFlags(c)
	p.AddUpdate(c.Flags())
	return c
}

// do makes the job of the input and runs it.
func (p *program) do(ctx context.Context, args []string, run func(context.Context, *fueljob.Job) error) error {
	settings, err := p.settings()
	if err != nil {
		return err
	}
	file, err := p.file(settings)
	if err != nil {
		return err
	}
	server, err := p.Connect(&p.Console, fuel.Access{Server: settings.Server, Who: settings.Who})
	if err != nil {
		return err
	}
	defer server.Close()
	base, err := p.baseURL(settings, server)
	if err != nil {
		return err
	}
	// What is mirrored depends on the server's version only where the file says so.
	groups, match, err := file.Resolve(nil, settings.Common)
	var versions fuel.Versions
	if err != nil || !p.NoApply {
		if versions, err = server.Fill(ctx, nil, nil, true); err != nil {
			return err
		}
		groups, match, err = file.Resolve(versions, settings.Common)
	}
	if err != nil {
		return &console.Exit{Code: console.ExitUsage, Err: err}
	}
	chosen, err := choose(groups, append(slices.Clone(p.groups), args...))
	if err != nil {
		return err
	}
	plan, err := fuel.NewPlan(groups, chosen, fuel.PlanOptions{Destination: settings.Destination, BaseURL: base, Partial: true, Transfer: settings.Transfer})
	if err != nil {
		return &console.Exit{Code: console.ExitUsage, Err: err}
	}
	job := &fueljob.Job{Console: &p.Console, Plan: plan, Client: server.Client, Update: p.Update, DryRun: p.Update.DryRun, AllowShrink: p.AllowShrink}
	job.Update.Versions, job.Update.Match = versions, match
	return run(ctx, job)
}

// baseURL is the address of the destination, in which the configuration may name the
// server's.
func (p *program) baseURL(settings *fuel.MirrorSettings, server *fueljob.Server) (string, error) {
	base := settings.BaseURL
	if p.Access.BaseURL != "" {
		base = p.Access.BaseURL
	}
	const host = "{FUEL_SERVER_IP}"
	switch {
	case server.BaseURL == "" && (base == "" || strings.Contains(base, host)):
		base = "" // the server is this machine itself
	case base == "":
		base = server.BaseURL + "mirrors/"
	default:
		base = strings.ReplaceAll(base, host, strings.TrimSuffix(strings.TrimPrefix(server.BaseURL, "http://"), ":8080/"))
	}
	if p.NoApply {
		return base, nil
	}
	if err := (fuel.Access{BaseURL: base}).CheckBaseURL(); err != nil {
		return "", &console.Exit{Code: console.ExitUsage, Err: err}
	}
	return base, nil
}

func (p *program) settings() (*fuel.MirrorSettings, error) {
	s, err := fuel.ReadMirrorSettings(p.config)
	switch {
	case errors.Is(err, fs.ErrNotExist) && p.config == defaultConfig:
		return fuel.NewMirrorSettings(), nil
	case err != nil:
		return nil, &console.Exit{Code: console.ExitUsage, Err: err, Hint: "docs/fuel.md explains every key"}
	}
	return s, nil
}

// file is the file of groups.
func (p *program) file(settings *fuel.MirrorSettings) (*fuel.GroupFile, error) {
	name := p.input
	switch {
	case (p.pattern == "") == (p.input == ""):
		return nil, console.Usage("name the groups' file by one of --pattern and --input-file")
	case p.pattern != "":
		name = filepath.Join(settings.PatternDir, p.pattern+".yaml")
	}
	f, err := fuel.ReadGroupFile(name)
	if err != nil {
		return nil, &console.Exit{Code: console.ExitUsage, Err: err, Hint: "docs/fuel.md explains files of groups"}
	}
	return f, nil
}

// choose takes the named groups, which stand in the file without their system.
func choose(all []fuel.Group, names []string) (chosen []fuel.Group, err error) {
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(all, func(g fuel.Group) bool { return g.Name == name || g.Name == g.System+"-"+name })
		if i < 0 {
			var known []string
			for _, g := range all {
				known = append(known, strings.TrimPrefix(g.Name, g.System+"-"))
			}
			return nil, console.Usage("there is no group %q; the file has %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
