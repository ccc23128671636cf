package system

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// targetReleasePriority is that of packages of APT::Default-Release.
const targetReleasePriority = 990

// neverPriority is what "Pin-Priority: never" stands for: no other pin makes
// such packages candidates.
const neverPriority = math.MinInt16

// readPreferences reads apt's preferences in its order.
func (s *System) readPreferences() error {
	if release := s.configuration.value("APT::Default-Release"); release != "" {
		s.Pins = append(s.Pins, repo.Pin{
			Packages: []string{"*"},
			Kind:     "release",
			Value:    release,
			Priority: targetReleasePriority,
		})
	}
	parts, err := s.files.parts(s.configuration.path("Dir::Etc::preferencesparts"), "pref", "")
	if err != nil {
		return err
	}
	for _, path := range append([]string{s.configuration.path("Dir::Etc::preferences")}, parts...) {
		if path == "" {
			continue
		}
		text, err := s.files.text(path)
		if err != nil {
			return err
		}
		pins, notes, err := parsePreferences(s.files.on(path), text)
		if err != nil {
			return err
		}
		s.Pins = append(s.Pins, pins...)
		s.Notes = append(s.Notes, notes...)
	}
	slices.SortStableFunc(s.Pins, func(a, b repo.Pin) int { return cmp.Compare(rank(a), rank(b)) })
	return nil
}

// rank orders pins: what must never be installed goes before all else.
func rank(p repo.Pin) int {
	if p.Priority == neverPriority {
		return 0
	}
	return 1
}

// parsePreferences reads records of apt_preferences(5). Records whose kind of pin
// is unknown are left out with a note, as apt does.
func parsePreferences(file, text string) (pins []repo.Pin, notes []string, err error) {
	r := control.NewReader(strings.NewReader(text), file)
	r.Comments = true
	for {
		s, err := r.Next()
		if err == io.EOF {
			return pins, notes, nil
		}
		if err != nil {
			return nil, nil, err
		}
		pin, note, err := pinOf(fieldsOf(s))
		switch {
		case err != nil:
			return nil, nil, r.Errorf(s, "%w", err)
		case note != "":
			notes = append(notes, fmt.Sprintf("%s:%d: %s", file, s.Line(), note))
		case pin.Kind != "":
			pins = append(pins, pin)
		}
	}
}

// pinOf reads one record. One without a pin is the zero Pin; one that has no
// effect comes with a note why.
func pinOf(fields map[string]string) (pin repo.Pin, note string, err error) {
	pin.Packages = strings.Fields(fields["package"])
	if len(pin.Packages) == 0 {
		return repo.Pin{}, "", errors.New("the record has no Package")
	}
	text, given := fields["pin"]
	if !given {
		return repo.Pin{}, "", nil
	}
	general := len(pin.Packages) == 1 && pin.Packages[0] == "*"
	kind, value := text, ""
	if i := strings.IndexAny(text, blanks); i >= 0 {
		kind, value = text[:i], strings.Trim(text[i:], blanks)
	}
	switch kind = strings.ToLower(kind); {
	case kind == "version" && general:
		return repo.Pin{}, `a pin by version has no effect on Package "*"`, nil
	case kind == "origin":
		value = unquotedOrigin(value)
	case kind != "version" && kind != "release":
		return repo.Pin{}, fmt.Sprintf("pins of kind %q are unknown; expected release, origin or version", kind), nil
	}
	pin.Kind, pin.Value = kind, value
	pin.Priority, err = parsePriority(fields["pin-priority"], general)
	return pin, "", err
}

// unquotedOrigin is the host of a pin by origin, "" for the machine's own files.
func unquotedOrigin(value string) string {
	if host, quoted := strings.CutPrefix(value, `"`); quoted {
		host, _, _ = strings.Cut(host, `"`)
		return host
	}
	return value
}

// parsePriority reads a number of 16 bits other than 0; what follows it has no
// meaning. Records for all packages may also say "never".
func parsePriority(text string, general bool) (int, error) {
	if text == "never" {
		if !general {
			return 0, errors.New(`"Pin-Priority: never" works with "Package: *" only`)
		}
		return neverPriority, nil
	}
	digits := 0
	for digits < len(text) && (text[digits] >= '0' && text[digits] <= '9' || digits == 0 && (text[0] == '-' || text[0] == '+')) {
		digits++
	}
	n, err := strconv.ParseInt(text[:digits], 10, 16)
	switch {
	case text == "":
		return 0, errors.New("the record has no Pin-Priority")
	case err != nil:
		return 0, fmt.Errorf("Pin-Priority %q is no number between %d and %d", text, math.MinInt16, math.MaxInt16)
	case n == 0:
		return 0, errors.New("Pin-Priority 0 is undefined; expected another number")
	}
	return max(int(n), neverPriority+1), nil
}
