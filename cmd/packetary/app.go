package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/assembly"
	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/switching/packetary"
)

// app is what all commands share: the global options, and where output goes.
type app struct {
	console.Console
	packetary.Options
	cache string

	repositories, requirements string // files
}

// run runs one command line and returns the exit code.
func run(args []string, out, errs io.Writer, env func(string) (string, bool)) int {
	a := &app{Console: console.Console{Program: "packetary", Out: out, Err: errs, Env: env, Hints: assembly.Hints()}}
	return a.Run(a.rootCommand(), packetary.Arguments(args))
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "packetary",
		Short: "Clone, create and look into repositories of packages",
		Long: `packetary clones repositories, whole or the packages that are required with all
that they need, makes repositories of package files, and lists packages. It is
mirrorkeeper with the files and options of packetary.`,
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.CheckFlags() },
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f := root.PersistentFlags()
	f.IntVar(&a.Errors, "ignore-errors-num", 2, "`number` of errors that may be ignored")
	f.IntVar(&a.Retries, "retries-num", 5, "`number` of retries")
	f.Int("retry-interval", 1, "`seconds` between retries; they grow by themselves, and this has no effect")
	f.IntVar(&a.Threads, "threads-num", 3, "`number` of files that are fetched at once")
	f.StringVar(&a.HTTPProxy, "http-proxy", "", "`URL` of the proxy for http")
	f.StringVar(&a.HTTPSProxy, "https-proxy", "", "`URL` of the proxy for https")
	f.StringVar(&a.cache, "cache-dir", "", "`directory` of what is known of repositories; clone keeps it in its destination")
	a.Flags(f)
	root.AddCommand(a.cloneCommand(), a.createCommand(), a.packagesCommand(), a.unresolvedCommand())
	return root
}

// repositoryFlags are those of all commands.
func (a *app) repositoryFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&a.Type, "type", "t", "deb", "`type` of the repositories: deb or rpm")
	f.StringVarP(&a.Architecture, "arch", "a", "x86_64", "`architecture`: x86_64, i386 or aarch64")
	inner := c.RunE
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if a.Type != "deb" && a.Type != "rpm" {
			return console.Usage("--type is %q; it is deb or rpm", a.Type)
		}
		if a.Architecture != "x86_64" && a.Architecture != "i386" && a.Architecture != "aarch64" {
			return console.Usage("--arch is %q; it is x86_64, i386 or aarch64", a.Architecture)
		}
		return inner(c, args)
	}
}

func (a *app) listFlags(c *cobra.Command, requirements bool) {
	c.Flags().StringVarP(&a.repositories, "repositories", "r", "", "`file` with the list of repositories")
	_ = c.MarkFlagRequired("repositories")
	if requirements {
		c.Flags().StringVarP(&a.requirements, "requirements", "R", "", "`file` that says which packages are required")
	}
}

// clone reads the files that the options name.
func (a *app) clone() (*packetary.Clone, *packetary.Requirements, error) {
	content, err := readFile(a.repositories)
	if err != nil {
		return nil, nil, err
	}
	repositories, err := packetary.ParseRepositories(a.repositories, content, a.Type)
	if err != nil {
		return nil, nil, usage(err)
	}
	var q *packetary.Requirements
	if a.requirements != "" {
		if content, err = readFile(a.requirements); err != nil {
			return nil, nil, err
		}
		if q, err = packetary.ParseRequirements(a.requirements, content); err != nil {
			return nil, nil, usage(err)
		}
	}
	c, err := packetary.NewClone(repositories, q, a.Options)
	if err != nil {
		return nil, nil, usage(err)
	}
	return c, q, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usage(err)
	}
	defer f.Close()
	const most = 64<<20 + 1
	content, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, usage(fmt.Errorf("cannot read %s: %w", name, err))
	}
	return content, nil
}

func usage(err error) error { return &console.Exit{Code: console.ExitUsage, Err: err} }

// lookInto is where commands that only look keep what they know.
func (a *app) lookInto() error {
	dir := a.cache
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("no directory for a cache: %w; name one with --cache-dir", err)
		}
		dir = filepath.Join(cache, "packetary")
	}
	dir, err := filepath.Abs(dir)
	a.Destination, a.State = dir, filepath.Join(dir, ".mirrorkeeper")
	return err
}
