package plant

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
)

// Target is the place that directories are planted in.
type Target struct {
	// Server has the place, reached by SFTP. Nil: this machine.
	Server *sshdial.Server
	// Path is the directory that the planted ones are below. On a server a relative one
	// begins where the server lets the user in.
	Path string
}

// ParseTarget reads an address: file:///PATH, or sftp://[USER[:PASSWORD]@]HOST[:PORT]/PATH.
// As everywhere in SFTP's addresses, /~/PATH begins at the user's directory.
func ParseTarget(address string) (Target, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return Target{}, errors.New("the address to plant at is malformed") // what is a password in it is anybody's guess
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") && u.Path != "":
		return Target{Path: path.Clean(u.Path)}, nil
	case u.Scheme != "sftp" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return Target{}, fmt.Errorf("%q is no address to plant at (expected sftp://[USER@]HOST[:PORT]/PATH or file:///PATH)", withoutUser(u))
	}
	s := &sshdial.Server{Host: u.Hostname(), User: u.User.Username()}
	s.Password, _ = u.User.Password()
	if u.Port() != "" {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || n == 0 {
			return Target{}, fmt.Errorf("%q names the port %q (expected a number from 1 to 65535)", withoutUser(u), u.Port())
		}
		s.Port = int(n)
	}
	if home, ok := strings.CutPrefix(u.Path+"/", "/~/"); ok {
		return Target{Server: s, Path: path.Clean(home)}, nil
	}
	return Target{Server: s, Path: path.Clean("/" + u.Path)}, nil
}

func withoutUser(u *url.URL) string {
	u.User = nil
	return u.String()
}

// String returns the address of the target without a password.
func (t Target) String() string {
	if t.Server == nil {
		return (&url.URL{Scheme: "file", Path: t.Path}).String()
	}
	u := url.URL{Scheme: "sftp", Host: t.Server.Host, Path: t.Path}
	if strings.Contains(u.Host, ":") {
		u.Host = "[" + u.Host + "]"
	}
	if t.Server.Port != 0 {
		u.Host += ":" + strconv.Itoa(t.Server.Port)
	}
	if t.Server.User != "" {
		u.User = url.User(t.Server.User)
	}
	if !path.IsAbs(t.Path) {
		u.Path = path.Join("/~", t.Path)
	}
	return u.String()
}
