package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// Propagation is how a generation, or a newer one, spread over the sites that were watched
// when it was published.
type Propagation struct {
	Generation repo.Digest
	Published  time.Time
	// Sites is how many were watched, Reached how many of them hold it completely, or
	// held it, or a newer one.
	Sites, Reached int
	// Curve is how long after the publication which share of the sites had it, in steps of
	// five percent as far as it came.
	Curve []Spread
}

// Spread is a point of a curve.
type Spread struct {
	Share float64       `json:"share"`
	After time.Duration `json:"after"`
}

// After is how long it took until so large a share of the sites had it, -1 for never yet.
func (p *Propagation) After(share float64) time.Duration {
	for _, s := range p.Curve {
		if s.Share >= share-1e-9 {
			return s.After
		}
	}
	return -1
}

// ErrUnknown is a generation that is not in the ledger.
var ErrUnknown = errors.New("the source did not publish this generation while it was watched")

// curve makes the curve of the times that sites took.
func curve(sites int, took []time.Duration) []Spread {
	slices.Sort(took)
	var c []Spread
	for percent := 5; percent <= 100; percent += 5 {
		need := int(math.Ceil(float64(sites*percent) / 100))
		if need == 0 || need > len(took) {
			break
		}
		c = append(c, Spread{float64(percent) / 100, took[need-1]})
	}
	return c
}

// Propagation tells how a generation of a root spread. Of one that was published several
// times, the last time counts.
func (s *Store) Propagation(ctx context.Context, root string, generation repo.Digest) (*Propagation, error) {
	p := &Propagation{Generation: generation}
	return p, s.look(ctx, func(t *transaction) error {
		var id, published int64
		var spread sql.NullString
		switch err := t.one(`SELECT g.root, g.published, g.spread FROM generations g JOIN roots r ON r.id = g.root
			WHERE g.vantage = ? AND r.name = ? AND g.digest = ? ORDER BY g.published DESC LIMIT 1`, s.vantage, text(root, mostKey), generation.String()).
			Scan(&id, &published, &spread); {
		case errors.Is(err, sql.ErrNoRows):
			return fmt.Errorf("%s of %s: %w", generation, root, ErrUnknown)
		case err != nil:
			return err
		}
		p.Published = time.UnixMilli(published).UTC()
		if spread.Valid {
			return p.decode(spread.String)
		}
		return s.readPropagation(t, p, id)
	})
}

// readPropagation reads from holdings how the generation that was published at that time
// spread.
func (s *Store) readPropagation(t *transaction, p *Propagation, root int64) error {
	published := p.Published.UnixMilli()
	var took []time.Duration
	if err := t.each(func(scan scanner) error {
		var reached sql.NullInt64
		if err := scan(&reached); err != nil {
			return err
		}
		p.Sites++
		if reached.Valid {
			took = append(took, time.Duration(reached.Int64-published)*time.Millisecond)
		}
		return nil
	}, `SELECT (SELECT h.since FROM holdings h WHERE h.root = ? AND h.verdict = v.id AND h.since >= ? AND h.published >= ? ORDER BY h.since LIMIT 1)
		FROM verdicts v WHERE v.vantage = ? AND
			(SELECT COALESCE(w.until, ?) FROM holdings w WHERE w.root = ? AND w.verdict = v.id AND w.since <= ? ORDER BY w.since DESC LIMIT 1) > ?`,
		root, published, published, s.vantage, int64(math.MaxInt64), root, published, published); err != nil {
		return err
	}
	p.Reached, p.Curve = len(took), curve(p.Sites, took)
	return nil
}

// spread is what is kept of a propagation when holdings are not any more.
type spread struct {
	Sites   int      `json:"sites"`
	Reached int      `json:"reached"`
	Curve   []Spread `json:"curve,omitempty"`
}

func (p *Propagation) encode() (string, error) {
	b, err := json.Marshal(spread{p.Sites, p.Reached, p.Curve})
	return string(b), err
}

func (p *Propagation) decode(body string) error {
	var s spread
	err := json.Unmarshal([]byte(body), &s)
	p.Sites, p.Reached, p.Curve = s.Sites, s.Reached, s.Curve
	return err
}
