package switching

import (
	"strings"
)

// perlAssignment is an assignment in a configuration that is a script in Perl: of a text,
// a list, or pairs, which are "KEY=VALUE" here.
type perlAssignment struct {
	place
	name   string
	values []string
}

// parsePerl reads assignments of literals (perldata(1)): $name = "text"; @name = ("a",
// "b"); qw(a b); %name = (key => "value"); push @name, "text". Other statements than 1;
// are errors, since what a script does can only be known by running it.
func parsePerl(f File) ([]perlAssignment, error) {
	p := &perlParser{text: string(f.Content), at: place{f.Name, 1}}
	var all []perlAssignment
	for p.skip(); p.text != ""; p.skip() {
		if p.accept(";") || p.accept("1;") || p.text == "1" || p.text == "1\n" {
			if p.text == "1" || p.text == "1\n" {
				break
			}
			continue
		}
		if strings.HasPrefix(p.text, "__END__") {
			break
		}
		a, err := p.statement()
		if err != nil {
			return nil, err
		}
		all = p.join(all, a)
	}
	return all, nil
}

type perlParser struct {
	text string
	at   place
	push bool // the last statement added to a list
}

// join adds an assignment; one that pushes is that of the list so far and of more.
func (p *perlParser) join(all []perlAssignment, a perlAssignment) []perlAssignment {
	if p.push {
		for i := len(all) - 1; i >= 0; i-- {
			if all[i].name == a.name {
				a.values = append(append([]string{}, all[i].values...), a.values...)
				break
			}
		}
	}
	return append(all, a)
}

// skip passes over blanks and comments.
func (p *perlParser) skip() {
	for p.text != "" {
		switch c := p.text[0]; {
		case c == '\n':
			p.at.line++
			p.text = p.text[1:]
		case c == ' ' || c == '\t' || c == '\r':
			p.text = p.text[1:]
		case c == '#':
			_, p.text, _ = strings.Cut(p.text, "\n")
			p.at.line++
		default:
			return
		}
	}
}

// accept takes a word that the text begins with.
func (p *perlParser) accept(word string) bool {
	if !strings.HasPrefix(p.text, word) {
		return false
	}
	p.text = p.text[len(word):]
	return true
}

func (p *perlParser) statement() (a perlAssignment, err error) {
	p.push = false
	for _, word := range []string{"our ", "my ", "local "} {
		p.accept(word)
		p.skip()
	}
	if p.accept("push") {
		p.push = true
		p.skip()
		parenthesis := p.accept("(")
		p.skip()
		if !p.accept("@") {
			return a, p.at.fail("push is for a list (expected push @NAME, VALUE)")
		}
		a = perlAssignment{p.at, p.word(), nil}
		p.skip()
		if !p.accept(",") {
			return a, p.at.fail("push @%s adds nothing (expected push @NAME, VALUE)", a.name)
		}
		if a.values, err = p.list(); err != nil {
			return a, err
		}
		p.skip()
		if parenthesis && !p.accept(")") {
			return a, p.at.fail("a parenthesis is not closed")
		}
		return a, p.end()
	}
	if p.text == "" || !strings.Contains("$@%", p.text[:1]) {
		line, _, _ := strings.Cut(p.text, "\n")
		return a, p.at.fail("%q is no assignment of a text or a list, and scripts are not run (expected such as $host = \"archive.example.org\";)", cut(line))
	}
	pairs := p.text[0] == '%'
	p.text = p.text[1:]
	a = perlAssignment{p.at, p.word(), nil}
	p.skip()
	if a.name == "" || !p.accept("=") || strings.HasPrefix(p.text, "=") || strings.HasPrefix(p.text, "~") {
		return a, p.at.fail("the statement is no assignment (expected $NAME = VALUE;)")
	}
	if a.values, err = p.list(); err != nil {
		return a, err
	}
	if pairs {
		if len(a.values)%2 != 0 {
			return a, a.fail("%%%s has a key without a value", a.name)
		}
		var joined []string
		for i := 0; i < len(a.values); i += 2 {
			joined = append(joined, a.values[i]+"="+a.values[i+1])
		}
		a.values = joined
	}
	return a, p.end()
}

// end takes the end of a statement.
func (p *perlParser) end() error {
	p.skip()
	if p.text != "" && !p.accept(";") {
		line, _, _ := strings.Cut(p.text, "\n")
		return p.at.fail("expected a semicolon, seen %q", cut(line))
	}
	return nil
}

func (p *perlParser) word() string {
	end := 0
	for end < len(p.text) && isWordByte(p.text[end]) {
		end++
	}
	word := p.text[:end]
	p.text = p.text[end:]
	return word
}

func isWordByte(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// list reads values with commas or arrows between, in parentheses or without.
func (p *perlParser) list() (values []string, err error) {
	p.skip()
	parentheses := p.accept("(")
	for {
		p.skip()
		if parentheses && p.accept(")") {
			return values, nil
		}
		if more, ok, err := p.words(); err != nil {
			return nil, err
		} else if ok {
			values = append(values, more...)
		} else {
			value, err := p.value()
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		p.skip()
		if !p.accept(",") && !p.accept("=>") {
			if parentheses && !p.accept(")") {
				return nil, p.at.fail("a parenthesis is not closed")
			}
			return values, nil
		}
		if p.skip(); !parentheses && (p.text == "" || p.text[0] == ';') {
			return values, nil
		}
	}
}

// words reads qw(a b).
func (p *perlParser) words() (values []string, ok bool, err error) {
	if !strings.HasPrefix(p.text, "qw") || len(p.text) < 3 || isWordByte(p.text[2]) {
		return nil, false, nil
	}
	p.text = p.text[2:]
	p.skip()
	if p.text == "" {
		return nil, false, p.at.fail("qw has no words")
	}
	closing := closingOf(p.text[0])
	inside, rest, found := strings.Cut(p.text[1:], string(closing))
	if !found {
		return nil, false, p.at.fail("qw is not closed")
	}
	p.at.line += strings.Count(inside, "\n")
	p.text = rest
	return strings.Fields(inside), true, nil
}

func closingOf(c byte) byte {
	switch c {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	}
	return c
}

// value reads a text in quotes, a number, or a bare word before an arrow.
func (p *perlParser) value() (string, error) {
	if p.text == "" {
		return "", p.at.fail("a value is missing")
	}
	quote := p.text[0]
	if quote != '"' && quote != '\'' {
		end := 0
		for end < len(p.text) && (isWordByte(p.text[end]) || p.text[end] == '.' || p.text[end] == '-') {
			end++
		}
		word := p.text[:end]
		if end == 0 {
			line, _, _ := strings.Cut(p.text, "\n")
			return "", p.at.fail("%q is no text and no number", cut(line))
		}
		p.text = p.text[end:]
		return word, nil
	}
	var b strings.Builder
	for i := 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == quote:
			p.text = p.text[i+1:]
			return b.String(), nil
		case c == '\n':
			return "", p.at.fail("a text has no closing quote on its line")
		case c == '\\' && i+1 < len(p.text) && p.text[i+1] != '\n':
			i++
			if quote == '\'' && p.text[i] != '\'' && p.text[i] != '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(p.text[i])
		case (c == '$' || c == '@') && quote == '"' && i+1 < len(p.text) && (isWordByte(p.text[i+1]) && c == '$' || p.text[i+1] == '{'):
			return "", p.at.fail("a text has a variable in it, and scripts are not run (expected the value itself)")
		default:
			b.WriteByte(c)
		}
	}
	return "", p.at.fail("a text has no closing quote")
}
