package history

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// The states of all verdicts in a day that has ended are kept together, too: what is
// asked of all sites is in a few rows then, and not in hundreds of thousands. A pack is the
// number of different states, their names, each behind its length, and then of each time
// that a state lasted the verdict's id less the one before, the number of the state, and
// when it began and how long it lasted, in milliseconds of the day; all numbers are varints.

// pack makes the value of what lasted within a day.
func pack(all []lasting, d time.Time) []byte {
	slices.SortStableFunc(all, func(a, b lasting) int { return cmp.Compare(a.verdict, b.verdict) })
	names := map[watch.State]uint64{}
	for _, x := range all {
		names[x.state] = 0
	}
	body := binary.AppendUvarint(nil, uint64(len(names)))
	for i, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = uint64(i)
		body = append(binary.AppendUvarint(body, uint64(len(name))), name...)
	}
	last := int64(0)
	for _, x := range all {
		for _, n := range []uint64{
			uint64(x.verdict - last), names[x.state], uint64(x.from.Sub(d).Milliseconds()), uint64(x.to.Sub(x.from).Milliseconds()),
		} {
			body = binary.AppendUvarint(body, n)
		}
		last = x.verdict
	}
	return body
}

var errPack = errors.New("the states of a day are damaged")

// unpack calls add for each time in a value: from is when it began in the day, span how
// long it lasted.
func unpack(body []byte, add func(verdict int64, state watch.State, from, span time.Duration)) error {
	whole := true
	number := func() uint64 {
		n, size := binary.Uvarint(body)
		if size <= 0 {
			whole, body = false, nil
			return 0
		}
		body = body[size:]
		return n
	}
	count := number()
	if count > uint64(len(body)) {
		return errPack
	}
	names := make([]watch.State, count)
	for i := range names {
		size := number()
		if size > uint64(len(body)) {
			return errPack
		}
		names[i], body = watch.State(body[:size]), body[size:]
	}
	for verdict := int64(0); len(body) > 0; {
		more, state, from, span := number(), number(), number(), number()
		if !whole || state >= count || from > uint64(day.Milliseconds()) || span > uint64(day.Milliseconds()) {
			return errPack
		}
		verdict += int64(more)
		add(verdict, names[state], time.Duration(from)*time.Millisecond, time.Duration(span)*time.Millisecond)
	}
	if !whole {
		return errPack
	}
	return nil
}

// writePack writes down what lasted within a day.
func (u *upkeep) writePack(ctx context.Context, d time.Time, all []lasting) error {
	return u.slice(ctx, func(t *transaction) error {
		return t.do(`INSERT INTO state_packs (vantage, day, body) VALUES (?, ?, ?) ON CONFLICT (vantage, day) DO UPDATE SET body = excluded.body`,
			u.s.vantage, d.UnixMilli(), pack(all, d))
	})
}

// packOlder packs the days before one that were summed up when nothing was packed yet, back
// to the first day without any state.
func (u *upkeep) packOlder(ctx context.Context, m marks, before time.Time) error {
	for d := before.Add(-day); ; d = d.Add(-day) {
		var there int
		if err := u.slice(ctx, func(t *transaction) error {
			return t.one(`SELECT COUNT(*) FROM state_packs WHERE vantage = ? AND day = ?`, u.s.vantage, d.UnixMilli()).Scan(&there)
		}); err != nil || there > 0 {
			return err
		}
		read := u.lasted
		if d.Before(m.statesFrom) {
			read = u.lastedInAll
		}
		all, err := read(ctx, timespan{d, d.Add(day)})
		if err != nil || len(all) == 0 {
			return err
		}
		if err := u.writePack(ctx, d, all); err != nil {
			return err
		}
	}
}

// lasted is what states lasted within a day.
func (u *upkeep) lasted(ctx context.Context, in timespan) (all []lasting, err error) {
	return all, u.eachLasted(ctx, in, func(_ *transaction, some []lasting) error {
		all = append(all, some...)
		return nil
	})
}

// lastedInAll is how long states lasted in a day of which no more is known any more: one
// after the other.
func (u *upkeep) lastedInAll(ctx context.Context, in timespan) (all []lasting, err error) {
	return all, u.ids(ctx, "verdicts", verdictSlice, func(t *transaction, after, last int64) error {
		return t.each(func(scan scanner) error {
			var x lasting
			var ms int64
			if err := scan(&x.verdict, &x.state, &ms); err != nil {
				return err
			}
			x.from = in.from
			if n := len(all); n > 0 && all[n-1].verdict == x.verdict {
				x.from = all[n-1].to
			}
			x.to = x.from.Add(time.Duration(ms) * time.Millisecond)
			all = append(all, x)
			return nil
		}, `SELECT d.verdict, d.state, d.span FROM verdicts v JOIN state_days d ON d.verdict = v.id AND d.day = ?
			WHERE v.vantage = ? AND v.id > ? AND v.id <= ? ORDER BY d.verdict`, in.from.UnixMilli(), u.s.vantage, after, last)
	})
}

