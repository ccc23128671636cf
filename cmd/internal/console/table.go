package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// Column is one column of a table of rows of type T.
type Column[T any] struct {
	Name  string
	Value func(T) string
}

// Table prints rows in the columns that the user chose.
type Table[T any] struct {
	Columns   []Column[T]
	chosen    []string
	sortBy    []string
	separator string
}

// Flags adds the choice of columns to a command; the given ones are shown by default.
func (t *Table[T]) Flags(c *cobra.Command, shown ...string) {
	c.Flags().StringArrayVar(&t.chosen, "column", shown, "`name` of a column to print; can be repeated")
	c.Flags().StringArrayVar(&t.sortBy, "sort", nil, "`name` of a column to sort by; can be repeated (default: upstream's order)")
	c.Flags().StringVar(&t.separator, "sep", "", "print columns separated by this `text`, and no heading")
}

// Names are those of all columns.
func (t *Table[T]) Names() string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return strings.Join(names, ", ")
}

func (t *Table[T]) pick(names []string) (out []Column[T], err error) {
	for _, name := range names {
		i := slices.IndexFunc(t.Columns, func(c Column[T]) bool { return c.Name == name })
		if i < 0 {
			return nil, Usage("there is no column %q; the columns are %s", name, t.Names())
		}
		out = append(out, t.Columns[i])
	}
	return out, nil
}

// Check refuses unknown columns before any work is done.
func (t *Table[T]) Check() error {
	_, err := t.pick(slices.Concat(t.chosen, t.sortBy))
	return err
}

// Print prints the rows, sorted as the user asked for.
func (t *Table[T]) Print(w io.Writer, rows []T) error {
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
			if n := strings.Compare(c.Value(a), c.Value(b)); n != 0 {
				return n
			}
		}
		return 0
	})
	line := func(w io.Writer, row T, separator string) error {
		cells := make([]string, len(shown))
		for i, c := range shown {
			cells[i] = c.Value(row)
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

// Object is a row with all columns, for JSON.
func (t *Table[T]) Object(row T) map[string]any {
	out := map[string]any{}
	for _, c := range t.Columns {
		out[c.Name] = c.Value(row)
	}
	return out
}
