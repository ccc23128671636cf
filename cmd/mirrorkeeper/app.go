package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/mirrorkeeper/mirrorkeeper/progress"
)

// app is what all commands share: the global flags, and where output goes.
type app struct {
	out, err io.Writer
	env      func(string) (string, bool)

	config         string
	output         string
	quiet, verbose bool
}

// run runs one command line and returns the exit code.
func run(args []string, out, errs io.Writer, env func(string) (string, bool)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{out: out, err: errs, env: env}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = &exit{code: exitFailed, err: errors.New("interrupted; what was fetched stays for the next run")}
	}
	return a.report(err)
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
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "text" && a.output != "json" {
				return usage("--output is %q; it is text or json", a.output)
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.config, "config", "c", "", "configuration `file` (default ./mirrorkeeper.yaml, then /etc/mirrorkeeper/mirrorkeeper.yaml)")
	flags.StringVarP(&a.output, "output", "o", "text", "`form` of the output: text or json")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print errors and results only")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "print what is done and why")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.AddCommand(
		a.syncCommand(), a.createCommand(), a.incomingCommand(), a.planCommand(), a.lockCommand(), a.packagesCommand(), a.unresolvedCommand(), a.whyCommand(), a.whyNotCommand(),
		a.treeCommand(), a.checkCommand(),
		a.keyCommand(), a.verifyCommand(),
		a.watchCommand(), a.plantCommand(), a.probeCommand(),
		a.compareVersionsCommand(), a.versionCommand(),
	)
	return root
}

// The exit codes.
const (
	exitFailed     = 1
	exitUsage      = 2
	exitIncomplete = 3
	exitLocked     = 4
	exitChanged    = 10
)

// exit ends the program with a code. Without an error nothing more is printed.
type exit struct {
	code int
	err  error
	hint string
}

func (e *exit) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exit{code: exitUsage, err: fmt.Errorf(format, args...), hint: "see mirrorkeeper COMMAND --help"}
}

// report prints an error for people and returns the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return 0
	}
	e := &exit{code: exitFailed, err: err}
	if !errors.As(err, &e) && strings.HasPrefix(err.Error(), "unknown command") {
		e.code = exitUsage
	}
	if e.err != nil {
		fmt.Fprintf(a.err, "error: %s\n", strings.TrimSpace(e.err.Error()))
		if hint := cmp.Or(e.hint, hintFor(e.err)); hint != "" {
			fmt.Fprintf(a.err, "hint: %s\n", hint)
		}
	}
	return e.code
}

func (a *app) json() bool { return a.output == "json" }

// printJSON prints a result as one JSON document.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// log is the program's log: lines for people on a terminal, else key=value or JSON.
func (a *app) log(w io.Writer) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case a.quiet:
		level = slog.LevelError
	case a.verbose:
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	switch {
	case a.json():
		return slog.New(slog.NewJSONHandler(w, options))
	case a.terminal():
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly}))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

func (a *app) terminal() bool {
	f, ok := a.err.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// progress shows what long work does, until stop is called. The log belongs above
// what is shown.
func (a *app) progress() (t *progress.Tracker, above io.Writer, stop func()) {
	t = &progress.Tracker{}
	switch {
	case a.quiet:
		return t, a.err, func() {}
	case a.json():
		return t, a.err, progress.JSON(a.err, t)
	case a.terminal():
		above, stop = progress.Bars(a.err, t)
		return t, above, stop
	}
	return t, a.err, progress.Lines(a.err, t)
}