// allSums are how long states of many verdicts lasted, by the verdict's id.
type allSums struct {
	of   map[int64]watch.Key // the verdicts
	most int64               // the largest id
	sums map[watch.State][]time.Duration
	last watch.State // that sum is of
	sum  []time.Duration
}

func newAllSums(of map[int64]watch.Key) *allSums {
	s := &allSums{of: of, sums: map[watch.State][]time.Duration{}}
	for id := range of {
		s.most = max(s.most, id)
	}
	return s
}

func (s *allSums) add(verdict int64, state watch.State, span time.Duration) {
	if verdict < 0 || verdict > s.most {
		return // of another watcher
	}
	if state != s.last || s.sum == nil {
		if s.sums[state] == nil {
			s.sums[state] = make([]time.Duration, s.most+1)
		}
		s.last, s.sum = state, s.sums[state]
	}
	s.sum[verdict] += span
}

// each calls add with the sums of the verdicts.
func (s *allSums) each(add func(verdict int64, state watch.State, span time.Duration)) {
	for state, sum := range s.sums {
		for verdict := range s.of {
			if sum[verdict] > 0 {
				add(verdict, state, sum[verdict])
			}
		}
	}
}

// read adds up what is packed, whole days of days and parts of others, and the states of
// now. It returns what has to be read in other ways: from sums of days, and from states.
func (s *allSums) read(t *transaction, vantage int64, m marks, days timespan, rest, absences []timespan) (fromRows, fromStates []timespan, err error) {
	if fromRows, err = s.packs(t, vantage, days); err != nil {
		return nil, nil, err
	}
	for _, in := range rest {
		missing, err := s.packs(t, vantage, in.within(timespan{in.from, m.daysUntil}))
		if err != nil {
			return nil, nil, err
		}
		fromStates = append(fromStates, missing...)
		if now := in.within(timespan{m.daysUntil, in.to}); !now.empty() {
			if err := s.today(t, now, absences); err != nil {
				return nil, nil, err
			}
		}
	}
	return fromRows, fromStates, nil
}

// packs adds up what is packed of the days within a time, and returns which of it is in
// no pack.
func (s *allSums) packs(t *transaction, vantage int64, in timespan) (missing []timespan, err error) {
	if in.empty() {
		return nil, nil
	}
	next := in.from
	if err := t.each(func(scan scanner) error {
		var at int64
		var body []byte
		if err := scan(&at, &body); err != nil {
			return err
		}
		d := time.UnixMilli(at).UTC()
		if next.Before(d) {
			missing = append(missing, timespan{next, d})
		}
		next = d.Add(day)
		from, to := max(0, in.from.Sub(d)), min(day, in.to.Sub(d))
		if err := unpack(body, func(verdict int64, state watch.State, began, span time.Duration) {
			if part := min(to, began+span) - max(from, began); part > 0 {
				s.add(verdict, state, part)
			}
		}); err != nil {
			return fmt.Errorf("%s: %w", d.Format(time.DateOnly), err)
		}
		return nil
	}, `SELECT day, body FROM state_packs WHERE vantage = ? AND day > ? AND day < ? ORDER BY day`,
		vantage, in.from.Add(-day).UnixMilli(), in.to.UnixMilli()); err != nil {
		return nil, err
	}
	if next.Before(in.to) {
		missing = append(missing, timespan{next, in.to})
	}
	return missing, nil
}

// today adds up states in a time that reaches to days of which nothing is packed yet.
func (s *allSums) today(t *transaction, in timespan, absences []timespan) error {
	var states []lasting
	if err := t.each(func(scan scanner) error {
		l := lasting{timespan: in}
		var since int64
		var until sql.NullInt64
		if err := scan(&l.verdict, &l.state, &since, &until); err != nil {
			return err
		}
		if l.from = time.UnixMilli(since).UTC(); until.Valid {
			l.to = time.UnixMilli(until.Int64).UTC()
		}
		if _, ours := s.of[l.verdict]; ours {
			states = append(states, l)
		}
		return nil
	}, `SELECT verdict, state, since, until FROM states WHERE until > ? AND since < ?
		UNION ALL SELECT verdict, state, since, until FROM states WHERE until IS NULL AND since < ?`,
		in.from.UnixMilli(), in.to.UnixMilli(), in.to.UnixMilli()); err != nil {
		return err
	}
	for _, l := range within(states, absences, in) {
		s.add(l.verdict, l.state, l.to.Sub(l.from))
	}
	return nil
}
