package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// column is one column of a table of rows of type T.
type column[T any] struct {
	name  string
	value func(T) string
}

// table prints rows in the columns that the user chose.
type table[T any] struct {
	columns   []column[T]
	chosen    []string
	sortBy    []string
	separator string
}

// flags adds the choice of columns to a command; the given ones are shown by default.
func (t *table[T]) flags(c *cobra.Command, shown ...string) {
	c.Flags().StringArrayVar(&t.chosen, "column", shown, "`name` of a column to print; can be repeated")
	c.Flags().StringArrayVar(&t.sortBy, "sort", nil, "`name` of a column to sort by; can be repeated (default: upstream's order)")
	c.Flags().StringVar(&t.separator, "sep", "", "print columns separated by this `text`, and no heading")
}

func (t *table[T]) names() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

func (t *table[T]) pick(names []string) (out []column[T], err error) {
	for _, name := range names {
		i := slices.IndexFunc(t.columns, func(c column[T]) bool { return c.name == name })
		if i < 0 {
			return nil, usage("there is no column %q; the columns are %s", name, t.names())
		}
		out = append(out, t.columns[i])
	}
	return out, nil
}

// check refuses unknown columns before any work is done.
func (t *table[T]) check() error {
	_, err := t.pick(slices.Concat(t.chosen, t.sortBy))
	return err
}

// print prints the rows, sorted as the user asked for.
func (t *table[T]) print(w io.Writer, rows []T) error {
	shown, err := t.pick(t.chosen)
	if err != nil {
		return err
	}
	by, err := t.pick(t.sortBy)
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b T) int {
		for _, c := range by {
			if n := strings.Compare(c.value(a), c.value(b)); n != 0 {
				return n
			}
		}
		return 0
	})
	line := func(w io.Writer, row T, separator string) error {
		cells := make([]string, len(shown))
		for i, c := range shown {
			cells[i] = c.value(row)
		}
		_, err := fmt.Fprintln(w, strings.Join(cells, separator))
		return err
	}
	if t.separator != "" {
		for _, row := range rows {
			if err := line(w, row, t.separator); err != nil {
				return err
			}
		}
		return nil
	}
	aligned := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(aligned, strings.ToUpper(strings.Join(t.chosen, "\t")))
	for _, row := range rows {
		if err := line(aligned, row, "\t"); err != nil {
			return err
		}
	}
	return aligned.Flush()
}

// object is a row with all columns, for JSON.
func (t *table[T]) object(row T) map[string]any {
	out := map[string]any{}
	for _, c := range t.columns {
		out[c.name] = c.value(row)
	}
	return out
}
