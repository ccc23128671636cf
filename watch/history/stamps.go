package history

import (
	"context"
	"database/sql"
	"time"
)

// Planted is a timestamp that was planted, or that could not be.
type Planted struct {
	Repository, Directory string
	// To is the place, as in the configuration, without secrets.
	To string
	At time.Time
	// Stamp and Sequence are what was written.
	Stamp    time.Time
	Sequence int64
	// Fault says why it failed, "" where it did not.
	Fault string
}

func (s *Store) writePlanted(t *transaction, all []Planted) error {
	for _, p := range all {
		repository, err := s.memory.id(t, "repositories", p.Repository)
		if err != nil {
			return err
		}
		if err := t.often(`INSERT INTO stamps (vantage, repository, directory, destination, at, stamp, sequence, fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, s.vantage, repository, text(p.Directory, mostKey), text(p.To, mostKey), p.At.UnixMilli(), millis(p.Stamp), p.Sequence,
			text(p.Fault, mostText)); err != nil {
			return err
		}
	}
	return nil
}

const plantedColumns = "r.name, t.directory, t.destination, t.at, t.stamp, t.sequence, t.fault"

func scanPlanted(scan scanner) (p Planted, err error) {
	var at int64
	var stamp sql.NullInt64
	err = scan(&p.Repository, &p.Directory, &p.To, &at, &stamp, &p.Sequence, &p.Fault)
	p.At, p.Stamp = time.UnixMilli(at).UTC(), moment(stamp)
	return p, err
}

// LastPlanted are the timestamps that were planted last at each place and directory: from
// them a watcher that starts knows the sequence numbers.
func (s *Store) LastPlanted(ctx context.Context) ([]Planted, error) {
	return ask(ctx, s, scanPlanted, `SELECT `+plantedColumns+`
		FROM (SELECT repository, directory, destination, MAX(at) AS at FROM stamps WHERE vantage = ? AND fault = ''
			GROUP BY repository, directory, destination) l
		JOIN stamps t ON t.vantage = ? AND t.repository = l.repository AND t.directory = l.directory AND t.destination = l.destination AND t.at = l.at
		JOIN repositories r ON r.id = t.repository ORDER BY r.name, t.directory, t.destination`, s.vantage, s.vantage)
}

// PlantedIn are the timestamps that were planted for a repository during a time, oldest
// first. They are kept for [Retention].Raw, but for the last one.
func (s *Store) PlantedIn(ctx context.Context, repository string, from, to time.Time) ([]Planted, error) {
	return ask(ctx, s, scanPlanted, `SELECT `+plantedColumns+` FROM stamps t JOIN repositories r ON r.id = t.repository
		WHERE t.vantage = ? AND r.name = ? AND t.at >= ? AND t.at < ? ORDER BY t.at, t.directory, t.destination`,
		s.vantage, text(repository, mostKey), from.UnixMilli(), to.UnixMilli())
}
