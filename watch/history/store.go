package history

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// File is the name of the SQLite file in the state directory.
const File = "history.sqlite"

// Settings of a store. Zero values are the defaults.
type Settings struct {
	// Vantage is the name of the watcher that writes, among those that share a database.
	Vantage string
	// Interval is how long what happened may wait until it is written. Default 1 second.
	Interval time.Duration
	// Waiting is how many looks may wait while the database cannot be written; more push out
	// the oldest. Default 100000.
	Waiting int
	// Keep is how long what is kept.
	Keep Retention
	// Now tells the time. Default [time.Now].
	Now func() time.Time
}

// Store is the history in a database, as one watcher writes and reads it.
type Store struct {
	settings    Settings
	name        string // what errors call the database
	dialect     *dialect
	explain     func(error) error
	write, read *sql.DB

	vantage int64
	// before is when the watcher was known to run last before this store was opened, and
	// opened when that was.
	before, opened time.Time

	// waiting guards pending and health.
	waiting sync.Mutex
	pending batch
	health  Health

	// writing is held by what writes, and guards memory.
	writing sync.Mutex
	memory  *memory // nil for what is to be read from the database
	beat    time.Time
}

// Health tells how writing goes.
type Health struct {
	Waiting int       // looks and verdicts that are to be written
	Dropped int64     // those that were given up, since the start
	Written time.Time // when the last batch was
	Err     error     // why the last one was not, nil if it was
	Upkeep  error     // why the last summing up and forgetting failed, nil if it did not
}

// Open opens the history at address, the name of an SQLite file or "postgres://...", makes
// what is missing and brings old tables to the present form. Nothing runs until
// [Store.Run].
func Open(ctx context.Context, address string, settings Settings) (*Store, error) {
	settings.Interval = cmp.Or(settings.Interval, time.Second)
	settings.Waiting = cmp.Or(settings.Waiting, 100_000)
	settings.Keep = settings.Keep.withDefaults()
	if settings.Now == nil {
		settings.Now = time.Now
	}
	s := &Store{settings: settings, name: "history " + address}
	var err error
	if isPostgres(address) {
		s.dialect, s.explain = &postgresDialect, explainPostgres
		s.write, s.name, err = openPostgres(ctx, address)
		s.read = s.write
	} else {
		s.dialect, s.explain = &sqliteDialect, explainSQLite
		s.write, s.read, err = openSQLite(ctx, address)
	}
	if err != nil {
		return nil, s.wrap(err)
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(s.wrap(err), s.Close())
	}
	return s, nil
}

// start brings the tables to the present form and enters the vantage.
func (s *Store) start(ctx context.Context) error {
	migrations, err := readMigrations(migrationFiles)
	if err != nil {
		return err
	}
	s.opened = s.settings.Now()
	if err := migrate(ctx, s.write, s.dialect, migrations, s.opened); err != nil {
		return err
	}
	return s.transact(ctx, func(t *transaction) error {
		now := s.opened.UnixMilli()
		hour, day := s.opened.Truncate(time.Hour).UnixMilli(), s.opened.Truncate(24*time.Hour).UnixMilli()
		if err := t.do(`INSERT INTO vantages (name, seen, hours_until, days_until, raw_from, hours_from, states_from, days_from)
			VALUES (?, ?, ?, ?, 0, 0, 0, 0) ON CONFLICT (name) DO NOTHING`, text(s.settings.Vantage, mostKey), now, hour, day); err != nil {
			return err
		}
		// A clock that was wrong must not keep from being summed up what happens from now on.
		if err := t.do(`UPDATE vantages SET hours_until = CASE WHEN hours_until > ? THEN ? ELSE hours_until END,
			days_until = CASE WHEN days_until > ? THEN ? ELSE days_until END WHERE name = ?`, hour, hour, day, day, text(s.settings.Vantage, mostKey)); err != nil {
			return err
		}
		var seen int64
		if err := t.one(`SELECT id, seen FROM vantages WHERE name = ?`, text(s.settings.Vantage, mostKey)).Scan(&s.vantage, &seen); err != nil {
			return err
		}
		s.before = time.UnixMilli(seen)
		return nil
	})
}

// Run writes what happened, and sums up and forgets what has become old, until the
// context ends; then it writes what still waits. Errors of the database do not end it: it
// tries again, and [Store.Health] tells. Without Run, [Store.Flush] and [Store.Upkeep] do
// the same once.
func (s *Store) Run(ctx context.Context) error {
	var g errgroup.Group
	g.Go(func() error {
		every(ctx, s.settings.Interval, func() { _ = s.Flush(ctx) }) // health tells
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		return s.flush(last, true)
	})
	g.Go(func() error {
		every(ctx, time.Minute, func() { _ = s.upkeep(ctx, breather) }) // tried again after a minute
		return nil
	})
	return g.Wait()
}

// every calls f each time the interval has passed, until the context ends.
func every(ctx context.Context, interval time.Duration, f func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f()
		}
	}
}

// Health tells how writing goes.
func (s *Store) Health() Health {
	s.waiting.Lock()
	defer s.waiting.Unlock()
	h := s.health
	h.Waiting = s.pending.size()
	return h
}

// Close closes the database. What waits to be written is lost, unless Run has ended or
// Flush was called.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	return err
}

// wrap says in which database an error was, and what it means.
func (s *Store) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s.name, s.explain(err))
}

// transact writes, all of it or nothing.
func (s *Store) transact(ctx context.Context, f func(t *transaction) error) error {
	return s.within(ctx, s.write, nil, f)
}

// look reads, all of it as it was at one moment.
func (s *Store) look(ctx context.Context, f func(t *transaction) error) error {
	return s.wrap(s.within(ctx, s.read, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}, f))
}

// ask reads the rows of one statement.
func ask[T any](ctx context.Context, s *Store, row func(scan scanner) (T, error), statement string, values ...any) (all []T, err error) {
	err = s.look(ctx, func(t *transaction) (err error) {
		all, err = list(t, row, statement, values...)
		return err
	})
	return all, err
}

func (s *Store) within(ctx context.Context, db *sql.DB, options *sql.TxOptions, f func(t *transaction) error) error {
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback() // of no effect once it is committed
	if err := f(&transaction{ctx: ctx, tx: tx, dialect: s.dialect}); err != nil {
		return err
	}
	return tx.Commit()
}
