package sshconfig

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of what is read for one host.
const (
	maxFile  = 1 << 20 // bytes
	maxFiles = 256
	maxDepth = 16 // of Include, as in OpenSSH
)

// systemDir is where the system's configuration lies.
const systemDir = "/etc/ssh"

// Reader looks hosts up for a user of this machine.
type Reader struct {
	Home string // the user's home directory
	User string // the user's name
}

// Values are the arguments of keywords, whose names are in lower case.
type Values map[string][]string

// First returns the first argument of a keyword, "" where it has none.
func (v Values) First(keyword string) string {
	if args := v[keyword]; len(args) > 0 {
		return args[0]
	}
	return ""
}

// Files are where the configuration of the user and of the system are.
func (r Reader) Files() []string {
	return []string{filepath.Join(r.Home, ".ssh", "config"), systemDir + "/ssh_config"}
}

// Lookup returns what the files say of a host, named as people name it, for logging
// in as a user ("" where nobody has said as whom). Files that are not there are
// passed over.
func (r Reader) Lookup(files []string, host, user string) (Values, error) {
	l := lookup{Reader: r, name: host, host: host, values: Values{}}
	if user != "" {
		l.values["user"] = []string{user}
	}
	if err := l.pass(files); err != nil {
		return nil, err
	}
	if l.wantsFinal {
		// Blocks of "Match final" see the name that was found, and so do Host blocks.
		l.final, l.host = true, l.hostName()
		l.values["hostname"] = []string{l.host}
		if err := l.pass(files); err != nil {
			return nil, err
		}
	}
	return l.values, nil
}

// lookup reads the files for one host.
type lookup struct {
	Reader
	name       string // as it was asked for
	host       string // what Host patterns are compared with
	final      bool   // this is the second pass
	wantsFinal bool
	values     Values
	files      int
}

func (l *lookup) pass(files []string) error {
	for _, file := range files {
		base := filepath.Join(l.Home, ".ssh")
		if filepath.Dir(file) == systemDir {
			base = systemDir
		}
		err := l.read(source{file: file, base: base}, true)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// source is a file that is being read.
type source struct {
	file  string
	base  string // directory that names of included files are relative to
	depth int
	never bool // it is included by a block that is for other hosts
}

func (l *lookup) read(s source, active bool) error {
	if l.files++; l.files > maxFiles || s.depth > maxDepth {
		return fmt.Errorf("%s: too many files include each other (at most %d, %d deep)", s.file, maxFiles, maxDepth)
	}
	data, err := readFile(s.file)
	if err != nil {
		return fmt.Errorf("cannot read the configuration of ssh: %w", err)
	}
	number := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		number++
		keyword, rest := splitKeyword(line)
		if keyword == "" {
			continue
		}
		if err := l.line(s, keyword, rest, &active); err != nil {
			return fmt.Errorf("%s:%d: %w", s.file, number, err)
		}
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is too large (at most %d bytes)", name, maxFile)
	}
	return data, err
}

// line takes up one line. The block that it stands in is active where it is for the
// host.
func (l *lookup) line(s source, keyword, rest string, active *bool) error {
	switch keyword {
	case "host":
		patterns, err := splitArguments(rest)
		if err != nil {
			return err
		}
		*active = !s.never && matchesHost(patterns, l.host)
		return nil
	case "match":
		matches, err := l.match(rest, s.never)
		*active = matches && !s.never
		return err
	case "include":
		return l.include(s, rest, *active)
	}
	if !*active {
		return nil
	}
	args := []string{rest}
	if !wholeLine[keyword] {
		var err error
		if args, err = splitArguments(rest); err != nil {
			return err
		}
	}
	if len(args) > 0 && args[0] != "" {
		l.values.add(keyword, args)
	}
	return nil
}

// wholeLine are the keywords whose argument is the rest of the line as it is.
var wholeLine = map[string]bool{"proxycommand": true, "proxyjump": true, "localcommand": true, "remotecommand": true}

// add notes what a keyword says: the first one counts, but of those that can be
// repeated all. ProxyJump and ProxyCommand keep each other out, but for ProxyJump none.
func (v Values) add(keyword string, args []string) {
	switch keyword {
	case "identityfile", "certificatefile":
		if !slices.Contains(v[keyword], args[0]) {
			v[keyword] = append(v[keyword], args[0])
		}
		return
	case "proxyjump":
		if v["proxycommand"] != nil {
			return
		}
	case "proxycommand":
		if jump := v.First("proxyjump"); jump != "" && jump != "none" {
			return
		}
	}
	if v[keyword] == nil {
		v[keyword] = args
	}
}

func (l *lookup) include(s source, rest string, active bool) error {
	names, err := splitArguments(rest)
	if err != nil {
		return err
	}
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "~/"):
			name = filepath.Join(l.Home, name[2:])
		case !filepath.IsAbs(name):
			name = filepath.Join(s.base, name)
		}
		files, err := filepath.Glob(name)
		if err != nil {
			return fmt.Errorf("include %q: %w", name, err)
		}
		for _, file := range files {
			err := l.read(source{file: file, base: s.base, depth: s.depth + 1, never: s.never || !active}, active)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// hostName is the name of the host to connect to, as far as it is known.
func (l *lookup) hostName() string {
	if l.final {
		return l.host
	}
	if name := l.values.First("hostname"); name != "" {
		if expanded, err := Expand(name, map[byte]string{'h': l.name}); err == nil {
			return expanded
		}
	}
	return l.host
}
