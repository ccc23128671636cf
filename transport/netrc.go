package transport

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

const maxNetrc = 1 << 20 // bytes

// ReadNetrc reads credentials in the form of netrc(5): entries of "machine HOST
// login USER password PASSWORD" or "default login ...", and their tokens on any
// number of lines. A machine may have a scheme, a port and a path, see
// [Credential]; a token may stand in double quotes with backslash escapes. Lines
// that begin with # are comments; macros and unknown tokens are passed over.
func ReadNetrc(r io.Reader) ([]Credential, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxNetrc+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxNetrc {
		return nil, fmt.Errorf("more than %d bytes", maxNetrc)
	}
	s := netrcScanner{rest: string(text)}
	var all []Credential
	for s.next() {
		switch s.token {
		case "machine":
			if !s.next() {
				return nil, errors.New("no host after the last machine")
			}
			all = append(all, Credential{Prefix: s.token})
		case "default":
			all = append(all, Credential{Prefix: "*"})
		case "macdef":
			s.skipMacro()
		case "login", "password", "account":
			keyword := s.token
			if !s.next() || len(all) == 0 {
				break
			}
			switch last := &all[len(all)-1]; keyword {
			case "login":
				last.User = s.token
			case "password":
				last.Password = s.token
			}
		}
	}
	return all, nil
}

// ReadAptAuth reads credentials in the form of apt_auth.conf(5): that of netrc,
// where a machine without a scheme stands for https only.
func ReadAptAuth(r io.Reader) ([]Credential, error) {
	all, err := ReadNetrc(r)
	for i := range all {
		if p := all[i].Prefix; p != "*" && !strings.Contains(p, "://") {
			all[i].Prefix = "https://" + p
		}
	}
	return all, err
}

// netrcScanner cuts a netrc file into tokens.
type netrcScanner struct {
	rest, token string
	midLine     bool
}

// next moves to the next token, past comments; it returns false at the end.
func (s *netrcScanner) next() bool {
	for s.rest != "" {
		switch s.rest[0] {
		case '\n':
			s.midLine = false
			s.rest = s.rest[1:]
		case ' ', '\t', '\r':
			s.rest = s.rest[1:]
		case '#':
			if !s.midLine {
				_, s.rest, _ = strings.Cut(s.rest, "\n")
				continue
			}
			s.word()
			return true
		case '"':
			s.quoted()
			return true
		default:
			s.word()
			return true
		}
	}
	return false
}

func (s *netrcScanner) word() {
	s.midLine = true
	end := strings.IndexAny(s.rest, " \t\r\n")
	if end < 0 {
		end = len(s.rest)
	}
	s.token, s.rest = s.rest[:end], s.rest[end:]
}

// quoted reads a token in quotes; one that is not closed ends with the file.
func (s *netrcScanner) quoted() {
	s.midLine = true
	var b strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			s.token, s.rest = b.String(), s.rest[i+1:]
			return
		case c == '\\' && i+1 < len(s.rest):
			i++
			b.WriteByte(s.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	s.token, s.rest = b.String(), ""
}

// skipMacro passes over the body of a macro, which an empty line ends.
func (s *netrcScanner) skipMacro() {
	_, s.rest, _ = strings.Cut(s.rest, "\n\n")
	s.midLine = false
}
