package history

import (
	"context"
	"database/sql"
	"math/bits"
	"strings"
	"time"
)

// transaction is one in the database, for reading or writing.
type transaction struct {
	ctx      context.Context
	tx       *sql.Tx
	dialect  *dialect
	prepared map[string]*sql.Stmt // for statements that are carried out often
}

// do carries out a statement.
func (t *transaction) do(statement string, values ...any) error {
	_, err := t.tx.ExecContext(t.ctx, t.dialect.bind(statement), values...)
	return err
}

// often carries out a statement that is carried out many times in the transaction.
func (t *transaction) often(statement string, values ...any) error {
	s, err := t.prepare(statement)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(t.ctx, values...)
	return err
}

func (t *transaction) prepare(statement string) (*sql.Stmt, error) {
	if s := t.prepared[statement]; s != nil {
		return s, nil
	}
	s, err := t.tx.PrepareContext(t.ctx, t.dialect.bind(statement)) // closed with the transaction
	if err != nil {
		return nil, err
	}
	if t.prepared == nil {
		t.prepared = map[string]*sql.Stmt{}
	}
	t.prepared[statement] = s
	return s, nil
}

// one reads the one row that a statement gives.
func (t *transaction) one(statement string, values ...any) *sql.Row {
	return t.tx.QueryRowContext(t.ctx, t.dialect.bind(statement), values...)
}

// oneOften is one of a statement that is carried out many times in the transaction.
func (t *transaction) oneOften(into any, statement string, values ...any) error {
	s, err := t.prepare(statement)
	if err != nil {
		return err
	}
	return s.QueryRowContext(t.ctx, values...).Scan(into)
}

// scanner reads the values of a row.
type scanner = func(into ...any) error

// each calls row for every row that a statement gives.
func (t *transaction) each(row func(scan scanner) error, statement string, values ...any) error {
	rows, err := t.tx.QueryContext(t.ctx, t.dialect.bind(statement), values...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list are all rows that a statement gives.
func list[T any](t *transaction, row func(scan scanner) (T, error), statement string, values ...any) ([]T, error) {
	var all []T
	err := t.each(func(scan scanner) error {
		one, err := row(scan)
		all = append(all, one)
		return err
	}, statement, values...)
	return all, err
}

// mostRows is how many rows one statement inserts. Its values have to be fewer than
// 32766 (SQLite's bound), and short statements are understood faster.
const mostRows = 64

// insert writes rows in as few statements as it takes, of few different lengths so that
// the database knows them already. What comes behind the values is in conflict.
func (t *transaction) insert(table, columns, conflict string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(mostRows, 1<<(bits.Len(uint(len(rows)))-1))
		tuple := "(?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
		values := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			values = append(values, r...)
		}
		statement := "INSERT INTO " + table + " (" + columns + ") VALUES " + tuple + strings.Repeat(", "+tuple, n-1) + " " + conflict
		if err := t.often(statement, values...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// millis is a moment as the tables keep it, NULL for the zero time. Moments that no
// calendar has, which servers may send, become the last one that is written in four
// digits.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return clampYear(t).UnixMilli()
}

var lastYear = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func clampYear(t time.Time) time.Time {
	if t.Year() > 9999 || t.Year() < 0 {
		return lastYear
	}
	return t
}

// moment reads what millis wrote.
func moment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// span is a duration in milliseconds that fits into a column of 32 bits.
func span(d time.Duration) int64 {
	return min(max(d.Milliseconds(), 0), 1<<31-1)
}

func toBool(b bool) int {
	if b {
		return 1
	}
	return 0
}

// text makes words of others fit for a column: at most limit bytes of valid UTF-8, and
// no NUL, which PostgreSQL refuses.
func text(s string, limit int) string {
	s = strings.ReplaceAll(s[:min(len(s), limit)], "\x00", "\uFFFD")
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") // without the half of a character
	}
	return s
}

// The bounds of texts: of those in a key, and of others.
const (
	mostKey  = 1024
	mostText = 512
)
