package history_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

const day = 24 * time.Hour

// TestDownSampling looks at a site for ten days, by simulated time, and shows that detail
// goes with age while sums stay.
func TestDownSampling(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now, Keep: history.Retention{Raw: 2 * day, Hours: 4 * day, Days: 8 * day}})
		begin := clock.Now().Truncate(day).Add(day)
		clock.add(begin.Sub(clock.Now()))
		n := 0
		for clock.Now().Before(begin.Add(10 * day)) {
			at := clock.add(30 * time.Minute)
			o, k := looked(at, over4, generation(1))
			o.Took, o.FirstByte, o.Bytes = time.Duration(100+n%7)*time.Millisecond, time.Duration(n%5)*time.Millisecond, int64(n)
			if n%10 == 0 {
				o.Fault = watch.FaultUnreachable
			}
			s.Observed(o, k)
			v := inSync(at)
			if n%2 == 0 {
				v = behind(at, time.Minute)
			}
			s.Judged(with(v, map[string]repo.Digest{root: generation(1)}))
			if n++; n%16 == 0 {
				must(t, s.Upkeep(ctx))
			}
		}
		must(t, s.Upkeep(ctx))
		now := clock.Now()

		// Over all time there are sums of days, of the last eight.
		days, err := s.Samples(ctx, key, nil, begin, now.Add(time.Hour), day)
		must(t, err)
		if len(days) != 9 || !days[0].From.Equal(begin.Add(2*day)) { // the ninth has begun just now
			t.Fatalf("days: %+v", days)
		}
		for i, d := range days[:8] {
			if d.Looks != 48 || d.To.Sub(d.From) != day || d.Requests != 3*48 || d.Took < 100*time.Millisecond || d.TookMax != 106*time.Millisecond || d.TookDeviation <= time.Millisecond || d.FirstByteMax != 4*time.Millisecond {
				t.Errorf("day %d: %+v", i, d)
			}
		}
		// By the hour it is a day where hours are forgotten, and else two looks.
		hours, err := s.Samples(ctx, key, &over4, begin, now, time.Hour)
		must(t, err)
		count := map[time.Duration]int{}
		looks := 0
		for _, h := range hours {
			count[h.To.Sub(h.From)]++
			looks += h.Looks
		}
		if count[day] != 4 || count[time.Hour] < 4*24 || looks != 8*48 {
			t.Errorf("by the hour: %v, %d looks", count, looks)
		}
		// Single looks are of the last two days.
		single, err := s.Samples(ctx, key, nil, begin, now, 0)
		must(t, err)
		count = map[time.Duration]int{}
		for _, h := range single {
			count[h.To.Sub(h.From)]++
		}
		if count[day] != 4 || count[time.Hour] != 2*24 || count[time.Millisecond] != 2*48 {
			t.Errorf("single looks: %v", count)
		}
		raw, err := s.Looks(ctx, key, begin, now, 10_000)
		must(t, err)
		if len(raw) != 2*48 {
			t.Errorf("looks: %d", len(raw))
		}
		if other, err := s.Samples(ctx, key, &over6, begin, now, day); err != nil || len(other) != 0 {
			t.Errorf("of an endpoint that there was not: %v, %v", other, err)
		}

		// Half of the time is in sync, whatever it is told from.
		for _, from := range []time.Time{begin.Add(2 * day), begin.Add(7 * day), now.Add(-day), now.Add(-3*day - time.Hour)} {
			a, err := s.Availability(ctx, history.Selection{}, from, now)
			must(t, err)
			if len(a) != 1 || a[0].InSync() != 0.5 || a[0].Known() != now.Sub(from) {
				t.Errorf("availability since %v: %+v", from, a)
			}
		}
		// Days that an older program summed up are packed by the next upkeep, and told from
		// their rows until then.
		whole, err := s.Availability(ctx, history.Selection{}, begin, now)
		must(t, err)
		for _, part := range []string{"1 = 1", fmt.Sprint("day = ", begin.Add(3*day).Truncate(day).UnixMilli())} {
			must(t, s.Do(ctx, "DELETE FROM state_packs WHERE "+part))
			unpacked, err := s.Availability(ctx, history.Selection{}, begin, now)
			must(t, err)
			diff(t, "not packed", whole, unpacked)
			must(t, s.Upkeep(ctx))
			again, err := s.Availability(ctx, history.Selection{}, begin, now)
			must(t, err)
			diff(t, "packed again", whole, again)
		}
		must(t, s.Do(ctx, "UPDATE state_packs SET body = ?", []byte{1, 200, 'x'}))
		if _, err := s.Availability(ctx, history.Selection{}, begin, now); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("sums that are damaged: %v", err)
		}
		states, err := s.States(ctx, key, begin, now)
		must(t, err)
		if len(states) < 4*48 || len(states) > 5*48 {
			t.Errorf("%d states", len(states))
		}
		byDay, err := s.AvailabilityByDay(ctx, key, begin, now)
		must(t, err)
		if len(byDay) != 8 {
			t.Errorf("by day: %+v", byDay)
		}
		for table, most := range map[string]int{"observations": 2*48 + 1, "hours": 5 * 24, "days": 9, "state_days": 18, "state_packs": 9, "states": 5*48 + 1, "shown": 1, "holdings": 1} {
			var rows int
			must(t, s.One(ctx, &rows, "SELECT COUNT(*) FROM "+table))
			if rows > most || rows == 0 {
				t.Errorf("%s has %d rows, expected at most %d", table, rows, most)
			}
		}
	})
}

