package system

import (
	"fmt"
	"strings"
)

// parseZyppINI reads a file as zypper does: indentation means nothing, and only
// the values of baseurl and gpgkey may be given more than once, or go on over
// lines that are no settings themselves (libzypp's RepoFileReader.cc).
func parseZyppINI(file, text string) (all sections, err error) {
	var in *section
	var open *setting
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			end := strings.LastIndexByte(line, ']')
			if end < 2 {
				return nil, fmt.Errorf("%s:%d: a section has no name, or is not closed by ]", file, number)
			}
			in, open = all.begin(line[1:end], number), nil
			continue
		}
		if in == nil {
			return nil, fmt.Errorf("%s:%d: the line stands before the first section; expected the alias of a repository in brackets", file, number)
		}
		key, value, found := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !found || strings.ContainsAny(key, ":/?|,\\"):
			if open == nil {
				return nil, fmt.Errorf("%s:%d: the line is no setting; expected key = value", file, number)
			}
			open.value += "\n" + line
		case key == "baseurl" || key == "gpgkey":
			if before, found := in.get(key); found {
				value = before.value + "\n" + value
			}
			open = in.set(setting{key: key, value: value, line: number})
		default:
			in.set(setting{key: key, value: value, line: number})
			open = nil
		}
	}
	return all, nil
}
