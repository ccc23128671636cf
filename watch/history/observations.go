package history

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// slotSpan is the time whose looks lie together in the table.
const slotSpan = 10 * time.Minute

func slotOf(t time.Time) int64 { return t.UnixMilli() / slotSpan.Milliseconds() }

// Look is a look at an endpoint as it is remembered.
type Look struct {
	Endpoint  watch.Endpoint
	At        time.Time
	Took      time.Duration
	FirstByte time.Duration
	Requests  int
	Bytes     int64
	// Fault is that of the endpoint, or else the first one of its roots and timestamps.
	Fault watch.Fault
	// Roots are what it showed.
	Roots []ShownRoot
	// Stamp is the oldest timestamp that it showed.
	Stamp time.Time
}

// ShownRoot is what an endpoint showed as one repository.
type ShownRoot struct {
	Name   string      `json:"name"`
	Digest repo.Digest `json:"digest,omitzero"`
	Fault  watch.Fault `json:"fault,omitempty"`
}

// observe makes of a look what is written of it.
func observe(key endpointKey, o *watch.Observation, k *watch.Known) observation {
	row := observation{
		key: key, at: o.At, took: o.Took, firstByte: o.FirstByte, requests: o.Requests, bytes: o.Bytes, fault: o.Fault,
	}
	blame := func(f watch.Fault) {
		if row.fault == watch.FaultNone {
			row.fault = f
		}
	}
	var roots []ShownRoot
	for _, r := range o.Roots {
		shown := ShownRoot{r.Name, r.Digest, r.Fault}
		if r.NotModified && shown.Digest.IsZero() {
			shown.Digest = knownDigest(k, r.Name)
		}
		blame(r.Fault)
		roots = append(roots, shown)
	}
	for _, st := range o.Stamps {
		blame(st.Fault)
		if !st.Stamp.IsZero() && (row.stamp.IsZero() || st.Stamp.Before(row.stamp)) {
			row.stamp = st.Stamp
		}
	}
	if roots != nil {
		b, _ := json.Marshal(roots) // plain strings
		row.shown = string(b)
	}
	return row
}

func knownDigest(k *watch.Known, root string) repo.Digest {
	for _, r := range k.Roots {
		if r.Name == root {
			return r.Digest
		}
	}
	return repo.Digest{}
}

func (s *Store) writeObservations(t *transaction, all []observation, now time.Time) error {
	rows := make([][]any, 0, len(all))
	for i := range all {
		o := &all[i]
		endpoint, err := s.endpoint(t, o.key)
		if err != nil {
			return err
		}
		var shown any
		if o.shown != "" {
			if shown, err = s.writeShown(t, o.shown, now); err != nil {
				return err
			}
		}
		rows = append(rows, []any{
			s.vantage, slotOf(o.at), endpoint.id, o.at.UnixMilli(), span(o.took), span(o.firstByte), min(o.requests, 1<<31-1), o.bytes,
			text(string(o.fault), mostText), shown, millis(o.stamp),
		})
	}
	return t.insert("observations", "vantage, slot, endpoint, at, took, first_byte, requests, bytes, fault, shown, stamp",
		"ON CONFLICT DO NOTHING", rows)
}

// writeShown gives the number of what was shown, and enters it where it is new.
func (s *Store) writeShown(t *transaction, roots string, now time.Time) (int64, error) {
	if row, ok := s.memory.shown[roots]; ok && !hourly(row.used, now) {
		return row.id, nil
	}
	digest := sha256.Sum256([]byte(roots))
	row := shownRow{used: now.UnixMilli()}
	err := t.oneOften(&row.id, `INSERT INTO shown (vantage, digest, roots, used) VALUES (?, ?, ?, ?)
		ON CONFLICT (vantage, digest) DO UPDATE SET used = excluded.used RETURNING id`, s.vantage, hex.EncodeToString(digest[:]), roots, row.used)
	if len(s.memory.shown) >= mostShown {
		clear(s.memory.shown)
	}
	s.memory.shown[roots] = row
	return row.id, err
}

