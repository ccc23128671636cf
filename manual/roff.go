package manual

import (
	"fmt"
	"regexp"
	"strings"
)

// page writes the source of one man page.
type page struct {
	strings.Builder
}

// macro writes a line with a macro of man(7) and its arguments.
func (p *page) macro(name string, args ...string) {
	p.WriteString("." + name)
	for _, a := range args {
		fmt.Fprintf(p, ` "%s"`, strings.ReplaceAll(a, `"`, `\(dq`))
	}
	p.WriteByte('\n')
}

// text writes text, without a line that roff would take for a macro. It is wrapped, as
// long lines are frowned at.
func (p *page) text(roff string) {
	column := 0
	for word := range strings.FieldsSeq(roff) {
		switch {
		case column == 0:
		case column+1+len(word) > 78:
			p.WriteByte('\n')
			column = 0
		default:
			p.WriteByte(' ')
			column++
		}
		if column == 0 && (word[0] == '.' || word[0] == '\'') {
			word = `\&` + word
		}
		p.WriteString(word)
		column += len(word)
	}
	p.WriteByte('\n')
}

// code writes lines as they are.
func (p *page) code(text string) {
	if !p.begins() {
		p.macro("PP")
	}
	p.macro("RS", "4")
	p.macro("nf")
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = escape(line)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		p.WriteString(line + "\n")
	}
	p.macro("fi")
	p.macro("RE")
}

// begins reports whether nothing stands below the last heading.
func (p *page) begins() bool {
	lines := strings.Split(strings.TrimSuffix(p.String(), "\n"), "\n")
	last := lines[len(lines)-1]
	return strings.HasPrefix(last, ".SH") || strings.HasPrefix(last, ".SS")
}

// blocks writes blocks, whose headings are of sections of the page from the level on.
func (p *page) blocks(blocks []Block, section int) {
	for i, b := range blocks {
		switch b.Kind {
		case Heading:
			if b.Level <= section {
				p.macro("SH", plain(upper(b.Text)))
			} else {
				p.macro("SS", plain(b.Text))
			}
		case Paragraph:
			if i > 0 && blocks[i-1].Kind != Heading {
				p.macro("PP")
			}
			p.text(inline(b.Text))
		case Code:
			p.code(b.Text)
		case List:
			p.list(b, section)
		case Table:
			p.table(b)
		}
	}
}

func (p *page) list(b Block, section int) {
	for i, item := range b.Items {
		mark := `\(bu`
		if b.Ordered {
			mark = fmt.Sprintf("%d.", i+1)
		}
		p.macro("IP", mark, "4")
		if len(item) > 0 && item[0].Kind == Paragraph {
			p.text(inline(item[0].Text))
			item = item[1:]
		}
		if len(item) > 0 {
			p.macro("RS")
			p.blocks(item, section)
			p.macro("RE")
		}
	}
}

// table writes each row as a term and what is said of it. A table of keys of the
// configuration has type, default, meaning and example.
func (p *page) table(b Block) {
	head := b.Rows[0]
	for _, row := range b.Rows[1:] {
		p.macro("TP")
		p.text(inline(row[0]))
		if len(head) == 5 && head[0] == "Key" {
			p.key(row)
			continue
		}
		var said []string
		for i, cell := range row[1:] {
			if cell == "" {
				continue
			}
			if len(row) > 2 && head[i+1] != "" {
				cell = strings.ToUpper(head[i+1][:1]) + head[i+1][1:] + ": " + cell
			}
			said = append(said, inline(cell))
		}
		p.text(strings.Join(said, ". "))
	}
}

// key writes a row of a table of keys, without the term.
func (p *page) key(row []string) {
	kind := "(" + row[1]
	if row[2] != "" {
		if !strings.HasPrefix(row[2], "required") {
			kind += "; default:"
		} else {
			kind += ";"
		}
		kind += " " + row[2]
	}
	p.text(inline(kind + ") " + row[3]))
	p.macro("br")
	p.text("Example: " + inline(row[4]))
}

var (
	span = regexp.MustCompile("``[^`].*?``|`[^`]+`|\\*\\*[^*]+\\*\\*|\\*[^* ][^*]*\\*|\\[[^\\[\\]]+\\]\\([^()\\s]+\\)")
	link = regexp.MustCompile(`^\[([^\[\]]+)\]\(([^()\s]+)\)$`)
)

// inline turns the marks within a text into roff: code and strong text bold, emphasis
// italic. Of links the text stays, with the address where it leads elsewhere.
func inline(text string) string {
	text = strings.ReplaceAll(text, "\n", " ")
	var b strings.Builder
	for text != "" {
		at := span.FindStringIndex(text)
		if at == nil {
			b.WriteString(escape(text))
			break
		}
		b.WriteString(escape(text[:at[0]]))
		marked := text[at[0]:at[1]]
		switch {
		case marked[0] == '`':
			b.WriteString(`\fB` + escape(strings.Trim(marked, "`")) + `\fR`)
		case strings.HasPrefix(marked, "**"):
			b.WriteString(`\fB` + escape(strings.Trim(marked, "*")) + `\fR`)
		case marked[0] == '*':
			b.WriteString(`\fI` + escape(strings.Trim(marked, "*")) + `\fR`)
		default:
			m := link.FindStringSubmatch(marked)
			b.WriteString(inline(m[1]))
			if strings.Contains(m[2], "://") {
				b.WriteString(" <" + escape(m[2]) + ">")
			}
		}
		text = text[at[1]:]
	}
	return b.String()
}

// upper turns all of a text but code into capitals.
func upper(text string) string {
	parts := strings.Split(text, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ToUpper(parts[i])
	}
	return strings.Join(parts, "`")
}

// plain is a text without marks, for headings.
func plain(text string) string {
	text = span.ReplaceAllStringFunc(text, func(marked string) string {
		if m := link.FindStringSubmatch(marked); m != nil {
			return m[1]
		}
		return strings.Trim(marked, "`*")
	})
	return escape(text)
}

var escaper = strings.NewReplacer(`\`, `\e`, "-", `\-`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`, "'", `\(aq`)

// escape keeps roff from giving characters another meaning or form.
func escape(text string) string { return escaper.Replace(text) }
