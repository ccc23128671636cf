package fetch

import (
	"context"
	"errors"
)

// Validators tell one state of a resource from another (RFC 9110 section 8.8).
type Validators struct {
	ETag, LastModified string // the header fields as the server wrote them
}

// Response is an answer to [Fetcher.Get].
type Response struct {
	Body []byte
	// NotModified says that the resource still is what the held validators stood
	// for; Body is empty then.
	NotModified bool
	Validators
	// URL is where the answer came from, without credentials.
	URL string
}

// Get reads a small file whole, whatever its digest: a root, a signature, a list.
// The bases are tried in order until one has it. With validators held from an
// earlier answer, the request is conditional. A body of more than limit bytes is
// an error; so is a file that no base has, and [ErrNotFound] then.
func (f *Fetcher) Get(ctx context.Context, bases []string, path string, held Validators, limit int64) (*Response, error) {
	return nil, errors.ErrUnsupported
}