// Looks are the single looks at a site and watched repository, oldest first, at most so
// many: the last ones. They are kept for [Retention].Raw.
func (s *Store) Looks(ctx context.Context, key watch.Key, from, to time.Time, most int) ([]Look, error) {
	var looks []Look
	err := s.look(ctx, func(t *transaction) error {
		endpoints, err := s.endpointsOf(t, key)
		if err != nil {
			return err
		}
		slots, err := s.slots(t, from, to)
		if err != nil {
			return err
		}
		for _, e := range endpoints {
			if err := t.each(func(scan scanner) error {
				l := Look{Endpoint: e.endpoint}
				var at, took, first int64
				var roots sql.NullString
				var stamp sql.NullInt64
				if err := scan(&at, &took, &first, &l.Requests, &l.Bytes, &l.Fault, &roots, &stamp); err != nil {
					return err
				}
				l.At, l.Took, l.FirstByte = time.UnixMilli(at).UTC(), time.Duration(took)*time.Millisecond, time.Duration(first)*time.Millisecond
				l.Stamp = moment(stamp)
				if roots.Valid {
					if err := json.Unmarshal([]byte(roots.String), &l.Roots); err != nil {
						return err
					}
				}
				looks = append(looks, l)
				return nil
			}, steps+`SELECT o.at, o.took, o.first_byte, o.requests, o.bytes, o.fault, h.roots, o.stamp
				FROM steps CROSS JOIN observations o LEFT JOIN shown h ON h.id = o.shown
				WHERE o.vantage = ? AND o.slot = steps.n AND o.endpoint = ? AND o.at >= ? AND o.at < ?
				ORDER BY o.at DESC LIMIT ?`,
				slots.first, 1, slots.last, s.vantage, e.id, from.UnixMilli(), to.UnixMilli(), most); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortStableFunc(looks, func(a, b Look) int { return a.At.Compare(b.At) })
	return looks[max(0, len(looks)-most):], err
}

// steps counts from a number by so many up to another. Tables that lie together by time
// and then by endpoint are read by it: for one endpoint that is a short look at each time.
const steps = `WITH RECURSIVE steps(n) AS (
	SELECT CAST(? AS BIGINT) UNION ALL SELECT n + CAST(? AS BIGINT) FROM steps WHERE n < CAST(? AS BIGINT)) `

type slotRange struct{ first, last int64 }

// slots are those of a time that there are looks in.
func (s *Store) slots(t *transaction, from, to time.Time) (slotRange, error) {
	var first, last int64
	// Apart, each is one step in the index.
	err := t.one(`SELECT COALESCE((SELECT MIN(slot) FROM observations WHERE vantage = ?), 0), COALESCE((SELECT MAX(slot) FROM observations WHERE vantage = ?), 0)`,
		s.vantage, s.vantage).Scan(&first, &last)
	return slotRange{max(first, slotOf(from)), min(last, slotOf(to))}, err
}

type endpointID struct {
	id       int64
	endpoint watch.Endpoint
}

// endpointsOf are the endpoints that a site has, or had, for a watched repository.
func (s *Store) endpointsOf(t *transaction, key watch.Key) ([]endpointID, error) {
	var all []endpointID
	err := t.each(func(scan scanner) error {
		var e endpointID
		var address string
		if err := scan(&e.id, &e.endpoint.Scheme, &e.endpoint.Family, &address); err != nil {
			return err
		}
		e.endpoint.Addr = parseAddress(address)
		all = append(all, e)
		return nil
	}, `SELECT e.id, e.scheme, e.family, e.address FROM endpoints e
		JOIN sites s ON s.id = e.site JOIN repositories r ON r.id = e.repository
		WHERE e.vantage = ? AND s.url = ? AND r.name = ? ORDER BY e.id`, s.vantage, text(key.Site, mostKey), text(key.Repository, mostKey))
	return all, err
}
