package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite's write-ahead log lets readers read while one writes. Every transaction is
// synchronous: there is one a second, and what it wrote survives the machine too.
var (
	sqliteAlways = []string{"_busy_timeout=10000", "_pragma=cache_size(-16000)"}
	sqliteWriter = append([]string{
		"_txlock=immediate", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=wal_autocheckpoint(4000)", "_pragma=journal_size_limit(67108864)",
	}, sqliteAlways...)
	sqliteReader = append([]string{"_query_only=1"}, sqliteAlways...)
)

// openSQLite opens the file, or makes it for its owner alone, with one connection that
// writes and a few that read.
func openSQLite(ctx context.Context, file string) (write, read *sql.DB, err error) {
	file, err = filepath.Abs(file)
	if err != nil {
		return nil, nil, err
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Close(); err != nil {
		return nil, nil, err
	}
	if write, err = openSQLitePool(file, sqliteWriter, 1); err != nil {
		return nil, nil, err
	}
	if err := retryBusy(ctx, func() error { return write.PingContext(ctx) }); err != nil {
		return nil, nil, errors.Join(explainSQLite(err), write.Close())
	}
	if read, err = openSQLitePool(file, sqliteReader, 4); err != nil {
		return nil, nil, errors.Join(err, write.Close())
	}
	return write, read, nil
}

func openSQLitePool(file string, options []string, connections int) (*sql.DB, error) {
	name := url.URL{Scheme: "file", Path: file, RawQuery: strings.Join(options, "&")}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// retryBusy tries again while others hold the file: the change to a write-ahead log does
// not wait by itself.
func retryBusy(ctx context.Context, try func() error) error {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := try()
		if code := sqliteCode(err); code != sqlite3.SQLITE_BUSY && code != sqlite3.SQLITE_LOCKED {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff // without what extended codes add
	}
	return sqlite3.SQLITE_OK
}

// explainSQLite says what an error means, where something can be done about it.
func explainSQLite(err error) error {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ErrRights, err)
	}
	return err
}

// sqliteRefused reports whether it was the values that the database did not take.
func sqliteRefused(err error) bool {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE:
		return true
	}
	return false
}
