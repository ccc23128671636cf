package rpm

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func TestDependency(t *testing.T) {
	tests := []struct {
		name, flags, epoch, version, release string
		want                                 repo.Dependency
	}{
		{"a", "", "", "", "", repo.Dependency{Name: "a"}},
		{"perl(Foo::Bar)", "GE", "0", "1.2", "", repo.Dependency{Name: "perl(Foo::Bar)", Op: repo.GreaterEqual, Version: "1.2"}},
		{"a", "EQ", "0", "1", "2.el9", repo.Dependency{Name: "a", Op: repo.Equal, Version: "1-2.el9"}},
		{"a", "LT", "3", "1", "2", repo.Dependency{Name: "a", Op: repo.Less, Version: "3:1-2"}},
		{"a", "GT", "", "1", "", repo.Dependency{Name: "a", Op: repo.Greater, Version: "1"}},
		{"a", "LE", "00", "1", "", repo.Dependency{Name: "a", Op: repo.LessEqual, Version: "00:1"}},
		{"a", "GE", "", "", "", repo.Dependency{Name: "a"}},
	}
	for _, test := range tests {
		got, err := dependency(test.name, test.flags, test.epoch, test.version, test.release)
		if err != nil || got != test.want {
			t.Errorf("%+v gives %v, %v", test, got, err)
		}
	}
	if _, err := dependency("a", "NE", "", "1", ""); err == nil || !strings.Contains(err.Error(), `flags "NE"`) {
		t.Errorf("unknown flags: %v", err)
	}
}

// written are relations as people write them, separated by commas.
func written(relations []repo.Relation) string {
	var parts []string
	for _, r := range relations {
		parts = append(parts, r.String())
	}
	return strings.Join(parts, ", ")
}

func TestParseRelation(t *testing.T) {
	tests := []struct {
		kind repo.Kind
		text string
		want string
	}{
		{repo.Requires, "(a)", "a"},
		{repo.Requires, "( a >= 1 )", "a (>= 1)"},
		{repo.Requires, "(a or b < 2-1)", "a | b (< 2-1)"},
		{repo.Requires, "(a or (b or c) or d)", "a | b | c | d"},
		{repo.Requires, "(a and b)", "a, b"},
		{repo.Recommends, "((a or b) and (c and (d if e)))", "a | b, c, (d if e)"},
		{repo.Requires, "(a or (b and c))", "(a or (b and c))"},
		{repo.Requires, "(a if b)", "(a if b)"},
		{repo.Requires, "(a >= 1:2~3-4 if b else c)", "(a >= 1:2~3-4 if b else c)"},
		{repo.Suggests, "(a unless (b or c) else d)", "(a unless (b or c) else d)"},
		{repo.Requires, "(a with b with c = 1)", "(a with b with c = 1)"},
		{repo.Requires, "((a >= 1 with a < 2) or (b without c))", "((a >= 1 with a < 2) or (b without c))"},
		{repo.PreRequires, "(perl(Foo::Bar) >= 1.0 or libfoo.so.1(GLIBC_2.2)(64bit))", "perl(Foo::Bar) (>= 1.0) | libfoo.so.1(GLIBC_2.2)(64bit)"},
		{repo.Requires, "(/bin/sh or a =< 1 or b => 2 or c == 3)", "/bin/sh | a (<= 1) | b (>= 2) | c (= 3)"},
		{repo.Requires, "(and or or)", "and | or"}, // names
		{repo.Conflicts, "(a and b)", "(a and b)"},
		{repo.Conflicts, "(a or b)", "(a or b)"},
		{repo.Conflicts, "(a)", "a"},
		{repo.Supplements, "(a and (b or c))", "(a and (b or c))"},
		{repo.Enhances, "(a or b)", "(a or b)"},
		{repo.Requires, "(a,\tor b)", "a | b"}, // to rpm a comma is a blank
	}
	for _, test := range tests {
		got, err := parseRelation(test.kind, test.text)
		if err != nil || written(got) != test.want {
			t.Errorf("%s %q is %q (error %v), expected %q", test.kind, test.text, written(got), err, test.want)
		}
		for _, r := range got {
			if r.Kind != test.kind || (r.Rich == nil) == (r.Alternatives == nil) {
				t.Errorf("%s %q has the relation %+v", test.kind, test.text, r)
			}
		}
	}
}

