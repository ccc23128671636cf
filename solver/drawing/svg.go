package drawing

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
)

// MaxBoxes bounds what [WriteSVG] draws.
const MaxBoxes = 2000

// ErrTooLarge is a graph of more than [MaxBoxes] picks.
var ErrTooLarge = errors.New("too large to draw")

// Measures in pixels. Letters are of a fixed width, so that the boxes fit them.
const (
	letter    = 7 // width of one at the font's size
	baseline  = 4 // below the middle of a box
	boxHeight = 20
	rowGap    = 6
	layerGap  = 48
	margin    = 12
	maxLabel  = 44 // letters
)

const styles = `
  svg { background: #fff; }
  text { font: 11px monospace; }
  rect { fill: #f4f6f8; stroke: #8a96a3; }
  .asked rect { fill: #dcebfa; stroke: #2f6fab; stroke-width: 2; }
  path { fill: none; stroke: #a3adb8; }
  path.back { stroke: #c0652b; stroke-dasharray: 4 3; }
`

// WriteSVG draws the graph from left to right: packages stand to the right of those that
// ask for them. A relation is not drawn where others lead to the same package on a longer
// way; those that close a circle are dashed. The description of a box names all that the
// package asks for directly. Graphs of more than [MaxBoxes] picks are refused with
// [ErrTooLarge].
func WriteSVG(w io.Writer, g *solver.Graph) error {
	if len(g.Picks) > MaxBoxes {
		return fmt.Errorf("%w: %d packages, and at most %d can be drawn", ErrTooLarge, len(g.Picks), MaxBoxes)
	}
	var edges []line
	asks := make([][]string, len(g.Picks))
	for e := range g.Edges {
		edges = append(edges, line{e.From, e.To})
		asks[e.From] = append(asks[e.From], printable(e.Reason.String()))
	}
	labels := labelsOf(g)
	l := arrange(rootsFirst(g), edges, boxHeight, rowGap)
	columns, width := l.columns(labels)
	height := 0
	for _, x := range l.nodes {
		height = max(height, x.y+x.height/2)
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n<style>%s</style>\n", width, height+2*margin, styles)
	fmt.Fprintln(out, `<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" style="fill: #a3adb8"/></marker></defs>`)
	for _, path := range l.lines {
		fmt.Fprintf(out, "<path d=\"%s\" marker-end=\"url(#arrow)\"/>\n", l.curve(path, columns))
	}
	for _, e := range l.backs {
		fmt.Fprintf(out, "<path class=\"back\" d=\"%s\" marker-end=\"url(#arrow)\"/>\n", l.curveBack(e, columns))
	}
	for i, p := range g.Picks {
		class := ""
		if p.IsRoot() {
			class = ` class="asked"`
		}
		c, y := columns[l.nodes[i].layer], l.nodes[i].y+margin
		title := printable(p.Package.String()) + "\n" + strings.Join(asks[i], "\n")
		fmt.Fprintf(out, "<g%s><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/><text x=\"%d\" y=\"%d\">%s</text></g>\n",
			class, escaped(title), c.x, y-boxHeight/2, c.width, boxHeight, c.x+letter, y+baseline, escaped(labels[i]))
	}
	fmt.Fprintln(out, "</svg>")
	return out.Flush()
}

// rootsFirst is the order in which circles are looked for: what was asked for begins.
func rootsFirst(g *solver.Graph) (order []int) {
	for _, roots := range []bool{true, false} {
		for i, p := range g.Picks {
			if p.IsRoot() == roots {
				order = append(order, i)
			}
		}
	}
	return order
}

// labelsOf names the packages in as few letters as will do.
func labelsOf(g *solver.Graph) []string {
	count := map[string]int{}
	for _, p := range g.Picks {
		count[name(p.Package)]++
	}
	labels := make([]string, len(g.Picks))
	for i, p := range g.Picks {
		label := name(p.Package)
		if count[label] > 1 {
			label = p.Package.String()
		}
		if label = printable(label); utf8.RuneCountInString(label) > maxLabel {
			label = string([]rune(label)[:maxLabel-1]) + "…"
		}
		labels[i] = label
	}
	return labels
}

func name(p *repo.Package) string { return p.Name + " " + p.Version }

// column is where a layer's boxes stand.
type column struct{ x, width int }

func (l *layout) columns(labels []string) (columns []column, width int) {
	x := margin
	for _, layer := range l.layers {
		c := column{x: x}
		for _, i := range layer {
			if i < len(labels) {
				c.width = max(c.width, letter*(utf8.RuneCountInString(labels[i])+2))
			}
		}
		columns = append(columns, c)
		x += c.width + layerGap
	}
	return columns, max(x-layerGap, margin) + margin
}

// curve leads from box to box through the points between them, which it passes level.
func (l *layout) curve(path []int, columns []column) string {
	var b strings.Builder
	for i, at := range path {
		c, y := columns[l.nodes[at].layer], l.nodes[at].y+margin
		if i == 0 {
			fmt.Fprintf(&b, "M%d %d", c.x+c.width, y)
			continue
		}
		last := l.nodes[path[i-1]]
		end := columns[last.layer]
		middle := (end.x + end.width + c.x) / 2
		fmt.Fprintf(&b, "C%d %d %d %d %d %d", middle, last.y+margin, middle, y, c.x, y)
		if i < len(path)-1 {
			fmt.Fprintf(&b, "H%d", c.x+c.width)
		}
	}
	return b.String()
}

// curveBack leads from the left side of a box to the right one of an earlier box.
func (l *layout) curveBack(e line, columns []column) string {
	from, to := l.nodes[e.from], l.nodes[e.to]
	a, b := columns[from.layer], columns[to.layer]
	x, end := a.x, b.x+b.width
	middle := (x + end) / 2
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, from.y+margin, middle, from.y+margin, middle, to.y+margin, end, to.y+margin)
}

// escaped is a text as XML has it.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a builder takes everything
	return b.String()
}
