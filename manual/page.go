package manual

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// About is what pages say of the program as a whole.
type About struct {
	Program string    // its name
	Version string    // shown at the foot of each page
	Date    time.Time // as above; the zero time is not shown
	// SeeAlso are further pages, such as "tool.yaml(5)".
	SeeAlso []string
	// Files are paths, and what is there.
	Files [][2]string
}

// File makes a page for section 5 of a document: its title and first paragraph are what
// the file is.
func (a About) File(name, short, markdown string) string {
	p := a.begin(name, 5, short)
	p.macro("SH", "DESCRIPTION")
	p.blocks(withoutTitle(Parse(markdown)), 2)
	p.seeAlso(a.Program + "(1)")
	return p.String()
}

// Commands makes the pages of a program: one of itself and one of each command, by the
// names of their files. reference is Markdown with a section for each command; sections
// that bear the name of another program make pages, too.
func (a About) Commands(root *cobra.Command, reference string) map[string]string {
	blocks := Parse(reference)
	pages := map[string]string{a.Program + ".1": a.program(root, blocks)}
	for _, c := range root.Commands() {
		if shown(c) && c.Name() != "help" && several(root) {
			pages[a.Program+"-"+c.Name()+".1"] = a.command(c, Section(blocks, c.Name()))
		}
	}
	for _, b := range blocks {
		if b.Kind == Heading && b.Level == 2 && isProgram(root, b.Text) {
			pages[b.Text+".1"] = a.other(b.Text, Section(blocks, b.Text))
		}
	}
	return pages
}

var oneWord = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// isProgram tells the section of a program from those of commands and of all else.
func isProgram(root *cobra.Command, title string) bool {
	return oneWord.MatchString(title) && !slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == title })
}

func shown(c *cobra.Command) bool { return !c.Hidden && c.Deprecated == "" }

func (a About) begin(name string, section int, short string) *page {
	p := &page{}
	date := ""
	if !a.Date.IsZero() {
		date = a.Date.UTC().Format(time.DateOnly)
	}
	p.WriteString(".\\\" Made by mirrorkeeper manual of the commands and docs/; do not edit.\n")
	p.macro("TH", strings.ToUpper(escape(name)), fmt.Sprint(section), date, escape(a.Program+" "+a.Version))
	p.macro("SH", "NAME")
	p.text(escape(name) + ` \- ` + escape(lowerFirst(strings.TrimSuffix(short, "."))))
	return p
}

func (a About) program(root *cobra.Command, reference []Block) string {
	p := a.begin(a.Program, 1, root.Short)
	p.macro("SH", "SYNOPSIS")
	if several(root) {
		p.text(`\fB` + escape(a.Program) + `\fR \fICOMMAND\fR [\fIOPTION\fR...] [\fIARGUMENT\fR...]`)
	} else {
		p.synopsis(root.UseLine())
	}
	p.macro("SH", "DESCRIPTION")
	p.long(cmp.Or(root.Long, root.Short+"."))
	if several(root) {
		p.macro("SH", "COMMANDS")
		for _, c := range root.Commands() {
			if shown(c) && c.Name() != "help" {
				p.macro("TP")
				p.text(fmt.Sprintf(`\fB%s\-%s\fR(1)`, escape(a.Program), escape(c.Name())))
				p.text(escape(c.Short))
			}
		}
	}
	if !several(root) && root.HasAvailableLocalFlags() {
		p.macro("SH", "OPTIONS")
		p.options(root.LocalNonPersistentFlags(), nil)
	}
	if root.PersistentFlags().HasAvailableFlags() {
		p.macro("SH", "GENERAL OPTIONS")
		p.options(root.PersistentFlags(), nil)
	}
	if codes := Section(reference, "Exit codes"); codes != nil {
		p.macro("SH", "EXIT STATUS")
		p.blocks(codes, 2)
	}
	if len(a.Files) > 0 {
		p.macro("SH", "FILES")
	}
	for _, f := range a.Files {
		p.macro("TP")
		p.text(`\fI` + escape(f[0]) + `\fR`)
		p.text(escape(f[1]))
	}
	p.seeAlso(a.SeeAlso...)
	return p.String()
}

// several reports whether a program has commands that people call.
func several(root *cobra.Command) bool {
	return slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return shown(c) && c.Name() != "help" && c.Name() != "completion" })
}

