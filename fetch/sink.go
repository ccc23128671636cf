package fetch

import (
	"io"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Sink is where fetched files go.
type Sink interface {
	// Create begins a file, or takes up what an earlier run has kept of it. It is
	// called before anything is asked of a server, so it should be cheap, and the
	// file should come into being with its first byte only. Files of one digest are
	// created one after another within a fetch, never at once, so that a Sink may
	// name its parts by digest. An error of a Sink or its Partial ends the whole
	// fetch: it is about this machine, not the file.
	Create(f repo.File) (Partial, error)
}

// Partial is a file on its way into a [Sink]. One goroutine at a time uses it.
type Partial interface {
	// Size is the number of bytes held: kept from an earlier run, and written since.
	Size() int64
	// Reader reads the bytes held, so that they can be hashed again.
	Reader() (io.ReadCloser, error)
	// Writer appends.
	io.Writer
	// Reset throws away the bytes and the validator.
	Reset() error
	// Validator is the text that was last set, "" for none; it is kept with the
	// bytes, in this run and for later ones.
	Validator() string
	SetValidator(string) error
	// Commit makes the file visible: it is complete and has its digest.
	Commit() error
	// Close ends the use of the Partial. Without a Commit before it, it keeps the
	// bytes and the validator for a later resume.
	Close() error
}
