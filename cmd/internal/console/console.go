// Package console is how all programs speak with people and other programs on a command
// line: exit codes, errors with hints, results as text or JSON, the log, and progress.
package console

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"

	"github.com/mirrorkeeper/mirrorkeeper/progress"
)

// Console is where a program's output goes, and in what form.
type Console struct {
	// Program is what the program is called.
	Program string
	// Out is for results, Err for all else.
	Out, Err io.Writer
	// Env looks a variable of the environment up, as [os.LookupEnv] does.
	Env func(string) (string, bool)
	// Output is text or json.
	Output string
	// Quiet leaves all out but errors and results, Verbose says what is done and why.
	Quiet, Verbose bool
	// Hints say what to do about errors.
	Hints []Hint
}

// JSON reports whether results are printed as JSON.
func (c *Console) JSON() bool { return c.Output == "json" }

// PrintJSON prints a result as one JSON document.
func (c *Console) PrintJSON(v any) error {
	e := json.NewEncoder(c.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Log is the program's log: lines for people on a terminal, else key=value or JSON.
func (c *Console) Log(w io.Writer) *slog.Logger {
	level := slog.LevelWarn
	switch {
	case c.Quiet:
		level = slog.LevelError
	case c.Verbose:
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	switch {
	case c.JSON():
		return slog.New(slog.NewJSONHandler(w, options))
	case c.Terminal():
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly}))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// Terminal reports whether somebody may be looking.
func (c *Console) Terminal() bool {
	f, ok := c.Err.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// Progress shows what long work does, until stop is called. The log belongs above
// what is shown.
func (c *Console) Progress() (t *progress.Tracker, above io.Writer, stop func()) {
	t = &progress.Tracker{}
	switch {
	case c.Quiet:
		return t, c.Err, func() {}
	case c.JSON():
		return t, c.Err, progress.JSON(c.Err, t)
	case c.Terminal():
		above, stop = progress.Bars(c.Err, t)
		return t, above, stop
	}
	return t, c.Err, progress.Lines(c.Err, t)
}
