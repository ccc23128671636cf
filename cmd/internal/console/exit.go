package console

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// The exit codes.
const (
	// ExitFailed: the published state is the old one.
	ExitFailed = 1
	// ExitUsage is for wrong arguments and configurations.
	ExitUsage = 2
	// ExitIncomplete: published with items left out, or findings of a command that looks.
	ExitIncomplete = 3
	// ExitLocked: another run holds the lock.
	ExitLocked = 4
	// ExitChanged is for who asked whether something changed.
	ExitChanged = 10
)

// Exit ends the program with a code. Without an error nothing more is printed.
type Exit struct {
	Code int
	Err  error
	Hint string

	help bool // the hint is the program's own help
}

func (e *Exit) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}
func (e *Exit) Unwrap() error { return e.Err }

// Usage is the error of a wrong command line.
func Usage(format string, args ...any) error {
	return &Exit{Code: ExitUsage, Err: fmt.Errorf(format, args...), help: true}
}

// Hint says what to do about an error.
type Hint struct {
	Is  error
	Say string
}

// Report prints an error for people and returns the exit code.
func (c *Console) Report(err error) int {
	if err == nil {
		return 0
	}
	e := &Exit{Code: ExitFailed, Err: err}
	if !errors.As(err, &e) && strings.HasPrefix(err.Error(), "unknown command") {
		e.Code = ExitUsage
	}
	if e.Err != nil {
		fmt.Fprintf(c.Err, "error: %s\n", strings.TrimSpace(e.Err.Error()))
		if hint := cmp.Or(e.Hint, c.hint(e)); hint != "" {
			fmt.Fprintf(c.Err, "hint: %s\n", hint)
		}
	}
	return e.Code
}

// hint says what to do about an error, "" where there is nothing to say.
func (c *Console) hint(e *Exit) string {
	if e.help {
		return "see " + c.Program + " COMMAND --help"
	}
	for _, h := range c.Hints {
		if errors.Is(e.Err, h.Is) {
			return h.Say
		}
	}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](e.Err); ok {
		return h.Hint()
	}
	return ""
}
