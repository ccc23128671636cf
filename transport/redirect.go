package transport

import (
	"errors"
	"fmt"
	"net/http"
)

// ErrRedirect is wrapped by the error for a redirect that is not followed.
var ErrRedirect = errors.New("redirect refused")

const maxRedirects = 10

// checkRedirect is the CheckRedirect of a client.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: more than %d in a row", ErrRedirect, maxRedirects)
	}
	from, to := via[len(via)-1].URL.Scheme, req.URL.Scheme
	switch {
	case to != "http" && to != "https":
		return fmt.Errorf("%w: from %s to a %s URL", ErrRedirect, from, to)
	case from == "https" && to == "http":
		return fmt.Errorf("%w: from https to http on %s", ErrRedirect, req.URL.Host)
	}
	return nil
}