// TestSpreadStays shows that it is known how a generation spread when it is not known
// any more who held it.
func TestSpreadStays(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now, Keep: history.Retention{Raw: day, Hours: 3 * day}})
		hold := func(n int) {
			for i := range 10 {
				v := inSync(clock.add(time.Minute))
				v.Site = fmt.Sprintf("https://mirror%d.example.net", i)
				held := repo.Digest{}
				if n > 0 {
					held = generation(n)
				}
				s.Judged(with(v, map[string]repo.Digest{root: held}))
			}
			must(t, s.Flush(ctx))
		}
		hold(0)
		for n := 1; n < 8; n++ {
			s.Published(root, published(n, clock.add(day)))
			hold(n)
		}
		before, err := s.Propagation(ctx, root, generation(1))
		must(t, err)
		must(t, s.Upkeep(ctx))
		var holdings int
		must(t, s.One(ctx, &holdings, "SELECT COUNT(*) FROM holdings"))
		if holdings >= 60 {
			t.Errorf("%d holdings are kept", holdings)
		}
		after, err := s.Propagation(ctx, root, generation(1))
		must(t, err)
		diff(t, "propagation", before, after)
		if after.Sites != 10 || after.Reached != 10 || after.After(0.5) != 5*time.Minute || after.After(0.9) != 9*time.Minute || after.After(1) != 10*time.Minute {
			t.Errorf("propagation: %+v", after)
		}
	})
}

// TestAway shows that a watcher that comes back after weeks sums up what it left.
func TestAway(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		begin := clock.Now()
		settings := history.Settings{Now: clock.Now}
		s := open(t, address, settings)
		for range 10 {
			o, k := looked(clock.add(time.Minute), over4, generation(1))
			s.Observed(o, k)
		}
		s.Judged(inSync(begin))
		must(t, s.Flush(ctx))
		clock.add(30 * day)
		s = open(t, address, settings)
		must(t, s.Upkeep(ctx))
		days, err := s.Samples(ctx, key, nil, begin.Truncate(day), clock.Now(), day)
		must(t, err)
		if len(days) != 1 || days[0].Looks != 10 {
			t.Errorf("days: %+v", days)
		}
		a, err := s.Availability(ctx, history.Selection{}, begin, clock.Now())
		must(t, err)
		if len(a) != 1 || a[0].Known() != 10*time.Minute {
			t.Errorf("availability while the watcher was away: %+v", a)
		}
		if raw, err := s.Looks(ctx, key, begin, clock.Now(), 100); err != nil || len(raw) != 0 {
			t.Errorf("looks: %v, %v", raw, err)
		}
	})
}

// TestWrongClock starts a watcher for the first time while the machine's clock is ten
// years ahead, and shows that what happens afterwards is summed up all the same.
func TestWrongClock(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		settings := history.Settings{Now: clock.Now}
		begin := clock.Now()
		clock.add(3650 * day)
		must(t, open(t, address, settings).Flush(ctx))
		clock.add(-3650 * day)
		s := open(t, address, settings)
		s.Judged(inSync(begin))
		for range 20 {
			o, k := looked(clock.add(day), over4, generation(1))
			s.Observed(o, k)
			must(t, s.Upkeep(ctx))
		}
		days, err := s.Samples(ctx, key, nil, time.Time{}, clock.Now(), day)
		must(t, err)
		if len(days) != 19 {
			t.Errorf("%d days: %+v", len(days), days)
		}
		a, err := s.Availability(ctx, history.Selection{}, time.Time{}, clock.Now())
		must(t, err)
		if len(a) != 1 || a[0].InSync() != 1 || a[0].Known() != 20*day {
			t.Errorf("availability: %+v", a)
		}
		if byDay, err := s.AvailabilityByDay(ctx, key, time.Time{}, clock.Now()); err != nil || len(byDay) != 21 {
			t.Errorf("by day: %d, %v", len(byDay), err)
		}
	})
}
