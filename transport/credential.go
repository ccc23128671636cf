package transport

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Credential is a user's name and password for a part of the web (Basic, RFC 7617).
// The first one that matches a URL is used.
type Credential struct {
	// Prefix is "[scheme://]host[:port][/path]"; the parts not written match
	// everything, and a path matches whatever begins with it: end it with a slash
	// to mean a directory. "*" matches every host that is asked by name, but none
	// that a redirect leads to.
	Prefix         string
	User, Password string
}

func (c Credential) check() error {
	if c.Prefix == "*" {
		return nil
	}
	if u, err := c.parse(); err != nil || u.Hostname() == "" {
		return fmt.Errorf("credentials for %q: not of the form [scheme://]host[:port][/path]", Redacted(c.Prefix))
	}
	return nil
}

// parse returns the prefix as a URL, whose scheme may be empty.
func (c Credential) parse() (*url.URL, error) {
	text := c.Prefix
	if !strings.Contains(text, "://") {
		text = "//" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if u.User != nil {
		return nil, errors.New("user name in the prefix")
	}
	return u, nil
}

// matches reports whether the credential is for u; home is false when a redirect
// led there from another host.
func (c Credential) matches(u *url.URL, home bool) bool {
	if c.Prefix == "*" {
		return home
	}
	p, err := c.parse()
	if err != nil {
		return false
	}
	if p.Scheme == "" {
		p.Scheme = u.Scheme
	}
	return p.Scheme == u.Scheme && strings.EqualFold(p.Hostname(), u.Hostname()) &&
		(p.Port() == "" || p.Port() == port(u)) && strings.HasPrefix(u.Path, p.Path)
}
