package console

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/spf13/cobra"
)

var errLocked = errors.New("locked")

type hinted struct{}

func (hinted) Error() string { return "no such thing" }
func (hinted) Hint() string  { return "take another" }

// What goes wrong is said with a hint, and decides on the exit code, however deep it is
// wrapped.
func TestReport(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		code int
		says string
	}{
		"nothing":         {nil, 0, ""},
		"any error":       {errors.New("broken\n"), ExitFailed, "error: broken\n"},
		"a known error":   {fmt.Errorf("sync: %w", errLocked), ExitFailed, "error: sync: locked\nhint: wait\n"},
		"one with a hint": {fmt.Errorf("look: %w", hinted{}), ExitFailed, "error: look: no such thing\nhint: take another\n"},
		"wrong usage":     {Usage("no argument %q", "x"), ExitUsage, "error: no argument \"x\"\nhint: see test COMMAND --help\n"},
		"a code alone":    {&Exit{Code: ExitIncomplete}, ExitIncomplete, ""},
		"a code in depth": {fmt.Errorf("a: %w", &Exit{Code: ExitLocked, Err: errLocked}), ExitLocked, "error: locked\nhint: wait\n"},
		"its own hint":    {&Exit{Code: ExitUsage, Err: errLocked, Hint: "run"}, ExitUsage, "error: locked\nhint: run\n"},
	} {
		var out bytes.Buffer
		c := &Console{Program: "test", Err: &out, Hints: []Hint{{errLocked, "wait"}}}
		if code := c.Report(test.err); code != test.code || out.String() != test.says {
			t.Errorf("%s: exit code %d, expected %d\n%s", name, code, test.code, &out)
		}
	}
}

func TestRun(t *testing.T) {
	for args, want := range map[string]int{"": 0, "--flag": ExitUsage, "command": ExitUsage, "-o=xml": ExitUsage, "-o=json": 0} {
		var out bytes.Buffer
		c := &Console{Program: "test", Out: &out, Err: &out}
		root := &cobra.Command{Use: "test", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return c.CheckFlags() }}
		c.Flags(root.PersistentFlags())
		var list []string
		if args != "" {
			list = []string{args}
		}
		if code := c.Run(root, list); code != want {
			t.Errorf("%q: exit code %d, expected %d\n%s", args, code, want, &out)
		}
	}
}
