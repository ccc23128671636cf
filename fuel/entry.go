package fuel

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/mirrorkeeper/mirrorkeeper/fuel/nailgun"
)

// Entry is a repository as Fuel's server lists it (repo_setup.repos.value of an
// environment's attributes), or what is to be done with the one of that name.
type Entry struct {
	Type    string `json:"type" yaml:"type"`
	Name    string `json:"name" yaml:"name"`
	URI     string `json:"uri" yaml:"uri"`
	Suite   string `json:"suite,omitempty" yaml:"suite,omitempty"`
	Section string `json:"section,omitempty" yaml:"section,omitempty"` // components with blanks between them
	// Priority is a number or null; in [Merge], null keeps what the server has.
	Priority *int `json:"priority" yaml:"priority"`

	// Main entries are of the operating system itself, and stand first; the first of all is
	// what machines are installed from.
	Main bool `json:"-" yaml:"-"`
	// Delete takes the entry of the name out of the list.
	Delete bool `json:"-" yaml:"-"`
}

// entry is that of a repository that is published below an address.
func (r Repository) entry(base string) Entry {
	e := Entry{
		Type: r.Type, Name: r.Name, URI: strings.TrimRight(base, "/") + "/" + r.Path + "/", Priority: r.Priority, Main: r.Main,
	}
	if r.Type == "deb" {
		e.Suite, e.Section = r.Suite, strings.Join(r.Components, " ")
	}
	return e
}

// String is the entry as people write it down: "deb URI SUITE SECTION", or the URI.
func (e Entry) String() string {
	if e.Type == "deb" {
		return strings.Join([]string{"deb", e.URI, e.Suite, e.Section}, " ")
	}
	return e.URI
}

// Change is what becomes of one entry of a list.
type Change struct {
	Name          string
	Before, After string // "" where there is none
}

func (c Change) String() string {
	switch {
	case c.Before == "":
		return printable(fmt.Sprintf("+ %s: %s", c.Name, c.After))
	case c.After == "":
		return printable(fmt.Sprintf("- %s: %s", c.Name, c.Before))
	}
	return printable(fmt.Sprintf("~ %s: %s -> %s", c.Name, c.Before, c.After))
}

// printable keeps what a server says from steering a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// Merge puts entries into a list of the server. One of a name that is there takes its
// place, with fields that it does not have kept; new ones come at the end, by name; main
// ones come first. With replace nothing else stays of the list. The changes are none where
// the list is to stay as it is.
func Merge(list nailgun.Document, entries []Entry, replace bool) (nailgun.Document, []Change, error) {
	items, err := list.Items()
	if err != nil {
		return nil, nil, fmt.Errorf("the list of repositories is not as expected: %w", err)
	}
	m := merging{entries: entries, done: map[string]bool{}}
	for _, item := range items {
		m.old(item, replace)
	}
	m.add(replace)
	if m.err != nil {
		return nil, nil, m.err
	}
	slices.SortStableFunc(m.out, func(a, b merged) int { return cmp.Compare(b.rank, a.rank) })
	var out []nailgun.Document
	for _, x := range m.out {
		out = append(out, x.item)
	}
	if len(m.changes) == 0 && !slices.EqualFunc(items, out, func(a, b nailgun.Document) bool { return string(a) == string(b) }) {
		m.changes = append(m.changes, Change{m.out[0].name, "in another place", "first"})
	}
	return nailgun.List(out), m.changes, nil
}

// merging is the state of a [Merge].
type merging struct {
	entries []Entry
	done    map[string]bool // names of entries that have their place
	out     []merged
	changes []Change
	err     error
}

type merged struct {
	name string
	item nailgun.Document
	rank int // main ones have 1
}

// old takes an item of the list over, changed where an entry has its name.
func (m *merging) old(item nailgun.Document, replace bool) {
	name := item.Text("name")
	i := slices.IndexFunc(m.entries, func(e Entry) bool { return e.Name == name })
	switch {
	case i < 0 && !replace:
		m.out = append(m.out, merged{name: name, item: item})
	case i < 0 || m.entries[i].Delete || m.done[name]:
		m.changes = append(m.changes, Change{Name: name, Before: described(item)})
	default:
		m.put(m.entries[i], item)
	}
}

// add adds the entries that the list did not have.
func (m *merging) add(replace bool) {
	left := slices.DeleteFunc(slices.Clone(m.entries), func(e Entry) bool { return e.Delete || m.done[e.Name] })
	if !replace {
		slices.SortStableFunc(left, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	}
	for _, e := range left {
		m.put(e, nil)
	}
}

func (m *merging) put(e Entry, old nailgun.Document) {
	if m.done[e.Name] {
		return
	}
	m.done[e.Name] = true
	item, err := e.into(old)
	if err != nil {
		m.err = fmt.Errorf("the entry %s of the list of repositories is not as expected: %w", e.Name, err)
		return
	}
	x := merged{name: e.Name, item: item}
	if e.Main {
		x.rank = 1
	}
	m.out = append(m.out, x)
	if string(old) != string(item) {
		m.changes = append(m.changes, Change{e.Name, described(old), described(item)})
	}
}

func described(item nailgun.Document) string {
	if item == nil {
		return ""
	}
	text := Entry{Type: item.Text("type"), URI: item.Text("uri"), Suite: item.Text("suite"), Section: item.Text("section")}.String()
	if priority, ok := item.Get("priority"); ok && string(priority) != "null" {
		text += " (priority " + string(priority) + ")"
	}
	return text
}

// into writes the entry over one that the server has, or makes one.
func (e Entry) into(old nailgun.Document) (nailgun.Document, error) {
	type field struct {
		name  string
		value any
	}
	fields := []field{{"type", e.Type}, {"name", e.Name}, {"uri", e.URI}}
	if e.Type == "deb" {
		fields = append(fields, field{"suite", e.Suite}, field{"section", e.Section})
	}
	if _, has := old.Get("priority"); e.Priority != nil || !has {
		fields = append(fields, field{"priority", e.Priority})
	}
	if old == nil {
		old = nailgun.Document("{}")
	}
	for _, f := range fields {
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		if now, ok := old.Get(f.name); ok && sameValue(now, value) {
			continue
		}
		if old, err = old.With(value, f.name); err != nil {
			return nil, err
		}
	}
	return old, nil
}

// sameValue compares two values, however they are written.
func sameValue(a, b nailgun.Document) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
