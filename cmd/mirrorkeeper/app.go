package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
)

// app is what all commands share: the global flags, and where output goes.
type app struct {
	console.Console
	config string
}

// run runs one command line and returns the exit code.
func run(args []string, out, errs io.Writer, env func(string) (string, bool)) int {
	a := &app{Console: console.Console{Program: "mirrorkeeper", Out: out, Err: errs, Env: env, Hints: hints()}}
	return a.Run(a.rootCommand(), args)
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "mirrorkeeper",
		Short: "Make, update and watch mirrors of package repositories",
		Long: `mirrorkeeper makes and updates mirrors of deb and rpm repositories: full ones,
byte for byte, or partial ones that hold exactly the packages that chosen ones need.

Mirror two packages, with all that they need, from what this machine uses:

  mirrorkeeper sync --from-system --to ./mirror nginx git

Exit codes: 0 done; 1 failed, the published state is the old one; 2 wrong usage or
configuration; 3 published with unresolved or skipped items, or findings of a
command that only looks; 4 another run holds the lock; with
--detailed-exit-codes: 10 done and something changed.`,
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.CheckFlags() },
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.config, "config", "c", "", "configuration `file` (default ./mirrorkeeper.yaml, then /etc/mirrorkeeper/mirrorkeeper.yaml)")
	a.Flags(flags)
	root.AddCommand(
		a.syncCommand(), a.createCommand(), a.incomingCommand(), a.planCommand(), a.lockCommand(), a.packagesCommand(), a.unresolvedCommand(), a.whyCommand(), a.whyNotCommand(),
		a.treeCommand(), a.checkCommand(),
		a.generationsCommand(), a.diffCommand(), a.rollbackCommand(), a.promoteCommand(), a.gcCommand(), a.scrubCommand(), a.serveCommand(), a.clientConfigCommand(),
		a.keyCommand(), a.verifyCommand(),
		a.watchCommand(), a.plantCommand(), a.probeCommand(),
		a.importCommand(),
		a.compareVersionsCommand(), a.manualCommand(), a.versionCommand(),
	)
	a.completions(root)
	return root
}

// The exit codes.
const (
	exitFailed     = console.ExitFailed
	exitUsage      = console.ExitUsage
	exitIncomplete = console.ExitIncomplete
	exitLocked     = console.ExitLocked
	exitChanged    = console.ExitChanged
)

type exit = console.Exit

func usage(format string, args ...any) error { return console.Usage(format, args...) }
