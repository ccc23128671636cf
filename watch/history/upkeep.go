package history

import (
	"context"
	"database/sql"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Looks are summed up by the hour, and then by the day, and what has become old is
// deleted, in slices that are a transaction each: between them there is time to write
// what happens.

// The slices: so many endpoints, or verdicts, at once.
const (
	endpointSlice = 500
	verdictSlice  = 200
)

// pace waits between slices, of which the last one took so long.
type pace func(ctx context.Context, took time.Duration) error

// breather lets upkeep take a fifth of the time at most.
func breather(ctx context.Context, took time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(4 * took):
		return nil
	}
}

// Upkeep sums up and deletes all that it is time for.
func (s *Store) Upkeep(ctx context.Context) error {
	return s.upkeep(ctx, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
}

func (s *Store) upkeep(ctx context.Context, p pace) error {
	u := &upkeep{s: s, pace: p, now: s.settings.Now().UTC()}
	err := s.wrap(u.run(ctx))
	s.waiting.Lock()
	defer s.waiting.Unlock()
	s.health.Upkeep = err
	return err
}

// upkeep is one run of it.
type upkeep struct {
	s    *Store
	pace pace
	now  time.Time
}

func (u *upkeep) run(ctx context.Context) error {
	// What waits belongs to the hours that are summed up.
	if err := u.s.Flush(ctx); err != nil {
		return err
	}
	if err := u.sumHours(ctx); err != nil {
		return err
	}
	if err := u.sumDays(ctx); err != nil {
		return err
	}
	return u.forget(ctx)
}

// slice carries out a part of the work.
func (u *upkeep) slice(ctx context.Context, f func(t *transaction) error) error {
	begin := time.Now()
	u.s.writing.Lock()
	err := u.s.transact(ctx, f)
	u.s.writing.Unlock()
	if err != nil {
		return err
	}
	return u.pace(ctx, time.Since(begin))
}

// ids calls f for ranges of the ids of endpoints or verdicts, each a slice.
func (u *upkeep) ids(ctx context.Context, table string, size int, f func(t *transaction, after, last int64) error) error {
	for after := int64(0); ; {
		var last sql.NullInt64
		if err := u.slice(ctx, func(t *transaction) error {
			if err := t.one(`SELECT MAX(id) FROM (SELECT id FROM `+table+` WHERE vantage = ? AND id > ? ORDER BY id LIMIT ?) AS next`,
				u.s.vantage, after, size).Scan(&last); err != nil || !last.Valid {
				return err
			}
			return f(t, after, last.Int64)
		}); err != nil {
			return err
		}
		if !last.Valid {
			return nil
		}
		after = last.Int64
	}
}

// marks are how far earlier runs came.
func (u *upkeep) marks(ctx context.Context) (m marks, err error) {
	err = u.slice(ctx, func(t *transaction) error {
		m, err = u.s.readMarks(t, u.s.vantage)
		return err
	})
	return m, err
}

// mark writes down how far this run came.
func (u *upkeep) mark(ctx context.Context, column string, at time.Time) error {
	return u.slice(ctx, func(t *transaction) error {
		return t.do(`UPDATE vantages SET `+column+` = ? WHERE id = ?`, at.UnixMilli(), u.s.vantage)
	})
}

// sumHours sums up the looks of hours that have ended, and passes over those without.
func (u *upkeep) sumHours(ctx context.Context) error {
	m, err := u.marks(ctx)
	if err != nil {
		return err
	}
	end := u.now.Add(-lateness).Truncate(time.Hour)
	for hour := m.hoursUntil; hour.Before(end); {
		next := end
		if err := u.slice(ctx, func(t *transaction) error {
			var slot sql.NullInt64
			err := t.one(`SELECT MIN(slot) FROM observations WHERE vantage = ? AND slot >= ?`, u.s.vantage, slotOf(hour)).Scan(&slot)
			if slot.Valid {
				next = earlier(end, time.UnixMilli(slot.Int64*slotSpan.Milliseconds()).UTC().Truncate(time.Hour))
			}
			return err
		}); err != nil {
			return err
		}
		if next.Equal(hour) {
			if err := u.sumHour(ctx, hour, slotOf(hour)); err != nil {
				return err
			}
			next = hour.Add(time.Hour)
		}
		if err := u.mark(ctx, "hours_until", next); err != nil {
			return err
		}
		hour = next
	}
	return nil
}

func (u *upkeep) sumHour(ctx context.Context, hour time.Time, slot int64) error {
	return u.ids(ctx, "endpoints", endpointSlice, func(t *transaction, after, last int64) error {
		return t.do(`INSERT INTO hours (vantage, day, endpoint, at, `+sumColumns+`)
			SELECT vantage, CAST(? AS BIGINT), endpoint, CAST(? AS BIGINT), COUNT(*), SUM(CASE WHEN fault <> '' THEN 1 ELSE 0 END), SUM(CASE WHEN first_byte > 0 THEN 1 ELSE 0 END),
				SUM(first_byte), MAX(first_byte), SUM(took), MAX(took), SUM(CAST(took AS BIGINT) * took), SUM(requests), SUM(bytes)
			FROM observations WHERE vantage = ? AND slot IN (?, ?, ?, ?, ?, ?) AND endpoint > ? AND endpoint <= ?
			GROUP BY vantage, endpoint `+replaceSums("vantage, day, endpoint, at"),
			hour.Truncate(day).UnixMilli(), hour.UnixMilli(), u.s.vantage, slot, slot+1, slot+2, slot+3, slot+4, slot+5, after, last)
	})
}

// replaceSums says that sums take the place of those that a run that broke off left.
func replaceSums(key string) string {
	return `ON CONFLICT (` + key + `) DO UPDATE SET looks = excluded.looks, failed = excluded.failed, timed = excluded.timed,
		first_byte = excluded.first_byte, first_byte_max = excluded.first_byte_max, took = excluded.took, took_max = excluded.took_max,
		took_squares = excluded.took_squares, requests = excluded.requests, bytes = excluded.bytes`
}

// sumDays sums up the hours of days that have ended, and how long states lasted in them.
func (u *upkeep) sumDays(ctx context.Context) error {
	m, err := u.marks(ctx)
	if err != nil {
		return err
	}
	for d := m.daysUntil; !d.Add(day+lateness).After(u.now) && !d.Add(day).After(m.hoursUntil); d = d.Add(day) {
		if err := u.sumDay(ctx, d); err != nil {
			return err
		}
		if err := u.sumStates(ctx, timespan{d, d.Add(day)}); err != nil {
			return err
		}
		if err := u.mark(ctx, "days_until", d.Add(day)); err != nil {
			return err
		}
	}
	return u.packOlder(ctx, m, m.daysUntil)
}

func (u *upkeep) sumDay(ctx context.Context, d time.Time) error {
	return u.ids(ctx, "endpoints", endpointSlice, func(t *transaction, after, last int64) error {
		return t.do(`INSERT INTO days (endpoint, at, `+sumColumns+`)
			SELECT endpoint, day, SUM(looks), SUM(failed), SUM(timed), SUM(first_byte), MAX(first_byte_max),
				SUM(took), MAX(took_max), SUM(took_squares), SUM(requests), SUM(bytes)
			FROM hours WHERE vantage = ? AND day = ? AND endpoint > ? AND endpoint <= ?
			GROUP BY endpoint, day `+replaceSums("endpoint, at"), u.s.vantage, d.UnixMilli(), after, last)
	})
}

// eachLasted reads what states lasted in a time, in slices.
func (u *upkeep) eachLasted(ctx context.Context, in timespan, f func(t *transaction, some []lasting) error) error {
	return u.ids(ctx, "verdicts", verdictSlice, func(t *transaction, after, last int64) error {
		states, err := readStates(t, in, ` WHERE v.vantage = ? AND v.id > ? AND v.id <= ?`, u.s.vantage, after, last)
		if err != nil {
			return err
		}
		absences, err := readAbsences(t, u.s.vantage, in)
		if err != nil {
			return err
		}
		return f(t, within(states, absences, in))
	})
}

// sumStates sums up how long states lasted in a day, of each verdict and of all together.
func (u *upkeep) sumStates(ctx context.Context, in timespan) error {
	type cell struct {
		verdict int64
		state   watch.State
	}
	var all []lasting
	if err := u.eachLasted(ctx, in, func(t *transaction, some []lasting) error {
		all = append(all, some...)
		sums := map[cell]time.Duration{}
		for _, l := range some {
			sums[cell{l.verdict, l.state}] += l.to.Sub(l.from)
		}
		var rows [][]any
		for c, span := range sums {
			rows = append(rows, []any{c.verdict, in.from.UnixMilli(), string(c.state), span.Milliseconds()})
		}
		return t.insert("state_days", "verdict, day, state, span", "ON CONFLICT (verdict, day, state) DO UPDATE SET span = excluded.span", rows)
	}); err != nil {
		return err
	}
	return u.writePack(ctx, in.from, all)
}

// sumSpreads sums up how generations spread that were published before: their holdings
// are about to go.
func (u *upkeep) sumSpreads(ctx context.Context, before time.Time) error {
	for {
		var p *Propagation
		if err := u.slice(ctx, func(t *transaction) error {
			all, err := list(t, func(scan scanner) (found [2]int64, err error) { return found, scan(&found[0], &found[1]) },
				`SELECT root, published FROM generations WHERE vantage = ? AND spread IS NULL AND published < ? LIMIT 1`,
				u.s.vantage, before.UnixMilli())
			if err != nil || len(all) == 0 {
				return err
			}
			root, published := all[0][0], all[0][1]
			p = &Propagation{Published: time.UnixMilli(published)}
			if err := u.s.readPropagation(t, p, root); err != nil {
				return err
			}
			body, err := p.encode()
			if err != nil {
				return err
			}
			return t.do(`UPDATE generations SET spread = ? WHERE vantage = ? AND root = ? AND published = ?`, body, u.s.vantage, root, published)
		}); err != nil || p == nil {
			return err
		}
	}
}
