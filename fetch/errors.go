package fetch

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// ErrNotFound is what an [Error] is (see errors.Is) when every URL answered that
// it does not have the file: with status 404 or 410, or 403 as object stores do.
var ErrNotFound = errors.New("not found")

// Error says why a file could not be had.
type Error struct {
	// Path names the file.
	Path string
	// Tries holds the last outcome of every URL that was asked, in order.
	Tries []Try
}

// Try is what came of asking one URL.
type Try struct {
	URL string // without credentials
	// Err is a *[StatusError], a *[MismatchError], or what the network said.
	Err error
}

// Error names the file and what each URL answered.
func (e *Error) Error() string {
	parts := make([]string, len(e.Tries))
	for i, t := range e.Tries {
		parts[i] = t.URL + ": " + t.Err.Error()
	}
	if len(parts) == 0 {
		parts = []string{"no URL to fetch it from"}
	}
	return "cannot fetch " + e.Path + ": " + strings.Join(parts, "; ")
}

// Is reports true for [ErrNotFound] when no URL has the file.
func (e *Error) Is(target error) bool {
	if target != ErrNotFound || len(e.Tries) == 0 {
		return false
	}
	for _, t := range e.Tries {
		var s *StatusError
		if !errors.As(t.Err, &s) || !s.missing() {
			return false
		}
	}
	return true
}

// Unwrap returns the errors of the tries.
func (e *Error) Unwrap() []error {
	errs := make([]error, len(e.Tries))
	for i, t := range e.Tries {
		errs[i] = t.Err
	}
	return errs
}

// StatusError is an HTTP status other than the one hoped for.
type StatusError struct {
	Code   int
	Status string // as the server wrote it: "404 Not Found"
	// RetryAfter is how long the server asks to be left alone.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string { return "the server answered " + e.Status }

// missing reports whether the status says that the file is not there.
func (e *StatusError) missing() bool { return e.Code == 403 || e.Code == 404 || e.Code == 410 }

// MismatchError is content that is not the one that the metadata names. Upstream
// may have moved on, or a server answers with something else altogether.
type MismatchError struct {
	// Expected is the file as the metadata has it.
	Expected repo.File
	// Size is what was seen, -1 when the body was not read to its end.
	Size int64
	// Digest is what was seen, the zero Digest when the size alone was wrong.
	Digest repo.Digest
	// HTML is true when the content looks like a web page.
	HTML bool
}

func (e *MismatchError) Error() string {
	var text string
	switch {
	case !e.Digest.IsZero():
		text = fmt.Sprintf("wrong content: expected %s, got %s (%d bytes)", e.Expected.Digest, e.Digest, e.Size)
	case e.Size >= 0:
		text = fmt.Sprintf("wrong size: expected %d bytes, the server offers %d", e.Expected.Size, e.Size)
	default:
		text = fmt.Sprintf("wrong size: expected %d bytes, the server sends more", e.Expected.Size)
	}
	if e.HTML {
		text += "; it looks like a web page"
	}
	return text
}

// BudgetError says that more files failed than [Options.IgnoreErrors] allows.
type BudgetError struct {
	Allowed int
	Failed  []Failure
}

// listed is how many failures the text of a BudgetError names.
const listed = 5

// Error lists the first failures.
func (e *BudgetError) Error() string {
	if len(e.Failed) == 1 {
		return e.Failed[0].Err.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d files failed, at most %d may", len(e.Failed), e.Allowed)
	for _, f := range e.Failed[:min(listed, len(e.Failed))] {
		b.WriteString("\n  ")
		b.WriteString(f.Err.Error())
	}
	if more := len(e.Failed) - listed; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

// Unwrap returns the errors of the failed files.
func (e *BudgetError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f.Err
	}
	return errs
}
