package console

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Run runs one command line of a program, until it is interrupted, and returns the exit
// code.
func (c *Console) Run(root *cobra.Command, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c.withManual(root)
	root.SetArgs(args)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Usage("%v", err) })
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = &Exit{Code: ExitFailed, Err: errors.New("interrupted; what was fetched stays for the next run")}
	}
	return c.Report(err)
}

// Flags adds the flags that all programs have.
func (c *Console) Flags(flags *pflag.FlagSet) {
	flags.StringVarP(&c.Output, "output", "o", "text", "`form` of the output: text or json")
	flags.BoolVarP(&c.Quiet, "quiet", "q", false, "print errors and results only")
	flags.BoolVarP(&c.Verbose, "verbose", "v", false, "print what is done and why")
}

// CheckFlags refuses values of the flags that there are not.
func (c *Console) CheckFlags() error {
	if c.Output != "text" && c.Output != "json" {
		return Usage("--output is %q; it is text or json", c.Output)
	}
	return nil
}
