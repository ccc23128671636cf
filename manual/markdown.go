package manual

import (
	"regexp"
	"strings"
)

// Block is a part of a document. Of its fields those of its kind are set.
type Block struct {
	Kind  Kind
	Level int        // heading: 1 for the title
	Text  string     // heading, paragraph and code
	Items [][]Block  // list: what stands in each item
	Rows  [][]string // table: cells, the head first
	// Ordered is true for a list with numbers.
	Ordered bool
}

// Kind is what a block is.
type Kind int

// The kinds of blocks.
const (
	Paragraph Kind = iota
	Heading
	Code
	List
	Table
)

var (
	headingLine = regexp.MustCompile(`^(#+) +(.*)$`)
	itemLine    = regexp.MustCompile(`^(-|[0-9]+\.) +`)
)

// Parse reads Markdown: headings with number signs, paragraphs, lists, tables, and code
// that is indented or fenced. Anything else is taken for text.
func Parse(markdown string) []Block {
	p := &parser{lines: strings.Split(strings.TrimRight(markdown, "\n"), "\n")}
	return p.blocks()
}

type parser struct {
	lines []string
}

func (p *parser) blocks() (out []Block) {
	for len(p.lines) > 0 {
		line := p.lines[0]
		switch {
		case strings.TrimSpace(line) == "":
			p.lines = p.lines[1:]
		case headingLine.MatchString(line):
			m := headingLine.FindStringSubmatch(line)
			out = append(out, Block{Kind: Heading, Level: len(m[1]), Text: m[2]})
			p.lines = p.lines[1:]
		case strings.HasPrefix(line, "```"):
			out = append(out, p.fenced())
		case strings.HasPrefix(line, "    "):
			out = append(out, Block{Kind: Code, Text: strings.TrimRight(strings.Join(p.indented("    "), "\n"), "\n")})
		case strings.HasPrefix(line, "|"):
			if b := p.table(); len(b.Rows) > 0 {
				out = append(out, b)
			}
		case itemLine.MatchString(line):
			out = append(out, p.list())
		default:
			out = append(out, p.paragraph())
		}
	}
	return out
}

// indented takes the lines with the indent, and empty ones between them, without it.
func (p *parser) indented(indent string) (taken []string) {
	for len(p.lines) > 0 {
		line, ok := strings.CutPrefix(p.lines[0], indent)
		if !ok && strings.TrimSpace(p.lines[0]) != "" {
			break
		}
		if !ok {
			line = ""
		}
		taken = append(taken, line)
		p.lines = p.lines[1:]
	}
	return taken
}

func (p *parser) fenced() Block {
	p.lines = p.lines[1:]
	var taken []string
	for len(p.lines) > 0 {
		line := p.lines[0]
		p.lines = p.lines[1:]
		if strings.HasPrefix(line, "```") {
			break
		}
		taken = append(taken, line)
	}
	return Block{Kind: Code, Text: strings.Join(taken, "\n")}
}

func (p *parser) table() Block {
	b := Block{Kind: Table}
	for len(p.lines) > 0 && strings.HasPrefix(p.lines[0], "|") {
		row := cells(p.lines[0])
		p.lines = p.lines[1:]
		if strings.HasPrefix(row[0], "---") {
			continue
		}
		if len(b.Rows) > 0 { // each row has as many cells as the head
			row = append(row, make([]string, len(b.Rows[0]))...)[:len(b.Rows[0])]
		}
		b.Rows = append(b.Rows, row)
	}
	return b
}

// cells splits a row of a table; a bar with a backslash before it is text.
func cells(line string) (out []string) {
	const bar = "\x00"
	line = strings.ReplaceAll(strings.TrimSpace(line), `\|`, bar)
	for cell := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|") {
		out = append(out, strings.ReplaceAll(strings.TrimSpace(cell), bar, "|"))
	}
	return out
}

func (p *parser) list() Block {
	b := Block{Kind: List}
	for len(p.lines) > 0 {
		marker := itemLine.FindString(p.lines[0])
		if marker == "" || len(b.Items) > 0 && b.Ordered != (marker[0] != '-') {
			break
		}
		b.Ordered = marker[0] != '-'
		first := p.lines[0][len(marker):]
		p.lines = p.lines[1:]
		rest := p.indented(strings.Repeat(" ", len(marker)))
		b.Items = append(b.Items, Parse(strings.Join(append([]string{first}, rest...), "\n")))
	}
	return b
}

func (p *parser) paragraph() Block {
	var taken []string
	for len(p.lines) > 0 {
		line := p.lines[0]
		if strings.TrimSpace(line) == "" || len(taken) > 0 && (headingLine.MatchString(line) || strings.HasPrefix(line, "|") || strings.HasPrefix(line, "```") || itemLine.MatchString(line)) {
			break
		}
		taken = append(taken, strings.TrimSpace(line))
		p.lines = p.lines[1:]
	}
	return Block{Kind: Paragraph, Text: strings.Join(taken, "\n")}
}

// Section is the blocks below the heading of the second level with the title, up to the
// next one; nil where there is none.
func Section(blocks []Block, title string) (out []Block) {
	for i, b := range blocks {
		if b.Kind != Heading || b.Level != 2 || b.Text != title {
			continue
		}
		for _, b := range blocks[i+1:] {
			if b.Kind == Heading && b.Level <= 2 {
				break
			}
			out = append(out, b)
		}
	}
	return out
}
