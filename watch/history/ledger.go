package history

import (
	"context"
	"database/sql"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

func (s *Store) writeGenerations(t *transaction, all []published) error {
	for _, p := range all {
		root, err := s.memory.id(t, "roots", p.root)
		if err != nil {
			return err
		}
		g := &p.generation
		if err := t.often(`INSERT INTO generations (vantage, root, published, digest, dated, valid_until, files, bytes, complete, expired)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (vantage, root, published) DO UPDATE SET digest = excluded.digest, dated = excluded.dated, valid_until = excluded.valid_until,
			files = excluded.files, bytes = excluded.bytes, complete = excluded.complete, expired = excluded.expired`,
			s.vantage, root, g.Published.UnixMilli(), g.Root.String(), millis(g.Date), millis(g.ValidUntil), min(g.Files, 1<<31-1), g.Bytes, toBool(g.Complete), toBool(g.Expired)); err != nil {
			return err
		}
		delete(s.memory.published, root)
	}
	return nil
}

// Ledgers are the generations of the roots, oldest first: what this watcher saw, and
// before it began what the one saw that began first. A root that is not known has an
// empty ledger.
func (s *Store) Ledgers(ctx context.Context, roots ...string) ([]watch.Ledger, error) {
	ledgers := make([]watch.Ledger, len(roots))
	err := s.look(ctx, func(t *transaction) error {
		for i, root := range roots {
			ledgers[i].Name = root
			var begin, earliest sql.NullInt64
			if err := t.one(`SELECT MIN(CASE WHEN g.vantage = ? THEN published END), MIN(published)
				FROM generations g JOIN roots r ON r.id = g.root WHERE r.name = ?`, s.vantage, text(root, mostKey)).Scan(&begin, &earliest); err != nil {
				return err
			}
			if !begin.Valid {
				begin.Int64 = 1<<63 - 1
			}
			var err error
			if ledgers[i].Generations, err = list(t, scanGeneration, `SELECT `+generationColumns+` FROM generations g JOIN roots r ON r.id = g.root
				WHERE r.name = ? AND (g.vantage = ? OR published < ? AND g.vantage =
					(SELECT MIN(f.vantage) FROM generations f WHERE f.root = g.root AND f.published = ?))
				ORDER BY published`, text(root, mostKey), s.vantage, begin.Int64, earliest); err != nil {
				return err
			}
		}
		return nil
	})
	return ledgers, err
}

const generationColumns = "g.digest, g.published, g.dated, g.valid_until, g.files, g.bytes, g.complete, g.expired"

func scanGeneration(scan scanner) (g watch.Generation, err error) {
	var digest string
	var published, dated, until sql.NullInt64
	if err := scan(&digest, &published, &dated, &until, &g.Files, &g.Bytes, &g.Complete, &g.Expired); err != nil {
		return g, err
	}
	g.Published, g.Date, g.ValidUntil = moment(published), moment(dated), moment(until)
	return g, g.Root.UnmarshalText([]byte(digest))
}

// Generations are those of a root that were published in a time, oldest first.
func (s *Store) Generations(ctx context.Context, root string, from, to time.Time) ([]watch.Generation, error) {
	return ask(ctx, s, scanGeneration, `SELECT `+generationColumns+` FROM generations g JOIN roots r ON r.id = g.root
			WHERE g.vantage = ? AND r.name = ? AND published >= ? AND published < ? ORDER BY published`,
		s.vantage, text(root, mostKey), from.UnixMilli(), to.UnixMilli())
}
