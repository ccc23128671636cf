package drawing

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// WriteDOT writes the graph in the language of dot(1), with all of its edges. What was
// asked for is drawn bold, weak relations are dashed.
func WriteDOT(w io.Writer, g *solver.Graph) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "digraph packages {")
	fmt.Fprintln(out, "  rankdir=LR;")
	fmt.Fprintln(out, "  node [shape=box];")
	for i, p := range g.Picks {
		style := ""
		if p.IsRoot() {
			style = ", style=bold"
		}
		fmt.Fprintf(out, "  p%d [label=%s%s];\n", i, quoted(p.Package.String()), style)
	}
	for e := range g.Edges {
		style := ""
		if isWeak(e) {
			style = " [style=dashed]"
		}
		fmt.Fprintf(out, "  p%d -> p%d%s;\n", e.From, e.To, style)
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

func isWeak(e solver.Edge) bool { return e.Reason.Replaces == nil && !e.Reason.Relation.Kind.Hard() }

// quoted is a text as a quoted string of dot: only the quote needs a backslash, and a
// backslash that stands for itself another one.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable(text)) + `"`
}

// printable replaces what is no part of a line of text: names come from upstream.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '\uFFFD' {
			return '?'
		}
		return c
	}, strings.ToValidUTF8(text, "?"))
}
