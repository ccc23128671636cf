package history

import (
	"context"
	"strconv"
	"time"
)

// MigrateTo makes tables of an older version in an empty database.
func MigrateTo(ctx context.Context, address string, version int) (*Store, error) {
	all, err := readMigrations(migrationFiles)
	if err != nil {
		return nil, err
	}
	s := &Store{name: address, settings: Settings{Now: time.Now}}
	if isPostgres(address) {
		s.dialect, s.explain = &postgresDialect, explainPostgres
		s.write, _, err = openPostgres(ctx, address)
		s.read = s.write
	} else {
		s.dialect, s.explain = &sqliteDialect, explainSQLite
		s.write, s.read, err = openSQLite(ctx, address)
	}
	if err != nil {
		return nil, err
	}
	return s, migrate(ctx, s.write, s.dialect, all[:version], time.Now())
}

// Versions is how many versions of the tables there are.
func Versions() int {
	all, err := readMigrations(migrationFiles)
	if err != nil {
		panic(err)
	}
	return len(all)
}

// Do carries out a statement.
func (s *Store) Do(ctx context.Context, statement string, values ...any) error {
	return s.transact(ctx, func(t *transaction) error { return t.do(statement, values...) })
}

// One reads the one value that a statement gives.
func (s *Store) One(ctx context.Context, into any, statement string, values ...any) error {
	return s.look(ctx, func(t *transaction) error { return t.one(statement, values...).Scan(into) })
}

// Pack packs the sums of the days before one.
func (s *Store) Pack(ctx context.Context, before time.Time) error {
	u := &upkeep{s: s, pace: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, now: before}
	m, err := u.marks(ctx)
	if err != nil {
		return err
	}
	return u.packOlder(ctx, m, before)
}

// Limit bounds the pages of an SQLite file.
func (s *Store) Limit(ctx context.Context, pages int) error {
	_, err := s.write.ExecContext(ctx, "PRAGMA max_page_count = "+strconv.Itoa(pages))
	return err
}
