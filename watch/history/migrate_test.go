package history_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// TestMigrations fills the tables of every version and shows that the present program
// reads what is in them.
func TestMigrations(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "version1.sql"))
	must(t, err)
	backends(t, func(t *testing.T, fresh func() string) {
		for version := 1; version <= history.Versions(); version++ {
			ctx, clock, address := t.Context(), newClock(), fresh()
			old, err := history.MigrateTo(ctx, address, version)
			must(t, err)
			must(t, old.Do(ctx, string(data)))
			must(t, old.Close())

			s := open(t, address, history.Settings{Now: clock.Now})
			ledgers, err := s.Ledgers(ctx, root)
			must(t, err)
			if g := ledgers[0].Generations; len(g) != 2 || g[1].Root != generation(1) || g[1].Files != 11 || !g[1].Complete {
				t.Errorf("ledger: %+v", g)
			}
			verdicts, err := s.Verdicts(ctx, history.Selection{})
			must(t, err)
			if len(verdicts) != 1 || verdicts[0].State != "IN_SYNC" || len(verdicts[0].Endpoints) != 1 {
				t.Errorf("verdicts: %+v", verdicts)
			}
			known, err := s.Known(ctx)
			must(t, err)
			if len(known[key]) != 1 || known[key][0].Roots[0].Digest != generation(1) {
				t.Errorf("known: %+v", known)
			}
			if p, err := s.Propagation(ctx, root, generation(1)); err != nil || p.Sites != 1 || p.Reached != 1 {
				t.Errorf("propagation: %+v, %v", p, err)
			}
			s.Judged(behind(clock.Now(), 0))
			must(t, s.Upkeep(ctx))
			if states, err := s.States(ctx, key, verdicts[0].Since, clock.add(time.Hour)); err != nil || len(states) != 2 {
				t.Errorf("states: %+v, %v", states, err)
			}
		}
	})
}

func TestNewerIsRefused(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, address := t.Context(), fresh()
		s := open(t, address, history.Settings{})
		must(t, s.Do(ctx, `INSERT INTO migrations (version, name, at) VALUES (999, 'later', 0)`))
		if _, err := history.Open(ctx, address, history.Settings{}); !errors.Is(err, history.ErrNewer) || !strings.Contains(err.Error(), "999") {
			t.Errorf("a newer version: %v", err)
		}
		var vantages int
		must(t, s.One(ctx, &vantages, `SELECT COUNT(*) FROM vantages`))
		if vantages != 1 {
			t.Error("it was written to all the same")
		}
	})
}

func TestOthersAreRefused(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, address := t.Context(), fresh()
		s, err := history.MigrateTo(ctx, address, 0)
		must(t, err)
		must(t, s.Do(ctx, `DROP TABLE migrations`))
		must(t, s.Do(ctx, `CREATE TABLE sites (other INTEGER)`))
		must(t, s.Close())
		if _, err := history.Open(ctx, address, history.Settings{}); !errors.Is(err, history.ErrTables) {
			t.Errorf("another program's tables: %v", err)
		}
	})
	file := filepath.Join(t.TempDir(), "notes.txt")
	must(t, os.WriteFile(file, []byte(strings.Repeat("no database\n", 1000)), 0o600))
	if _, err := history.Open(t.Context(), file, history.Settings{}); !errors.Is(err, history.ErrDamaged) {
		t.Errorf("a text: %v", err)
	}
	if _, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "no", "directory"), history.Settings{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	for _, address := range []string{"postgres://user:hunter2@host:port/", "postgres://user:hunter2@127.0.0.1:1/db", "postgresql://user:hunter2@%zz/db"} {
		if _, err := history.Open(t.Context(), address, history.Settings{}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestStartersAtOnce opens an empty database many times at once.
func TestStartersAtOnce(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, address := t.Context(), fresh()
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				s, err := history.Open(ctx, address, history.Settings{Vantage: string(rune('a' + i%2))})
				if err != nil {
					t.Error(err)
					return
				}
				s.Judged(inSync(newClock().Now()))
				if err := errors.Join(s.Flush(ctx), s.Close()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		s := open(t, address, history.Settings{Vantage: "a"})
		if all, err := s.Verdicts(ctx, history.Selection{}); err != nil || len(all) != 1 {
			t.Errorf("verdicts: %v, %v", all, err)
		}
		if all, err := s.Vantages(ctx); err != nil || len(all) != 2 {
			t.Errorf("vantages: %v, %v", all, err)
		}
	})
}
