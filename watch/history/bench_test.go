package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// The benchmarks are of 100 sites with 5 repositories; HISTORY_SITES and
// HISTORY_REPOSITORIES say otherwise.
func size() (sites, repositories int) {
	number := func(name string, usual int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return usual
	}
	return number("HISTORY_SITES", 100), number("HISTORY_REPOSITORIES", 5)
}

func benchBackends(b *testing.B, bench func(b *testing.B, address string)) {
	b.Run("SQLite", func(b *testing.B) { bench(b, filepath.Join(b.TempDir(), history.File)) })
	b.Run("PostgreSQL", func(b *testing.B) {
		cluster.start(b)
		bench(b, cluster.schema(b))
	})
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSecond writes what happens in a second where everything is looked at once in
// 90 seconds and nothing changes: of each a look, what is known, and a verdict.
func BenchmarkSecond(b *testing.B) {
	sites, repositories := size()
	pairs := sites * repositories
	benchBackends(b, func(b *testing.B, address string) {
		clock := newClock()
		s := open(b, address, history.Settings{Now: clock.Now})
		for r := range repositories {
			s.Published(fmt.Sprintf("r%d/stable", r), published(1, clock.Now()))
		}
		begin, next := clock.Now(), 0
		second := func() {
			at := clock.add(time.Second)
			for range (pairs + 89) / 90 {
				key := watch.Key{Site: fmt.Sprintf("https://mirror%d.example.net", next%sites), Repository: fmt.Sprintf("r%d", next/sites%repositories)}
				o, k := looked(at, over4, generation(1))
				o.Site, o.Repository = key.Site, key.Repository
				k.Roots[0].Since, k.Spent = begin, int64(next)
				v := inSync(at, over4)
				v.Site, v.Repository, v.Since = key.Site, key.Repository, begin
				s.Observed(o, k)
				s.Judged(with(v, map[string]repo.Digest{key.Repository + "/stable": generation(1)}))
				next = (next + 1) % pairs
			}
			must(b, s.Flush(b.Context()))
		}
		for range 91 { // all are there
			second()
		}
		before := processorTime()
		for b.Loop() {
			second()
		}
		b.ReportMetric(float64((processorTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64((pairs+89)/90), "looks/op")
	})
}

// BenchmarkYear asks a year of history that was summed up: a generation every twelve
// hours, changes of state and holdings of 90 days, hours of a week, looks of three hours.
func BenchmarkYear(b *testing.B) {
	benchBackends(b, func(b *testing.B, address string) {
		ctx, clock := b.Context(), newClock()
		end := clock.Now().Truncate(day).Add(day)
		clock.add(end.Sub(clock.Now()))
		s := open(b, address, history.Settings{Now: clock.Now})
		y := &year{b: b, s: s, end: end}
		y.sites, y.repositories = size()
		begin := time.Now()
		y.make()
		if strings.HasPrefix(address, "postgres") {
			y.do(`ANALYZE`) // as it does by itself after a while
		}
		b.Logf("made in %v", time.Since(begin).Round(time.Second))
		if info, err := os.Stat(address); err == nil {
			b.Logf("%d MB", info.Size()>>20)
		}
		key := watch.Key{Site: y.site(y.sites / 2), Repository: y.repository(y.repositories / 2)}
		root := key.Repository + "/stable"
		ask := func(name string, f func() (int, error)) {
			b.Run(name, func(b *testing.B) {
				n, before := 0, processorTime()
				for b.Loop() {
					var err error
					if n, err = f(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n), "rows")
				b.ReportMetric(float64((processorTime()-before).Microseconds())/1000/float64(b.N), "cpu-ms/op") // of this process
			})
		}
		of := func(n int, err error) (int, error) { return n, err }
		ask("verdicts of all, brief", func() (int, error) {
			all, err := s.Verdicts(ctx, history.Selection{Brief: true})
			return of(len(all), err)
		})
		ask("verdicts of all", func() (int, error) { all, err := s.Verdicts(ctx, history.Selection{}); return of(len(all), err) })
		ask("verdicts of a site", func() (int, error) {
			all, err := s.Verdicts(ctx, history.Selection{Site: key.Site})
			return of(len(all), err)
		})
		ask("known of all", func() (int, error) { all, err := s.Known(ctx); return of(len(all), err) })
		for _, q := range []struct {
			name       string
			span, step time.Duration
		}{{"looks of 3 hours", 3 * time.Hour, 0}, {"hours of 7 days", 7 * day, time.Hour}, {"days of a year", 365 * day, day}} {
			ask("samples, "+q.name, func() (int, error) {
				all, err := s.Samples(ctx, key, nil, end.Add(-q.span), end, q.step)
				return of(len(all), err)
			})
		}
		ask("states of 90 days", func() (int, error) {
			all, err := s.States(ctx, key, end.Add(-90*day), end)
			return of(len(all), err)
		})
		for _, q := range []struct {
			name string
			of   history.Selection
			span time.Duration
		}{
			{"one, a year", history.Selection{Site: key.Site, Repository: key.Repository}, 365 * day},
			{"a repository, 30 days", history.Selection{Repository: key.Repository}, 30 * day},
			{"all, 30 days", history.Selection{}, 30 * day},
		} {
			ask("availability, "+q.name, func() (int, error) {
				all, err := s.Availability(ctx, q.of, end.Add(-q.span-day/2), end.Add(-day/2)) // parts of two days
				return of(len(all), err)
			})
		}
		ask("availability by day, a year", func() (int, error) {
			all, err := s.AvailabilityByDay(ctx, key, end.Add(-365*day), end)
			return of(len(all), err)
		})
		newest := make([]repo.Digest, 100)
		for i := range newest {
			newest[i] = generation(y.generations() - 1 - i)
		}
		ask("holders of a generation", func() (int, error) {
			all, err := s.Holders(ctx, root, newest[0])
			return of(len(all), err)
		})
		ask("holders of 100 generations", func() (int, error) {
			all, err := s.Holders(ctx, root, newest...)
			return of(len(all), err)
		})
		ask("bad files of a path", func() (int, error) {
			all, err := s.BadFiles(ctx, root, "pool/bad.deb")
			return of(len(all), err)
		})
		ask("propagation", func() (int, error) {
			p, err := s.Propagation(ctx, root, newest[50])
			if err != nil {
				return 0, err
			}
			return of(p.Reached, nil)
		})
		ask("generations of a year", func() (int, error) {
			all, err := s.Generations(ctx, root, end.Add(-365*day), end)
			return of(len(all), err)
		})
	})
}

// year makes history by SQL.
type year struct {
	b                   *testing.B
	s                   *history.Store
	end                 time.Time
	sites, repositories int
}

func (y *year) site(i int) string       { return fmt.Sprintf("https://mirror%d.example.net", i) }
func (y *year) repository(i int) string { return fmt.Sprintf("r%d", i) }
func (y *year) generations() int        { return 2 * 365 }

func (y *year) do(statement string, values ...any) {
	y.b.Helper()
	must(y.b, y.s.Do(y.b.Context(), statement, values...))
}

func (y *year) make() {
	first := y.end.Add(-365 * day)
	for r := range y.repositories {
		for g := range y.generations() {
			y.s.Published(y.repository(r)+"/stable", published(g, first.Add(time.Duration(g)*12*time.Hour)))
		}
	}
	for i := range y.sites {
		for r := range y.repositories {
			o, k := looked(y.end.Add(-time.Minute), over4, generation(0))
			o.Site, o.Repository = y.site(i), y.repository(r)
			k.Roots[0].Name = y.repository(r) + "/stable"
			if i%50 == 0 {
				k.Roots[0].Checks[0].Bad = []watch.FileSeen{{Path: "pool/bad.deb", Fault: watch.FaultMissing, At: y.end}}
			}
			v := inSync(first, over4)
			v.Site, v.Repository = o.Site, o.Repository
			y.s.Observed(o, k)
			y.s.Judged(with(v, map[string]repo.Digest{k.Roots[0].Name: {}}))
		}
		must(y.b, y.s.Flush(y.b.Context()))
	}
	for _, table := range []string{"states", "holdings", "observations"} {
		y.do(`DELETE FROM ` + table)
	}
	y.do(`UPDATE vantages SET hours_until = ?, days_until = ?, raw_from = ?, hours_from = ?, states_from = ?`,
		y.end.Add(-time.Hour).UnixMilli(), y.end.UnixMilli(), y.end.Add(-3*time.Hour).UnixMilli(), y.end.Add(-7*day).UnixMilli(), y.end.Add(-90*day).UnixMilli())
	count := func(n int) string {
		return fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < %d) `, n-1)
	}
	const dayMillis, half = 86_400_000, 43_200_000
	from := func(days int) int64 { return y.end.Add(-time.Duration(days) * day).UnixMilli() }
	pairs := y.sites * y.repositories
	for after := 0; after < pairs; after += 1000 { // tables by endpoint or verdict
		y.do(count(365)+`INSERT INTO days SELECT e.id, ? + i * ?, 960, (e.id + i) % 40, 920, 960 * (20 + e.id % 100), 900, 960 * 300, 9000, 960 * 90000, 2880, 4000000
			FROM endpoints e CROSS JOIN n WHERE e.id > ? AND e.id <= ? ORDER BY e.id, i`, from(365), dayMillis, after, after+1000)
		for _, state := range []string{"BEHIND", "IN_SYNC"} {
			y.do(count(365)+`INSERT INTO state_days SELECT v.id, ? + i * ?, '`+state+`', ? FROM verdicts v CROSS JOIN n WHERE v.id > ? AND v.id <= ? ORDER BY v.id, i`,
				from(365), dayMillis, half, after, after+1000)
		}
		// Two generations a day, each time first behind and then in sync.
		y.do(count(360)+`INSERT INTO states SELECT v.id, ? + i * 21600000 + v.id % 3600, CASE WHEN i < 359 THEN ? + (i + 1) * 21600000 + v.id % 3600 END,
			CASE WHEN i % 2 = 0 THEN 'BEHIND' ELSE 'IN_SYNC' END, '', 0, 'sha256:0000000000000000000000000000000000000000000000000000000000000000',
			CASE WHEN i % 2 = 0 THEN '[{"endpoint":{"scheme":"https","family":4},"root":"debian/bookworm","level":"root","at":"2026-03-04T05:06:07Z","text":"It serves the generation before."}]' ELSE '' END
			FROM verdicts v CROSS JOIN n WHERE v.id > ? AND v.id <= ? ORDER BY v.id, i`, from(90), from(90), after, after+1000)
	}
	must(y.b, y.s.Pack(y.b.Context(), y.end))
	for r := range y.repositories {
		y.do(count(180)+`INSERT INTO holdings SELECT t.id, v.id, ? + i * ? + (v.id * 7919) % 21600000, CASE WHEN i < 179 THEN ? + (i + 1) * ? + (v.id * 7919) % 21600000 END, ? + i * ?
			FROM verdicts v JOIN repositories p ON p.id = v.repository JOIN roots t ON t.name = p.name || '/stable' CROSS JOIN n WHERE p.name = ? ORDER BY v.id, i`,
			from(90), half, from(90), half, from(90), half, y.repository(r))
	}
	for d := 7; d > 0; d-- { // tables by time
		y.do(count(24)+`INSERT INTO hours SELECT 1, ?, e.id, ? + i * 3600000, 40, (e.id + i) % 2, 39, 40 * (20 + e.id % 100), 900, 40 * 300, 9000, 40 * 90000, 120, 160000
			FROM endpoints e CROSS JOIN n ORDER BY e.id, i`, from(d), from(d))
	}
	for slot := range 18 {
		at := y.end.Add(-3*time.Hour + time.Duration(slot)*10*time.Minute).UnixMilli()
		y.do(count(7)+`INSERT INTO observations SELECT 1, ?, e.id, ? + i * 85000 + e.id % 1000, 300 + e.id % 200, 20 + e.id % 100, 3, 4096 + e.id, '', 1, NULL
			FROM endpoints e CROSS JOIN n ORDER BY e.id, i`, at/600_000, at)
	}
}
