package history

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// Availability is how long a site was in each state during a time. The time in which
// the watcher did not run is in no state.
type Availability struct {
	watch.Key
	From, To time.Time
	Spans    map[watch.State]time.Duration
}

// InSync is the share of the known time in which the site was in sync, from 0 to 1; -1
// where nothing is known.
func (a *Availability) InSync() float64 { return a.share(a.Spans[watch.InSync]) }

// Reachable is the share of the known time in which the site answered; -1 where nothing
// is known.
func (a *Availability) Reachable() float64 {
	return a.share(a.Known() - a.Spans[watch.Unreachable])
}

// Known is the time of which the state is known.
func (a *Availability) Known() time.Duration {
	var all time.Duration
	for state, span := range a.Spans {
		if state != watch.Unknown {
			all += span
		}
	}
	return all
}

func (a *Availability) share(span time.Duration) float64 {
	if known := a.Known(); known > 0 {
		return float64(span) / float64(known)
	}
	return -1
}

// lasting is a state with its verdict and its time.
type lasting struct {
	verdict int64
	state   watch.State
	timespan
}

// within are the parts of states that lasted in a time, without the times in which the
// watcher was absent.
func within(states []lasting, absences []timespan, in timespan) []lasting {
	parts := make([]lasting, 0, len(states))
	for _, l := range states {
		l.timespan = l.within(in)
		for _, absence := range absences { // in order, and apart
			away := absence.within(l.timespan)
			if away.empty() {
				continue
			}
			if before := l; l.from.Before(away.from) {
				before.to = away.from
				parts = append(parts, before)
			}
			l.from = away.to
		}
		if !l.empty() {
			parts = append(parts, l)
		}
	}
	return parts
}

// Availability is how long sites were in each state during a time, by site and watched
// repository, of those that were watched in it. Days whose states are not kept one by
// one any more (see [Retention]) count whole, in UTC.
func (s *Store) Availability(ctx context.Context, selection Selection, from, to time.Time) ([]Availability, error) {
	return s.availability(ctx, selection, timespan{from, to}, false)
}

// AvailabilityByDay is that of one site for each day (UTC) of a time, oldest first, without
// days in which it was not watched.
func (s *Store) AvailabilityByDay(ctx context.Context, key watch.Key, from, to time.Time) ([]Availability, error) {
	return s.availability(ctx, Selection{Site: key.Site, Repository: key.Repository}, timespan{from.Truncate(day), ceilDay(to)}, true)
}

func (s *Store) availability(ctx context.Context, selection Selection, all timespan, daily bool) ([]Availability, error) {
	all = all.within(timespan{time.UnixMilli(0), s.settings.Now()})
	if all.empty() {
		return nil, nil
	}
	keys := map[int64]watch.Key{}
	type place struct {
		verdict int64
		from    time.Time
	}
	found := map[place]*Availability{}
	add := func(verdict int64, in timespan, state watch.State, span time.Duration) {
		p := place{verdict, in.from}
		if found[p] == nil {
			found[p] = &Availability{Key: keys[verdict], From: in.from, To: in.to, Spans: map[watch.State]time.Duration{}}
		}
		found[p].Spans[state] += span
	}
	err := s.look(ctx, func(t *transaction) error {
		vantage, err := s.vantageOf(t, selection)
		if err != nil {
			return err
		}
		if err := readKeys(t, vantage, selection, keys); err != nil {
			return err
		}
		m, err := s.readMarks(t, vantage)
		if err != nil {
			return err
		}
		absences, err := readAbsences(t, vantage, all)
		if err != nil {
			return err
		}
		days, rest := m.shares(all)
		fromRows := []timespan{days}
		if selection.Site == "" && !daily {
			sums := newAllSums(keys)
			if fromRows, rest, err = sums.read(t, vantage, m, days, rest, absences); err != nil {
				return err
			}
			sums.each(func(verdict int64, state watch.State, span time.Duration) { add(verdict, all, state, span) })
		}
		for _, in := range fromRows {
			if err := readStateDays(t, vantage, selection, in, daily, func(verdict int64, d time.Time, state watch.State, span time.Duration) {
				whole := all
				if daily {
					whole = timespan{d, d.Add(day)}
				}
				add(verdict, whole, state, span)
			}); err != nil {
				return err
			}
		}
		where, values := selection.where()
		for _, in := range rest {
			states, err := readStates(t, in, ` WHERE v.vantage = ?`+where, append([]any{vantage}, values...)...)
			if err != nil {
				return err
			}
			parts := []timespan{in}
			if daily {
				parts = byDay(in)
			}
			for _, part := range parts {
				whole := all
				if daily {
					d := part.from.Truncate(day)
					whole = timespan{d, earlier(d.Add(day), all.to)}
				}
				for _, l := range within(states, absences, part) {
					add(l.verdict, whole, l.state, l.to.Sub(l.from))
				}
			}
		}
		return nil
	})
	return slices.SortedFunc(func(yield func(Availability) bool) {
		for _, a := range found {
			if !yield(*a) {
				return
			}
		}
	}, func(a, b Availability) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Repository, b.Repository), a.From.Compare(b.From))
	}), err
}

