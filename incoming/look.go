package incoming

import (
	"cmp"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// state tells whether a file is the one that it was.
type state struct {
	size          int64
	modified      int64 // in nanoseconds since 1970
	device, inode uint64
}

func stateOf(info fs.FileInfo) state {
	s := state{size: info.Size(), modified: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.device, s.inode = uint64(st.Dev), st.Ino
	}
	return s
}

// look is the regular files of a directory at some time, by their names.
type look map[string]state

// settled are the files that have not changed since the look before.
func (l look) settled(before look) look {
	out := look{}
	for name, s := range l {
		if old, ok := before[name]; ok && old == s {
			out[name] = s
		}
	}
	return out
}

// look looks at the directory. Hidden files are on their way: tools that transfer files
// call them so until they are complete. Names that cannot be shown are nobody's.
func (d *Door) look() (look, error) {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	out := look{}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.ContainsFunc(e.Name(), unicode.IsControl) || !utf8.ValidString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // it is gone
		}
		out[e.Name()] = stateOf(info)
	}
	return out, nil
}

func sorted(outcomes []Outcome) []Outcome {
	slices.SortStableFunc(outcomes, func(a, b Outcome) int { return cmp.Compare(a.Name, b.Name) })
	return outcomes
}
