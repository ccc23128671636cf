package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// isPostgres reports whether the address is of a PostgreSQL database.
func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// openPostgres connects to the database. The name that errors call it by has no password.
func openPostgres(ctx context.Context, address string) (db *sql.DB, name string, err error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		// The library's words repeat the address.
		return nil, "PostgreSQL", ErrAddress
	}
	name = fmt.Sprintf("PostgreSQL database %q on %s port %d", c.Database, c.Host, c.Port)
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "mirrorkeeper"
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 15 * time.Second
	}
	db = stdlib.OpenDB(*c)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, name, errors.Join(err, db.Close())
	}
	return db, name, nil
}

// explainPostgres says what an error means, where something can be done about it. Codes
// are those of appendix A of PostgreSQL's manual.
func explainPostgres(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "42P07", "42703": // duplicate_table, undefined_column
		return fmt.Errorf("%w: %w", ErrTables, err)
	case "42501": // insufficient_privilege
		return fmt.Errorf("%w: %w", ErrRights, err)
	case "53100": // disk_full
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// postgresRefused reports whether it was the values that the database did not take:
// classes 22 (data exception) and 23 (integrity constraint violation), and 54
// (program limit exceeded).
func postgresRefused(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "22") || strings.HasPrefix(e.Code, "23") || strings.HasPrefix(e.Code, "54"))
}