func TestParseRichKeepsTheTree(t *testing.T) {
	leaf := func(name string) *repo.Rich { return &repo.Rich{Dependency: repo.Dependency{Name: name}} }
	got, err := parseRich("(a and b and ((c = 1) if (d with e) else f))")
	want := &repo.Rich{Op: repo.And, Operands: []*repo.Rich{leaf("a"), leaf("b"), {Op: repo.If, Operands: []*repo.Rich{
		{Dependency: repo.Dependency{Name: "c", Op: repo.Equal, Version: "1"}},
		{Op: repo.With, Operands: []*repo.Rich{leaf("d"), leaf("e")}},
		leaf("f"),
	}}}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
}

func TestParseRelationErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                            `rich dependency "": it ends where "(" is expected`,
		"a or b":                      `rich dependency "a or b": "a or b" where "(" is expected`,
		"()":                          `")" where a name is expected`,
		"(a":                          `it ends where an operator or ")" is expected`,
		"(a or":                       "it ends where a name is expected",
		"(a or )":                     `")" where a name is expected`,
		"(a or b) c":                  `" c" behind its end`,
		"(a b)":                       `"b)" where an operator is expected`,
		"(a >= )":                     `")" where a version is expected`,
		"(a >=1 or b)":                `">=1 or b)" where an operator is expected`,
		"(a OR b)":                    `"OR b)" where an operator is expected`,
		"(a and b or c)":              `different operators without brackets, "or" behind "and"`,
		"(a if b if c)":               `"if" twice without brackets`,
		"(a without b without c)":     `"without" twice without brackets`,
		"(a else b)":                  `"else" without "if" or "unless"`,
		"(a if b else c else d)":      `"else" without "if" or "unless"`,
		"(a and b else c)":            `"else" without "if" or "unless"`,
		"((a and b) with c)":          `"and" inside of "with" or "without"`,
		"(c without (d or (a if b)))": `"if" inside of "with" or "without"`,
		strings.Repeat("(", 65) + "a" + strings.Repeat(")", 65): "nested deeper than 64 brackets",
		"(" + strings.Repeat("a or ", 20000) + "a)":             "is too long (at most 65536)",
	} {
		got, err := parseRelation(repo.Requires, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q gives %v and error %v, expected %s", text, got, err, want)
		}
	}
	if _, err := parseRelation(repo.Obsoletes, "(a or b)"); err == nil {
		t.Error("rich obsoletes are no error")
	}
}

// asRPM says what is wrong if the real rpm and parseRich do not agree on a text.
func asRPM(t testing.TB, librpm *realRPM, text string) (rich *repo.Rich, problem string) {
	t.Helper()
	rich, err := parseRich(text)
	said := librpm.ask(t, "rich", text)
	// rpm reads "else" between the first two operands and makes nothing of it.
	if (said == "ok") == (err == nil) || said == "ok" && strings.Contains(err.Error(), `"else" without`) {
		return rich, ""
	}
	if err != nil {
		return nil, "rpm accepts it, but: " + err.Error()
	}
	return rich, "it is accepted, but rpm says: " + said
}

func TestParseRichAsRPM(t *testing.T) {
	librpm := withLibrpm(t)
	word := rapid.SampledFrom([]string{"a", "b(c)", "d::e(f)(64bit)", "and", "x", "1", "=", "(g"})
	op := rapid.SampledFrom([]string{"and", "or", "if", "unless", "else", "with", "without", "and", "or", "xor"})
	blank := rapid.SampledFrom([]string{" ", " ", " ", "\t", ", ", ""})
	var group func(depth int) *rapid.Generator[string]
	operand := func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			switch k := rapid.IntRange(0, 5).Draw(t, "operand"); {
			case k < 2 && depth > 0:
				return group(depth-1).Draw(t, "group")
			case k == 2:
				sign := rapid.SampledFrom([]string{"<", "<=", "=<", "=", "==", ">=", "=>", ">", "<>"}).Draw(t, "sign")
				return word.Draw(t, "name") + " " + sign + blank.Draw(t, "blank") + rapid.SampledFrom([]string{"1", "1:2-3", "(1)", ""}).Draw(t, "version")
			}
			return word.Draw(t, "name")
		})
	}
	group = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			text := "(" + operand(depth).Draw(t, "first")
			one := op.Draw(t, "op")
			for i := range rapid.IntRange(0, 3).Draw(t, "more") {
				if i > 0 && rapid.IntRange(0, 3).Draw(t, "other") == 0 {
					one = op.Draw(t, "op")
				}
				text += blank.Draw(t, "blank") + one + blank.Draw(t, "blank") + operand(depth).Draw(t, "operand")
			}
			return text + rapid.SampledFrom([]string{")", ")", ")", ")", " )", "", "))"}).Draw(t, "end")
		})
	}
	accepted := 0
	rapid.Check(t, func(rt *rapid.T) {
		text := group(2).Draw(rt, "text")
		rich, problem := asRPM(t, librpm, text)
		if problem != "" {
			rt.Errorf("%q: %s", text, problem)
		}
		if rich != nil && rich.Op != repo.Leaf {
			accepted++
		}
	})
	if accepted == 0 {
		t.Error("no text is a rich dependency")
	}
}

func FuzzParseRich(f *testing.F) {
	librpm := withLibrpm(f)
	for _, text := range []string{
		"(a or b >= 1)", "((a with b) if (c(x)(y) without d) else e)", "(a, and b unless c)", "((((a))))", "(a else b)", "(x <= 1 or",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rich, err := parseRich(text)
		if err == nil && rich.Op != repo.Leaf {
			again, err := parseRich(rich.String())
			if err != nil || !cmp.Equal(rich, again) {
				t.Fatalf("%v is read again as %v, error %v", rich, again, err)
			}
		}
		if strings.Contains(text, "\x00") || err != nil && (strings.Contains(err.Error(), "nested deeper") || strings.Contains(err.Error(), "too long")) {
			return
		}
		if _, problem := asRPM(t, librpm, text); problem != "" {
			t.Fatalf("%q: %s", text, problem)
		}
	})
}
