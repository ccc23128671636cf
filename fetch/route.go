package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"syscall"

	"github.com/mirrorkeeper/mirrorkeeper/transport"
)

// outcome is what the end of a try means for the tries after it.
type outcome uint8

const (
	succeeded outcome = iota
	passing           // may be better next time: on to the next base
	refusing          // as passing, and the host gets fewer requests
	wrong             // not the content that was asked for: on to the next URL
	final             // this URL does not have it, and never will
	hopeless          // nothing of this base can be had
	local             // this machine failed
)

// judge classes the error of a try.
func judge(err error) outcome {
	var status *StatusError
	var mismatch *MismatchError
	var store *storeError
	switch {
	case err == nil:
		return succeeded
	case errors.As(err, &store):
		return local
	case errors.As(err, &mismatch):
		return wrong
	case errors.As(err, &status):
		switch c := status.Code; {
		case c == 429 || c == 503:
			return refusing
		case c >= 500 || c == 408 || c == 425 || c < 400:
			return passing
		}
		return final
	case errors.Is(err, transport.ErrRedirect), errors.Is(err, errTooLong), errors.Is(err, errNoURL):
		return final
	case errors.Is(err, syscall.ECONNREFUSED):
		return refusing
	case untrusted(err):
		return hopeless
	}
	return passing
}

// untrusted reports whether the server's certificate is the reason.
func untrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}

// load is what the outcome tells of the host.
func (o outcome) load() load {
	switch o {
	case succeeded, wrong, final:
		return light
	case refusing:
		return overloaded
	}
	return unclear
}

// route is the way of one request over its URLs. They are asked base by base, and
// within a base path by path. When a round over all of them has not brought the
// file, those that may still have it are asked in another round.
type route struct {
	bases, paths []string
	rounds       int       // that ended without the file
	urls         []urlTale // by base, then path; nil before the first failure
}

// urlTale is what came of one URL.
type urlTale struct {
	err     error // of its last try, nil before
	asked   bool  // in this round
	dropped bool  // for good
	wrong   int   // how often its content was wrong
}

// dropAfter is how often a URL may bring wrong content: once may have been an
// accident on the way.
const dropAfter = 2

// next returns the URL to ask next, as an index; ok is false when the round is
// over. Bases that are to be last go after the others.
func (r *route) next(isLast func(base string) bool) (i int, ok bool) {
	behind := -1
	for b, base := range r.bases {
		for p := range r.paths {
			i := b*len(r.paths) + p
			if r.urls != nil && (r.urls[i].asked || r.urls[i].dropped) {
				continue
			}
			if len(r.bases) == 1 || !isLast(base) {
				return i, true
			}
			if behind < 0 {
				behind = i
			}
			break
		}
	}
	return behind, behind >= 0
}

func (r *route) base(i int) string { return r.bases[i/len(r.paths)] }

func (r *route) url(i int) string { return transport.URL(r.base(i), r.paths[i%len(r.paths)]) }

// record takes up that a URL has failed.
func (r *route) record(i int, o outcome, err error) {
	if r.urls == nil {
		r.urls = make([]urlTale, len(r.bases)*len(r.paths))
	}
	one := &r.urls[i]
	one.err, one.asked = err, true
	first := i - i%len(r.paths)
	same := r.urls[first : first+len(r.paths)]
	switch o {
	case wrong:
		one.wrong++
		one.dropped = one.wrong >= dropAfter
	case final:
		one.dropped = true
	case hopeless:
		for j := range same {
			same[j].dropped = true
		}
	case passing, refusing:
		for j := range same {
			same[j].asked = true
		}
	}
}

// failsBase reports whether what came of a recorded URL speaks against its base: it
// did not work, or the last of its paths does not have the file either, which an
// optional one need not have.
func (r *route) failsBase(i int, o outcome, optional bool) bool {
	if o == final && optional {
		return false
	}
	first := i - i%len(r.paths)
	for _, u := range r.urls[first : first+len(r.paths)] {
		if !u.asked && !u.dropped {
			return false
		}
	}
	return true
}

// again begins another round if one is due: retries is how many may follow the
// first. URLs that have been dropped stay out.
func (r *route) again(retries int) bool {
	if r.rounds++; r.rounds > retries {
		return false
	}
	more := false
	for i := range r.urls {
		r.urls[i].asked = false
		more = more || !r.urls[i].dropped
	}
	return more
}

// missing reports whether a URL has said that it does not have the file.
func (r *route) missing() bool {
	for _, u := range r.urls {
		var s *StatusError
		if errors.As(u.err, &s) && s.missing() {
			return true
		}
	}
	return false
}

// wasWrong reports whether the URL has brought wrong content before.
func (r *route) wasWrong(i int) bool { return r.urls != nil && r.urls[i].wrong > 0 }

// err tells what came of all URLs.
func (r *route) err(path string) *Error {
	e := &Error{Path: path}
	for i, u := range r.urls {
		if u.err != nil {
			e.Tries = append(e.Tries, Try{URL: transport.Redacted(r.url(i)), Err: u.err})
		}
	}
	return e
}
