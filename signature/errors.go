package signature

import (
	"errors"
	"fmt"
	"strings"
)

// Why a signature is not believed, for callers that branch.
var (
	ErrUnsigned     = errors.New("no signature")            // none is there, or none that can be read
	ErrUnsupported  = errors.New("unsupported signature")   // of an old or unknown kind
	ErrUnknownKey   = errors.New("unknown key")             // made by a key that is not pinned
	ErrExpired      = errors.New("expired")                 // the key or the signature is
	ErrRevoked      = errors.New("revoked key")             // by its owner
	ErrUnusableKey  = errors.New("unusable key")            // the key does not vouch for itself, or not for signing
	ErrWeak         = errors.New("weak algorithm")          // of digest or key
	ErrFuture       = errors.New("signature of the future") // a clock is wrong
	ErrBadSignature = errors.New("bad signature")           // it does not belong to the content
)

// Error tells why none of the signatures of a document is believed. It wraps the
// reasons, each of which wraps one of the errors above.
type Error struct {
	Reasons []error // one for each signature, and one for all by unknown keys
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("no good signature: ")
	for i, reason := range e.Reasons {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(reason.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() []error { return e.Reasons }

// refusal is a reason of a kind, in words of its own.
type refusal struct {
	kind error
	text string
}

func refuse(kind error, format string, args ...any) error {
	return &refusal{kind, fmt.Sprintf(format, args...)}
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.kind }
