package system

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
)

// Credential is one entry of apt_auth.conf(5).
type Credential struct {
	// Machine is what the URLs begin with: "host", "host:port" or "host/path".
	Machine string
	// Scheme is the only one it is for; where it is "", that is https.
	Scheme          string
	Login, Password string
}

// Credential returns the credentials that the machine has for a URL, in the URL
// itself or in its files.
func (s *System) Credential(u *url.URL) (login, password string, ok bool) {
	if u.User != nil {
		password, _ = u.User.Password()
		return u.User.Username(), password, true
	}
	for _, c := range s.Credentials {
		if c.matches(u) && c.Login+c.Password != "" {
			return c.Login, c.Password, true
		}
	}
	return "", "", false
}

// matches reports whether the entry is for the URL.
func (c *Credential) matches(u *url.URL) bool {
	scheme := c.Scheme
	if scheme == "" {
		scheme = "https"
	}
	if u.Scheme != scheme {
		return false
	}
	if strings.Contains(c.Machine, "/") {
		return strings.HasPrefix(u.Host+u.EscapedPath(), c.Machine)
	}
	return c.Machine == u.Host || c.Machine == u.Hostname()
}

// readCredentials reads the files of apt_auth.conf(5). Those that this process
// may not read are left out with a note.
func (s *System) readCredentials() error {
	parts, err := s.files.parts(s.configuration.path("Dir::Etc::netrcparts"), "conf", "")
	if errors.Is(err, fs.ErrPermission) {
		s.note("credentials are left out: %v", err)
		err = nil
	}
	if err != nil {
		return err
	}
	for _, path := range append([]string{s.configuration.path("Dir::Etc::netrc")}, parts...) {
		if path == "" {
			continue
		}
		text, err := s.files.text(path)
		if errors.Is(err, fs.ErrPermission) {
			s.note("credentials are left out: %v", err)
			continue
		}
		if err != nil {
			return err
		}
		s.Credentials = append(s.Credentials, parseCredentials(text)...)
	}
	return nil
}

// parseCredentials reads "machine NAME login USER password SECRET", between any
// blanks and ends of line. Other words are ignored.
func parseCredentials(text string) (all []Credential) {
	words := strings.Fields(text)
	for i := 0; i+1 < len(words); i++ {
		if words[i] == "machine" {
			i++
			c := Credential{Machine: words[i]}
			if scheme, rest, found := strings.Cut(c.Machine, "://"); found {
				c.Scheme, c.Machine = scheme, rest
			}
			all = append(all, c)
			continue
		}
		if len(all) == 0 {
			continue
		}
		switch words[i] {
		case "login":
			i++
			all[len(all)-1].Login = words[i]
		case "password":
			i++
			all[len(all)-1].Password = words[i]
		}
	}
	return all
}
