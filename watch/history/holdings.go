package history

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// holds says which generation of a root a site holds completely, as far as was checked: a
// zero digest for none. It is not told where nothing was seen of what the site holds.
func holds(r watch.RootVerdict) (generation repo.Digest, told bool) {
	switch {
	case r.State == watch.InSync, r.State == watch.Behind && r.Reason != watch.Unrecorded:
		return r.Root, true
	case r.State == watch.Unreachable, r.State == watch.Unknown, r.Reason == watch.EndpointDown:
		return repo.Digest{}, false
	}
	return repo.Digest{}, true
}

// writeHoldings begins another holding where a site holds another generation of a root
// than before, or none.
func (s *Store) writeHoldings(t *transaction, row *verdictRow, v *watch.Verdict) error {
	if len(v.Roots) == 0 || v.Frozen {
		return nil // not told
	}
	at, roots := v.At.UnixMilli(), map[int64]bool{}
	for _, r := range v.Roots {
		root, err := s.memory.id(t, "roots", r.Name)
		if err != nil {
			return err
		}
		roots[root] = true
		digest, told := holds(r)
		if !told {
			continue
		}
		var published int64
		if !digest.IsZero() {
			if published, err = s.lastPublished(t, root, digest); err != nil {
				return err
			}
		}
		if err := s.writeHolding(t, row, root, at, published); err != nil {
			return err
		}
	}
	for root := range row.held {
		if !roots[root] { // the site is not asked for it any more
			if err := s.endHolding(t, row, root, max(at, row.held[root].since)); err != nil {
				return err
			}
			delete(row.held, root)
		}
	}
	return nil
}

func (s *Store) writeHolding(t *transaction, row *verdictRow, root, at, published int64) error {
	before, begun := row.held[root]
	if begun && before.published == published {
		return nil
	}
	since := at
	if begun {
		since = max(at, before.since+1)
		if err := s.endHolding(t, row, root, since); err != nil {
			return err
		}
	}
	var generation any
	if published != 0 {
		generation = published
	}
	row.held[root] = held{since, published}
	return t.often(`INSERT INTO holdings (root, verdict, since, published) VALUES (?, ?, ?, ?)
		ON CONFLICT (root, verdict, since) DO UPDATE SET published = excluded.published, until = NULL`, root, row.id, since, generation)
}

func (s *Store) endHolding(t *transaction, row *verdictRow, root, until int64) error {
	return t.often(`UPDATE holdings SET until = ? WHERE root = ? AND verdict = ? AND since = ?`, until, root, row.id, row.held[root].since)
}

// Holder is a site that holds a generation completely, as far as was checked.
type Holder struct {
	watch.Key
	Generation repo.Digest
	// Since is when it was found to hold it, Unbroken since when without a break one of
	// the generations that were asked for. Times in which it held none completely are
	// no break.
	Since    time.Time
	Unbroken time.Time
	// State is that of the site now: one that is not reachable counts as holding what it
	// held last.
	State watch.State
}

// mostGenerations is how many generations can be asked for at once: SQLite's bound for
// values, and PostgreSQL's, are higher.
const mostGenerations = 10_000

// Holders are the sites that hold one of the generations of a root now, by site. Who asks
// for a file asks for the generations whose manifest has it, the newest of them first
// where they are many, and leaves out those of [Store.BadFiles].
func (s *Store) Holders(ctx context.Context, root string, generations ...repo.Digest) ([]Holder, error) {
	generations = generations[:min(len(generations), mostGenerations)]
	if len(generations) == 0 {
		return nil, nil
	}
	digests := make([]any, len(generations))
	for i, g := range generations {
		digests[i] = g.String()
	}
	return ask(ctx, s, func(scan scanner) (h Holder, err error) {
		var digest string
		var since, unbroken int64
		if err := scan(&h.Site, &h.Repository, &h.State, &digest, &since, &unbroken); err != nil {
			return h, err
		}
		h.Since, h.Unbroken = time.UnixMilli(since).UTC(), time.UnixMilli(unbroken).UTC()
		return h, h.Generation.UnmarshalText([]byte(digest))
	}, `WITH chosen AS (SELECT g.vantage, g.root, g.published, g.digest FROM generations g JOIN roots r ON r.id = g.root
				WHERE g.vantage = ? AND r.name = ? AND g.digest IN (?`+strings.Repeat(", ?", len(digests)-1)+`))
			SELECT s.url, p.name, v.state, c.digest, h.since,
				(SELECT b.since FROM holdings b WHERE b.root = h.root AND b.verdict = h.verdict AND b.published IS NOT NULL
					AND b.since > COALESCE((SELECT o.since FROM holdings o WHERE o.root = h.root AND o.verdict = h.verdict AND o.published IS NOT NULL
						AND o.published NOT IN (SELECT published FROM chosen) ORDER BY o.since DESC LIMIT 1), -1)
					ORDER BY b.since LIMIT 1)
			FROM chosen c JOIN holdings h ON h.root = c.root AND h.published = c.published AND h.until IS NULL
			JOIN verdicts v ON v.id = h.verdict AND v.vantage = c.vantage
			JOIN sites s ON s.id = v.site JOIN repositories p ON p.id = v.repository
			ORDER BY s.url, p.name`, append([]any{s.vantage, text(root, mostKey)}, digests...)...)
}

// Holding is a time in which a site held one generation completely.
type Holding struct {
	Generation repo.Digest // zero for none
	Published  time.Time
	Since      time.Time
	Until      time.Time // zero for now
}

// Holdings are what a site held of a root during a time, oldest first. They are kept for
// [Retention].Hours.
func (s *Store) Holdings(ctx context.Context, key watch.Key, root string, from, to time.Time) ([]Holding, error) {
	return ask(ctx, s, func(scan scanner) (h Holding, err error) {
		var digest sql.NullString
		var published, until sql.NullInt64
		var since int64
		if err := scan(&digest, &published, &since, &until); err != nil {
			return h, err
		}
		h.Published, h.Since, h.Until = moment(published), time.UnixMilli(since).UTC(), moment(until)
		return h, h.Generation.UnmarshalText([]byte(digest.String))
	}, `SELECT g.digest, h.published, h.since, h.until
			FROM verdicts v JOIN sites s ON s.id = v.site JOIN repositories p ON p.id = v.repository
			JOIN holdings h ON h.verdict = v.id JOIN roots r ON r.id = h.root
			LEFT JOIN generations g ON g.vantage = v.vantage AND g.root = h.root AND g.published = h.published
			WHERE v.vantage = ? AND s.url = ? AND p.name = ? AND r.name = ? AND h.since < ? AND (h.until IS NULL OR h.until > ?)
			ORDER BY h.since`, s.vantage, text(key.Site, mostKey), text(key.Repository, mostKey), text(root, mostKey), to.UnixMilli(), from.UnixMilli())
}
