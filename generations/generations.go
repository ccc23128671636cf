// Package generations is what a mirror, or a repository that was created, holds over
// time: it lists the generations that are kept, tells what differs between two of them,
// goes back to one, and gives them to channels.
//
// tree.go shows a generation's files as the file system that they were published as, and
// read.go reads its repositories from there. renew.go makes the publication that shows a
// generation again, in its old place or in another one; rollback.go, promote.go and
// snapshot.go are what that is used for.
package generations

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/store"
)

// Mirror is a mirror, or a repository that was created, with what it takes to show its
// generations.
type Mirror struct {
	Name    string
	Store   *store.Store
	Formats []repo.Format
	// Sign signs what is ours anew; nil where there is no key.
	Sign *signature.Signing
	// ValidFor is how long roots are valid that are ours, 0 for ever.
	ValidFor time.Duration
	// Grace is how long files stay that are no longer shown, Keep which generations are kept.
	Grace time.Duration
	Keep  store.Retention
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Errors that callers tell apart.
var (
	// ErrUnknown says that there is no such mirror or generation.
	ErrUnknown = errors.New("is not kept")
	// ErrForeign says that a root is upstream's, which nobody else can sign anew.
	ErrForeign = errors.New("its root is signed by upstream, and clients would take no notice of it behind a newer one")
	// ErrKey says that clients do not know the key that would sign.
	ErrKey = errors.New("clients know another key than the one that would sign")
)

func (m *Mirror) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}

func (m *Mirror) format(name string) (repo.Format, error) {
	for _, f := range m.Formats {
		if f.Name() == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("there is no format %q", name)
}

// Entry is a generation in a list.
type Entry struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	// Current is set for what is published.
	Current bool `json:"current"`
	// Channels are the names that show it.
	Channels []string `json:"channels"`
	// ContentOf is the generation that it shows again, "" for none.
	ContentOf string `json:"content_of,omitempty"`
	// Snapshot is its own directory below the destination, "" for none.
	Snapshot string `json:"snapshot,omitempty"`
	Pinned   bool   `json:"pinned,omitempty"`
	// Packages and Bytes count the package files of all repositories.
	Packages int        `json:"packages"`
	Bytes    int64      `json:"bytes"`
	Step     store.Step `json:"step"`
}

// List lists the generations that are kept, oldest first.
func (m *Mirror) List() ([]Entry, error) {
	all, err := m.Store.Generations(m.Name)
	if err != nil {
		return nil, err
	}
	current, err := m.Store.Published(m.Name)
	if err != nil {
		return nil, err
	}
	if current == nil {
		return nil, fmt.Errorf("a mirror %s %w", m.Name, ErrUnknown)
	}
	channels, err := m.Store.Channels(m.Name)
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, k := range all {
		e := Entry{
			ID: k.ID, Time: k.Time, Current: k.ID == current.ID, Channels: []string{}, ContentOf: k.ContentOf, Pinned: k.Pinned, Step: k.Step,
		}
		e.Packages, e.Bytes = k.Record.Packages()
		for _, name := range slices.Sorted(maps.Keys(channels)) {
			if channels[name].ContentOf == k.ID {
				e.Channels = append(e.Channels, name)
			}
		}
		if m.Store.HasSnapshot(&k.Record) {
			e.Snapshot = path.Clean(k.SnapshotDir())
		}
		out = append(out, e)
	}
	return out, nil
}

// Find finds a kept generation by what people call it: its ID or the start of it,
// "current", "~1" for the one before that (and so on), the name of a channel, or a time
// ("2026-11-30", "2026-11-30T12:00:00Z") for the newest one that is not later.
func (m *Mirror) Find(name string) (*store.Kept, error) {
	all, err := m.Store.Generations(m.Name)
	if err != nil {
		return nil, err
	}
	current, err := m.Store.Published(m.Name)
	if err != nil {
		return nil, err
	}
	if current == nil || len(all) == 0 {
		return nil, fmt.Errorf("a mirror %s %w", m.Name, ErrUnknown)
	}
	channels, err := m.Store.Channels(m.Name)
	if err != nil {
		return nil, err
	}
	id := name
	if channel := channels[name]; channel != nil {
		id = channel.ContentOf
	}
	byID := func(id string) int { return slices.IndexFunc(all, func(k *store.Kept) bool { return k.ID == id }) }
	if steps, ok := strings.CutPrefix(name, "~"); ok {
		n, err := strconv.Atoi(steps)
		if i := byID(current.ID) - n; err == nil && n >= 0 && i >= 0 {
			return all[i], nil
		}
		return nil, m.unknown(name, all)
	}
	if name == "current" {
		id = current.ID
	}
	if i := byID(id); i >= 0 {
		return all[i], nil
	}
	if k := atTime(name, all); k != nil {
		return k, nil
	}
	var found []*store.Kept
	for _, k := range all {
		if name != "" && strings.HasPrefix(k.ID, name) {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, m.unknown(name, all)
	}
	return nil, fmt.Errorf("%q is the start of %d generations of %s: name one of %s", name, len(found), m.Name, names(found))
}

func (m *Mirror) unknown(name string, all []*store.Kept) error {
	return fmt.Errorf("generation %q of %s %w; there are %s", name, m.Name, ErrUnknown, names(all))
}

func names(all []*store.Kept) string {
	var out []string
	for _, k := range all {
		out = append(out, k.ID)
	}
	return strings.Join(out, ", ")
}

// atTime is the newest generation that is not later than the time, nil where the name is
// none.
func atTime(name string, all []*store.Kept) *store.Kept {
	t, err := time.Parse(time.RFC3339, name)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, name); err != nil {
			return nil
		}
		t = t.Add(24*time.Hour - time.Nanosecond)
	}
	for _, k := range slices.Backward(all) {
		if !k.Time.After(t) {
			return k
		}
	}
	return nil
}