// byDay cuts a time at the ends of days.
func byDay(t timespan) (days []timespan) {
	for !t.empty() {
		end := earlier(t.from.Truncate(day).Add(day), t.to)
		days = append(days, timespan{t.from, end})
		t.from = end
	}
	return days
}

func readKeys(t *transaction, vantage int64, selection Selection, keys map[int64]watch.Key) error {
	where, values := selection.where()
	return t.each(func(scan scanner) error {
		var id int64
		var k watch.Key
		err := scan(&id, &k.Site, &k.Repository)
		keys[id] = k
		return err
	}, `SELECT v.id, s.url, r.name FROM verdicts v JOIN sites s ON s.id = v.site JOIN repositories r ON r.id = v.repository
		WHERE v.vantage = ?`+where, append([]any{vantage}, values...)...)
}

// readStateDays reads how long states lasted on days, each by itself or all together.
func readStateDays(t *transaction, vantage int64, selection Selection, in timespan, daily bool, add func(verdict int64, d time.Time, state watch.State, span time.Duration)) error {
	if in.empty() {
		return nil
	}
	group := "v.id, d.state"
	if daily {
		group += ", d.day"
	}
	where, values := selection.where()
	return t.each(func(scan scanner) error {
		var verdict, d, ms int64
		var state watch.State
		if err := scan(&verdict, &d, &state, &ms); err != nil {
			return err
		}
		add(verdict, time.UnixMilli(d).UTC(), state, time.Duration(ms)*time.Millisecond)
		return nil
	}, `SELECT v.id, MIN(d.day), d.state, CAST(SUM(d.span) AS BIGINT)
		FROM verdicts v JOIN state_days d ON d.verdict = v.id AND d.day >= ? AND d.day < ?
		WHERE v.vantage = ?`+where+` GROUP BY `+group, append([]any{in.from.UnixMilli(), in.to.UnixMilli(), vantage}, values...)...)
}

// readStates reads the states that lasted in a time, of verdicts v for which what comes
// behind their table holds.
func readStates(t *transaction, in timespan, which string, values ...any) ([]lasting, error) {
	return list(t, func(scan scanner) (l lasting, err error) {
		var since int64
		var until sql.NullInt64
		if err := scan(&l.verdict, &l.state, &since, &until); err != nil {
			return l, err
		}
		l.timespan = timespan{time.UnixMilli(since).UTC(), in.to}
		if until.Valid {
			l.to = time.UnixMilli(until.Int64).UTC()
		}
		return l, nil
	}, `WITH first AS MATERIALIZED (SELECT v.id AS verdict,
			COALESCE((SELECT MAX(p.since) FROM states p WHERE p.verdict = v.id AND p.since <= ?), 0) AS since FROM verdicts v`+which+`)
		SELECT i.verdict, i.state, i.since, i.until FROM first f JOIN states i ON i.verdict = f.verdict AND i.since >= f.since AND i.since < ?`,
		append(append([]any{in.from.UnixMilli()}, values...), in.to.UnixMilli())...)
}

// readAbsences reads when the watcher did not run.
func readAbsences(t *transaction, vantage int64, in timespan) ([]timespan, error) {
	return list(t, func(scan scanner) (timespan, error) {
		var since, until int64
		err := scan(&since, &until)
		return timespan{time.UnixMilli(since).UTC(), time.UnixMilli(until).UTC()}, err
	}, `SELECT since, until FROM absences WHERE vantage = ? AND since < ? AND until > ? ORDER BY since`, vantage, in.to.UnixMilli(), in.from.UnixMilli())
}
