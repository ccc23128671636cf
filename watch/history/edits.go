package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// EditKind is what is done to the list of sites.
type EditKind string

// The kinds of edits.
const (
	Add    EditKind = "add" // or put another in the place of the one with that URL
	Pause  EditKind = "pause"
	Resume EditKind = "resume"
	Remove EditKind = "remove"
)

// Edit is a change of the list of sites while watchers run. All that share the database
// follow it.
type Edit struct {
	Kind EditKind
	// Site is the one to add; of the other kinds it is its URL that counts.
	Site watch.Site
	At   time.Time
	// Author is who did it, for the record.
	Author string
}

// Edit writes an edit down. When it returns, the edit is kept.
func (s *Store) Edit(ctx context.Context, e Edit) error {
	body, err := json.Marshal(e.Site)
	if err != nil {
		return fmt.Errorf("site %s: %w", e.Site.URL, err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.wrap(s.transact(ctx, func(t *transaction) error {
		return t.do(`INSERT INTO site_edits (at, author, site, kind, body) VALUES (?, ?, ?, ?, ?)`,
			e.At.UnixMilli(), text(e.Author, mostText), text(e.Site.URL, mostKey), string(e.Kind), string(body))
	}))
}

// Edits are all edits, in the order in which they were made.
func (s *Store) Edits(ctx context.Context) ([]Edit, error) {
	return ask(ctx, s, func(scan scanner) (e Edit, err error) {
		var at int64
		var body []byte
		if err := scan(&at, &e.Author, &e.Kind, &body); err != nil {
			return e, err
		}
		e.At = time.UnixMilli(at).UTC()
		return e, json.Unmarshal(body, &e.Site)
	}, `SELECT at, author, kind, body FROM site_edits ORDER BY id`)
}
