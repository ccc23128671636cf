package packetary

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Columns are names of columns that rows may have.
type Columns []string

// The columns of packetary's tables.
var (
	PackageColumns    = Columns{"name", "repository", "version", "filename", "filesize", "checksum", "obsoletes", "provides", "requires"}
	UnresolvedColumns = Columns{"name", "version", "alternative"}
)

// Check refuses names that are no columns.
func (c Columns) Check(names ...string) error {
	for _, name := range names {
		if !slices.Contains(c, name) {
			return fmt.Errorf("there is no column %q; the columns are %s", cut(name), strings.Join(c, ", "))
		}
	}
	return nil
}

// Print writes a heading and the rows, each with a value for every column: in the shown
// columns, or in all, sorted by the given ones, or by the first. What is empty is a dash.
func (c Columns) Print(w io.Writer, rows [][]string, shown, by []string, separator string) error {
	if len(shown) == 0 {
		shown = c
	}
	if len(by) == 0 {
		by = c[:1]
	}
	if err := c.Check(slices.Concat(shown, by)...); err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b []string) int {
		for _, name := range by {
			i := slices.Index(c, name)
			if n := strings.Compare(a[i], b[i]); n != 0 {
				return n
			}
		}
		return 0
	})
	if _, err := fmt.Fprintln(w, "# "+strings.Join(shown, separator)); err != nil {
		return err
	}
	for _, row := range rows {
		cells := make([]string, len(shown))
		for i, name := range shown {
			if cells[i] = row[slices.Index(c, name)]; cells[i] == "" {
				cells[i] = "-"
			}
		}
		if _, err := fmt.Fprintln(w, strings.Join(cells, separator)); err != nil {
			return err
		}
	}
	return nil
}

// Arguments gives the options -c and -s, which took several values with blanks between,
// each of these values by itself.
func Arguments(args []string) (out []string) {
	option := ""
	for _, arg := range args {
		switch {
		case arg == "-c" || arg == "--column" || arg == "-s" || arg == "--sort-columns":
			option = arg
			continue
		case strings.HasPrefix(arg, "-"):
			option = ""
		case option != "":
			out = append(out, option, arg)
			continue
		}
		out = append(out, arg)
	}
	return out
}
