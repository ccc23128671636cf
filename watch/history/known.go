package history

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// rest is what is known but for what has columns of its own.
func rest(k *watch.Known) watch.Known {
	r := *k
	r.Answered, r.Failures, r.Skew, r.Spent = time.Time{}, 0, 0, 0
	r.Stamps = slices.Clone(k.Stamps)
	for i := range r.Stamps {
		r.Stamps[i].Stamp = clampYear(r.Stamps[i].Stamp) // JSON has no other years
	}
	return r
}

// writeKnown writes of endpoints what is known. It changes with every look in a few plain
// values, which have columns of their own, and else seldom: the rest is written only
// where it changed.
func (s *Store) writeKnown(t *transaction, all map[endpointKey]*watch.Known) error {
	var endpoints, bodies [][]any
	for key, known := range all {
		row, err := s.endpoint(t, key)
		if err != nil {
			return err
		}
		site, repository, err := s.memory.pair(t, key.Key)
		if err != nil {
			return err
		}
		endpoints = append(endpoints, []any{
			row.id, s.vantage, site, repository, key.endpoint.Scheme, key.endpoint.Family, formatAddress(key.endpoint.Addr),
			millis(known.Last), millis(known.Answered), min(known.Failures, 1<<31-1), known.Skew.Milliseconds(), known.Spent,
		})
		body, err := encode(rest(known), word{lastLook, known.Last})
		if err != nil {
			s.drop(1) // a value that cannot be written down must not keep the others back
			continue
		}
		if sum := sha256.Sum256(body); sum != row.body {
			row.body = sum
			bodies = append(bodies, []any{row.id, string(body)})
			if err := s.writeBadFiles(t, row, known); err != nil {
				return err
			}
		}
	}
	if err := t.insert("endpoints", "id, vantage, site, repository, scheme, family, address, last, answered, failures, skew, spent",
		`ON CONFLICT (id) DO UPDATE SET last = excluded.last, answered = excluded.answered, failures = excluded.failures,
		skew = excluded.skew, spent = excluded.spent`,
		endpoints); err != nil {
		return err
	}
	return t.insert("known", "endpoint, body", "ON CONFLICT (endpoint) DO UPDATE SET body = excluded.body", bodies)
}

// Known is what is known of all endpoints: with [Store.Ledgers] and [Store.Verdicts] what
// a watcher goes on from. Moments are kept to the millisecond.
func (s *Store) Known(ctx context.Context) (map[watch.Key][]watch.Known, error) {
	all := map[watch.Key][]watch.Known{}
	err := s.look(ctx, func(t *transaction) error {
		return t.each(func(scan scanner) error {
			var key watch.Key
			var body []byte
			var last, answered sql.NullInt64
			var failures int
			var skew, spent int64
			if err := scan(&key.Site, &key.Repository, &last, &answered, &failures, &skew, &spent, &body); err != nil {
				return err
			}
			var known watch.Known
			if err := decode(body, func(int64) time.Time { return moment(last) }, &known); err != nil {
				return fmt.Errorf("what is known of %s: %w", key.Site, err)
			}
			known.Last, known.Answered = moment(last), moment(answered)
			known.Failures, known.Skew, known.Spent = failures, time.Duration(skew)*time.Millisecond, spent
			all[key] = append(all[key], known)
			return nil
		}, `SELECT s.url, r.name, e.last, e.answered, e.failures, e.skew, e.spent, k.body
			FROM endpoints e JOIN known k ON k.endpoint = e.id
			JOIN sites s ON s.id = e.site JOIN repositories r ON r.id = e.repository
			WHERE e.vantage = ? ORDER BY e.id`, s.vantage)
	})
	return all, err
}
