package history

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration changes the tables from the version before to its own.
type migration struct {
	version int
	name    string
	sql     string
}

// readMigrations reads the files VERSION_NAME.sql, whose versions count from 1.
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, file := range names {
		base := strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".sql")
		number, name, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("%s: its name does not begin with a number", file)
		}
		text, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version, name, string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	for i, m := range all {
		if m.version != i+1 {
			return nil, fmt.Errorf("migration %d is not there", i+1)
		}
	}
	return all, nil
}

// migrate brings the database to the newest version, all or nothing. Of several that
// start at once, one does it, and the others wait.
func migrate(ctx context.Context, db *sql.DB, d *dialect, all []migration, now time.Time) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if d.lock != "" {
		if _, err := tx.ExecContext(ctx, d.lock); err != nil {
			return err
		}
	}
	if d.tables != "" {
		var ours, tables int
		err := tx.QueryRowContext(ctx, d.tables+` AND name = 'migrations'`).Scan(&ours)
		if err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, d.tables).Scan(&tables); err != nil {
			return err
		}
		if ours == 0 && tables > 0 {
			return ErrTables
		}
	}
	if _, err := tx.ExecContext(ctx, d.words.Replace(`CREATE TABLE IF NOT EXISTS migrations
		(version INTEGER PRIMARY KEY, name TEXT NOT NULL, at {big} NOT NULL) {table}`)); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM migrations`).Scan(&version); err != nil {
		return err
	}
	if version > len(all) {
		return fmt.Errorf("%w: its version is %d, and the newest that is known here is %d", ErrNewer, version, len(all))
	}
	for _, m := range all[version:] {
		if _, err := tx.ExecContext(ctx, d.words.Replace(m.sql)); err != nil {
			return fmt.Errorf("migration %d (%s): %w", m.version, m.name, err)
		}
		if _, err := tx.ExecContext(ctx, d.bind(`INSERT INTO migrations (version, name, at) VALUES (?, ?, ?)`), m.version, m.name, now.UnixMilli()); err != nil {
			return err
		}
	}
	return tx.Commit()
}
