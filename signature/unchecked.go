package signature

import (
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

var _ repo.Verifier = Unchecked{}

// Unchecked believes everything, for sources that are trusted without a
// signature.
type Unchecked struct{}

// Inline returns the content of a clear-signed document without a check, and no
// signers. Its form must be right all the same.
func (Unchecked) Inline(document []byte, _ time.Time) (content []byte, signers []string, err error) {
	d, err := splitClearSigned(document)
	if err != nil {
		return nil, nil, err
	}
	return d.text, nil, nil
}

// Detached accepts anything, and returns no signers.
func (Unchecked) Detached(_, _ []byte, _ time.Time) (signers []string, err error) { return nil, nil }