// command makes the page of a command with its subcommands. Without a section of the
// reference, the page says what the command says of itself.
func (a About) command(c *cobra.Command, section []Block) string {
	p := a.begin(a.Program+"-"+c.Name(), 1, c.Short)
	p.macro("SH", "SYNOPSIS")
	if len(section) > 0 && section[0].Kind == Code {
		p.synopsis(section[0].Text)
		section = section[1:]
	} else {
		p.synopsis(c.UseLine())
	}
	p.macro("SH", "DESCRIPTION")
	said := flagTexts(section)
	section = withoutFlagTables(section)
	if len(section) > 0 {
		p.blocks(section, 2)
	} else {
		p.long(cmp.Or(c.Long, c.Short+"."))
	}
	if c.HasAvailableLocalFlags() {
		p.macro("SH", "OPTIONS")
		p.options(c.LocalNonPersistentFlags(), said)
	}
	for _, sub := range c.Commands() {
		if shown(sub) && sub.HasAvailableLocalFlags() {
			p.macro("SH", "OPTIONS OF "+strings.ToUpper(escape(sub.Name())))
			p.options(sub.LocalNonPersistentFlags(), said)
		}
	}
	p.macro("PP")
	p.text(`Options of all commands, exit codes and files are in \fB` + escape(a.Program) + `\fR(1).`)
	p.seeAlso(append([]string{a.Program + "(1)"}, a.SeeAlso...)...)
	return p.String()
}

// other makes the page of another program, of its section alone.
func (a About) other(name string, section []Block) string {
	short := ""
	for i, b := range section {
		if b.Kind == Paragraph && short == "" {
			// "A program of its own: a plugin for ..., which ..." names it in its first clause.
			first, _, _ := strings.Cut(strings.ReplaceAll(b.Text, "\n", " "), ". ")
			_, after, found := strings.Cut(first, ": ")
			if !found {
				after = first
			}
			short, _, _ = strings.Cut(after, ", which")
			section[i].Text = b.Text
		}
	}
	p := a.begin(name, 1, short)
	p.macro("SH", "SYNOPSIS")
	if len(section) > 0 && section[0].Kind == Code {
		p.synopsis(section[0].Text)
		section = section[1:]
	} else {
		p.synopsis(name)
	}
	p.macro("SH", "DESCRIPTION")
	p.blocks(section, 2)
	p.seeAlso(a.Program + "(1)")
	return p.String()
}

func (p *page) synopsis(text string) {
	p.macro("nf")
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		p.WriteString(escape(line) + "\n")
	}
	p.macro("fi")
}

// long writes what a command says of itself: paragraphs, and lines that are indented or
// follow a heading as they are.
func (p *page) long(text string) {
	for i, part := range strings.Split(strings.Trim(text, "\n"), "\n\n") {
		if strings.HasPrefix(part, " ") || strings.HasPrefix(part, "\t") || strings.Contains(part, "\n  ") || strings.Contains(part, "\n\t") {
			p.code(part)
			continue
		}
		if i > 0 {
			p.macro("PP")
		}
		p.text(escape(part))
	}
}

// options writes flags. What the reference says of one comes before what the command says.
func (p *page) options(flags *pflag.FlagSet, said map[string]string) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Deprecated != "" || f.Name == "help" {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		term := `\fB\-\-` + escape(f.Name) + `\fR`
		if f.Shorthand != "" {
			term = `\fB\-` + f.Shorthand + `\fR, ` + term
		}
		if value != "" {
			term += ` \fI` + escape(value) + `\fR`
		}
		p.macro("TP")
		p.text(term)
		switch {
		case said[f.Name] != "":
			p.text(inline(said[f.Name]))
		case hasDefault(f):
			p.text(escape(upperFirst(text) + " (default " + f.DefValue + ")."))
		default:
			p.text(escape(upperFirst(text) + "."))
		}
	})
}

func hasDefault(f *pflag.Flag) bool {
	return f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" && !strings.Contains(f.Usage, "default")
}

func (p *page) seeAlso(pages ...string) {
	if len(pages) == 0 {
		return
	}
	p.macro("SH", "SEE ALSO")
	for i, s := range pages {
		name, section, _ := strings.Cut(s, "(")
		end := ","
		if i == len(pages)-1 {
			end = ""
		}
		p.WriteString(`\fB` + escape(name) + `\fR(` + section + end + "\n")
	}
}

var flagName = regexp.MustCompile("--([a-z][a-z0-9-]*)")

// isFlagTable tells tables that describe the flags of a command.
func isFlagTable(b Block) bool {
	return b.Kind == Table && strings.HasPrefix(b.Rows[0][0], "flag") && len(b.Rows[0]) == 2
}

// flagTexts are what such tables say of flags that have a row of their own.
func flagTexts(section []Block) map[string]string {
	said := map[string]string{}
	for _, b := range section {
		if !isFlagTable(b) {
			continue
		}
		for _, row := range b.Rows[1:] {
			if names := flagName.FindAllStringSubmatch(row[0], -1); len(names) == 1 {
				said[names[0][1]] = upperFirst(row[1]) + "."
			}
		}
	}
	return said
}

func withoutFlagTables(section []Block) []Block {
	return slices.DeleteFunc(slices.Clone(section), isFlagTable)
}

func withoutTitle(blocks []Block) []Block {
	if len(blocks) > 0 && blocks[0].Kind == Heading && blocks[0].Level == 1 {
		return blocks[1:]
	}
	return blocks
}

func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'a' && s[1] <= 'z' || len(s) > 1 && s[1] == ' ' {
		return strings.ToLower(s[:1]) + s[1:]
	}
	return s
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
