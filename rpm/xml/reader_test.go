package xml

import (
	"bytes"
	encoding "encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// token is a token written out, for comparisons.
type token struct {
	Kind        Kind
	Space, Name string
	Attrs       []string // name, value, name, value ...
	Text        string
}

// spaces makes blanks spaces: encoding/xml leaves them as they are in values of
// attributes, against XML 1.0, 3.3.3.
var spaces = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// ours are the tokens that the Reader sees, with texts joined that only a comment or the
// like parts.
func ours(r *Reader) (all []token, err error) {
	var names []string
	for {
		kind, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		t := token{Kind: kind}
		switch kind {
		case Start:
			t.Space, t.Name = r.Space(), string(r.Local())
			names = append(names, t.Name)
			for _, a := range r.Attrs() {
				t.Attrs = append(t.Attrs, string(a.Name), spaces.Replace(string(a.Value)))
			}
		case End:
			t.Name = names[len(names)-1]
			names = names[:len(names)-1]
		case Text:
			t.Text = string(r.Text())
		}
		all = add(all, t)
	}
}

// theirs are the tokens that encoding/xml sees.
func theirs(text []byte) (all []token, err error) {
	d := encoding.NewDecoder(bytes.NewReader(text))
	// Only UTF-8 is asked for here: the Reader refuses everything else.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	depth := 0
	for {
		x, err := d.Token()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		switch x := x.(type) {
		case encoding.StartElement:
			depth++
			t := token{Kind: Start, Space: x.Name.Space, Name: x.Name.Local}
			for _, a := range x.Attr {
				t.Attrs = append(t.Attrs, a.Name.Local, spaces.Replace(a.Value))
			}
			all = add(all, t)
		case encoding.EndElement:
			depth--
			all = add(all, token{Kind: End, Name: x.Name.Local})
		case encoding.CharData:
			if depth > 0 {
				all = add(all, token{Kind: Text, Text: string(x)})
			}
		}
	}
}

func add(all []token, t token) []token {
	if n := len(all) - 1; t.Kind == Text && n >= 0 && all[n].Kind == Text {
		all[n].Text += t.Text
		return all
	}
	if t.Kind == Text && t.Text == "" {
		return all // an empty CDATA section
	}
	return append(all, t)
}

// unprefixed leaves the prefixes of attributes out, which encoding/xml replaces.
func unprefixed(all []token) []token {
	for _, t := range all {
		for i := 0; i < len(t.Attrs); i += 2 {
			_, local, found := strings.Cut(t.Attrs[i], ":")
			if found {
				t.Attrs[i] = local
			}
		}
	}
	return all
}

func TestReader(t *testing.T) {
	start := func(name string, attrs ...string) token { return token{Kind: Start, Name: name, Attrs: attrs} }
	end := func(name string) token { return token{Kind: End, Name: name} }
	text := func(text string) token { return token{Kind: Text, Text: text} }
	for _, test := range []struct {
		name, in string
		want     []token
	}{
		{"an element", "<a></a>", []token{start("a"), end("a")}},
		{"an empty element", "<a/>", []token{start("a"), end("a")}},
		{"blanks in tags", "<a\n b = '1'\t/>\n", []token{start("a", "b", "1"), end("a")}},
		{"blanks in end tags", "<a></a >", []token{start("a"), end("a")}},
		{"a declaration", "<?xml version='1.0' encoding=\"utf-8\" standalone='yes' ?>\n<a/>", []token{start("a"), end("a")}},
		{"a byte order mark", "\ufeff<?xml version=\"1.0\"?><a/>", []token{start("a"), end("a")}},
		{"a text", "<a>1 > 0, \"quoted\" ]] ü</a>", []token{start("a"), text("1 > 0, \"quoted\" ]] ü"), end("a")}},
		{"references", "<a b='&lt;&#x41;&#66;&apos;'>&amp;&gt;&quot;&#xfc;&#10;</a>", []token{start("a", "b", "<AB'"), text("&>\"ü\n"), end("a")}},
		{"ends of line", "<a b='1\r\n2\t3'>1\r\n2\r3\n</a>", []token{start("a", "b", "1 2 3"), text("1\n2\n3\n"), end("a")}},
		{"CDATA", "<a>1<![CDATA[<b>&amp;]]]]>2\r\n<![CDATA[\r]]></a>", []token{start("a"), text("1<b>&amp;]]2\n\n"), end("a")}},
		{"comments and instructions", "<!-- - --><?p ?><a>1<!--<b>-->2<?p > ?></a><!---->", []token{start("a"), text("12"), end("a")}},
		{"a value with what may stand in one", "<a b='>\"/'/>", []token{start("a", "b", ">\"/"), end("a")}},
		{
			"namespaces", "<a xmlns='u' xmlns:p='v'><p:b xmlns:p='w'><p:c xmlns=''/><d/></p:b><p:b/></a>",
			[]token{
				{Kind: Start, Space: "u", Name: "a", Attrs: []string{"xmlns", "u", "xmlns:p", "v"}},
				{Kind: Start, Space: "w", Name: "b", Attrs: []string{"xmlns:p", "w"}},
				{Kind: Start, Space: "w", Name: "c", Attrs: []string{"xmlns", ""}},
				end("c"),
				{Kind: Start, Space: "u", Name: "d"},
				end("d"), end("b"),
				{Kind: Start, Space: "v", Name: "b"},
				end("b"), end("a"),
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in)), iotest.DataErrReader(strings.NewReader(test.in))} {
				got, err := ours(NewReader(in, "x.xml"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("tokens differ (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// refused are documents that are none, or that metadata never is, with a part of the
// error and the line it names.
var refused = []struct {
	name, in, reason string
	line             int
}{
	{"nothing", "\n", "there is no element", 2},
	{"text alone", "a", "within a token", 1},
	{"an element that does not end", "<a>\n<b></b>\n", "the document ends within <a>", 3},
	{"a cut tag", "<a>\n<b", "the document ends within <a>", 2},
	{"a cut first tag", "<a b='1'", "within a token", 1},
	{"another end tag", "<a>\n</b>", "where </a> is expected", 2},
	{"a longer end tag", "<a>\n</ab>", "where </a> is expected", 2},
	{"an end tag with an attribute", "<a></a b='1'>", "where </a> is expected", 1},
	{"an end tag too many", "<a/></a>", "no element is open", 1},
	{"a second root", "<a/>\n<b/>", "second outermost", 2},
	{"text behind the root", "<a/>\nb\n<!-- -->", "outside of all elements", 2},
	{"text before the root", "b<a/>", "outside of all elements", 1},
	{"a CDATA section before the root", "<![CDATA[b]]><a/>", "outside of all elements", 1},
	{"a document type", "<!DOCTYPE a>\n<a/>", "document type", 1},
	{"an entity of its own", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type", 1},
	{"an unknown reference", "<a>\n\n&nbsp;</a>", "none of the references", 3},
	{"a lone ampersand", "<a>R&D</a>", "none of the references", 1},
	{"a reference to nothing", "<a b='&#;'/>", "none of the references", 1},
	{"a reference to NUL", "<a b='&#0;'/>", "none of the references", 1},
	{"a reference to half a character", "<a>&#xd800;</a>", "none of the references", 1},
	{"a reference beyond all characters", "<a>&#99999999999999999999;</a>", "none of the references", 1},
	{"a control character", "<a>\n\x01</a>", "control character 0x01", 2},
	{"a control character in a comment", "<!--\x02--><a/>", "control character 0x02", 1},
	{"no UTF-8", "<a>\xff</a>", "not UTF-8", 1},
	{"half a character at the end", "<a/>\xc3", "not UTF-8", 1},
	{"no character", "<a>\uffff</a>", "character U+FFFF", 1},
	{"the end of a CDATA section", "<a>]]></a>", "\"]]>\" in a text", 1},
	{"two hyphens in a comment", "<a><!-- -- --></a>", "in a comment", 1},
	{"an attribute without a value", "<a b/>", "\"=\" is expected", 1},
	{"an attribute without quotes", "<a b=1/>", "in quotes is expected", 1},
	{"an attribute without a blank", "<a b='1'c='2'/>", "a blank is expected", 1},
	{"an attribute twice", "<a b='1' b='2'/>", "twice", 1},
	{"a tag in a value", "<a b='<'/>", "\"<\" in a value", 1},
	{"a name that begins with a digit", "<1/>", "no tag", 1},
	{"a name of other letters", "<ä/>", "no tag", 1},
	{"a prefix without a name", "<a:/>", "half of one", 1},
	{"a name without a prefix", "<:a/>", "half of one", 1},
	{"two prefixes", "<a:b:c/>", "more than one prefix", 1},
	{"an attribute with half a prefix", "<a b:=''/>", "half of one", 1},
	{"a prefix that is not declared", "<a><p:b/></a>", "declared nowhere", 1},
	{"a prefix that was declared elsewhere", "<a><b xmlns:p='u'/><p:b/></a>", "declared nowhere", 1},
	{"a prefix for nothing", "<a xmlns:p=''/>", "cannot be", 1},
	{"xml for something else", "<a xmlns:xml='u'/>", "cannot be", 1},
	{"another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "UTF-8 is expected", 1},
	{"another version", "<?xml version='2.0'?><a/>", "no declaration of XML 1.0", 1},
	{"a declaration that is not at the start", "\n<?xml version='1.0'?><a/>", "not at the start", 2},
	{"an instruction without a name", "<? ?><a/>", "no processing instruction", 1},
	{"deep nesting", strings.Repeat("<a>\n", 100), "nested more than 64", 65},
	{"many attributes", "<a" + many(100) + "/>", "more than 64 attributes", 1},
}

func many(attributes int) string {
	var b strings.Builder
	for i := range attributes {
		fmt.Fprintf(&b, " a%d=''", i)
	}
	return b.String()
}

func TestReaderRefuses(t *testing.T) {
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(test.in), iotest.OneByteReader(strings.NewReader(test.in))} {
				_, err := ours(NewReader(in, "x.xml"))
				if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), test.reason) || !strings.HasPrefix(err.Error(), fmt.Sprintf("x.xml:%d: ", test.line)) {
					t.Errorf("error %v, expected one in line %d with %q", err, test.line, test.reason)
				}
			}
		})
	}
}

func TestReaderReportsTheStream(t *testing.T) {
	broken := errors.New("the disk is on fire")
	_, err := ours(NewReader(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(broken)), "x.xml"))
	if !errors.Is(err, broken) || errors.Is(err, ErrSyntax) {
		t.Errorf("error %v, expected that of the stream", err)
	}
}

// A token that never ends is not read into memory without end.
func TestReaderBoundsTokens(t *testing.T) {
	n := 0
	endless := readerFunc(func(p []byte) (int, error) {
		n += len(p)
		return copy(p, bytes.Repeat([]byte{'a'}, len(p))), nil
	})
	r := NewReader(io.MultiReader(strings.NewReader("<a>\n<b c='"), endless), "x.xml")
	r.limit = 1 << 20
	_, err := ours(r)
	if !errors.Is(err, ErrSyntax) || !strings.HasPrefix(err.Error(), "x.xml:2:") || n > 2*r.limit {
		t.Errorf("read %d bytes, then %v", n, err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestErrorsStay(t *testing.T) {
	r := NewReader(strings.NewReader("<a></b></a>"), "x.xml")
	_, _ = r.Next()
	_, first := r.Next()
	if _, second := r.Next(); second == nil || second != first {
		t.Errorf("%v, then %v", first, second)
	}
}

func TestContent(t *testing.T) {
	r := NewReader(strings.NewReader("<a>1<b>no</b>&amp;<!-- -->2<c/><![CDATA[3]]></a>"), "x.xml")
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Content(); string(got) != "1&23" || err != nil {
		t.Errorf("content %q, %v", got, err)
	}
}

// What is read of a whole element stays as it was, wherever the buffer was moved.
func TestWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var doc bytes.Buffer
		var want []string
		doc.WriteString("<a xmlns:p='u'>")
		for i := range rapid.IntRange(0, 6).Draw(t, "elements") {
			item := fmt.Sprintf("<p:b n='%d&gt;'>%s</p:b>", i, strings.Repeat("<c>&lt;x</c> ", rapid.IntRange(0, 3000).Draw(t, "size")/rapid.SampledFrom([]int{1, 100}).Draw(t, "smaller")))
			want = append(want, item)
			doc.WriteString(" " + item)
		}
		doc.WriteString("</a>")
		r := NewReader(bytes.NewReader(doc.Bytes()), "x.xml")
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if _, err := r.NextTag(); err != nil {
				t.Fatal(err)
			}
			var number []byte
			var texts [][]byte
			raw, err := r.Whole(func() error {
				number, texts = r.Attr("n"), nil
				for {
					kind, err := r.NextTag()
					if err != nil || kind == End {
						return err
					}
					text, err := r.Content()
					if err != nil {
						return err
					}
					texts = append(texts, text)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if string(raw) != want[i] || string(number) != fmt.Sprintf("%d>", i) || len(texts) != strings.Count(want[i], "<c>") {
				t.Fatalf("element %d: %d bytes of %d, number %q, %d texts", i, len(raw), len(want[i]), number, len(texts))
			}
			for _, text := range texts {
				if string(text) != "<x" {
					t.Fatalf("a text became %q", text)
				}
			}
		}
		if kind, err := r.NextTag(); kind != End || err != nil {
			t.Fatalf("%v, %v where the end is expected", kind, err)
		}
	})
}

func TestWholeHasToBeRead(t *testing.T) {
	r := NewReader(strings.NewReader("<a><b/></a>"), "x.xml")
	_, _ = r.Next()
	if _, err := r.Whole(func() error { return nil }); err == nil {
		t.Error("an element that was not read is whole")
	}
}

func TestEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("a<>&\"'\t\n\r ]äü"))).Draw(t, "text")
		var b bytes.Buffer
		b.WriteString("<a b=\"")
		Escape(&b, text)
		b.WriteString("\">")
		Escape(&b, text)
		b.WriteString("</a>")
		r := NewReader(&b, "x.xml")
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		value := string(r.Attr("b"))
		if content, err := r.Content(); value != text || string(content) != text || err != nil {
			t.Fatalf("%q became %q and %q, %v", text, value, content, err)
		}
	})
}

// stricter are the reasons to refuse what encoding/xml reads.
var stricter = []string{
	"outside of all elements", "second outermost", "there is no element", "within a token", // it reads fragments
	"document type", "encoding", "declaration", "instruction", // it reads more of these, and more leniently
	"none of the references",                     // half characters
	"control character", "UTF-8", "character U+", // in comments and the like
	"twice", "a blank is expected", "deep", "attributes", "in a value", // it does not check
	"no tag", "an attribute is expected", "half of one", "declared nowhere", "cannot be", // names and namespaces
}

// FuzzReader reads what encoding/xml reads, or knows why not.
func FuzzReader(f *testing.F) {
	for _, test := range refused[:len(refused)-2] {
		f.Add([]byte(test.in))
	}
	f.Add([]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<m xmlns=\"u\" xmlns:rpm=\"v\"><rpm:e n=\"a&amp;b\" f='x'/>&#65;<![CDATA[]]><!-- --></m>\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := ours(NewReader(bytes.NewReader(text), "x.xml"))
		again, againErr := ours(NewReader(iotest.HalfReader(bytes.NewReader(text)), "x.xml"))
		inMemory, inMemoryErr := ours(NewTextReader(text, "x.xml"))
		if diff := cmp.Diff(got, again) + cmp.Diff(got, inMemory); diff != "" || (err == nil) != (againErr == nil) || (err == nil) != (inMemoryErr == nil) {
			t.Fatalf("pieces of another size change it: %v, %v, %v\n%s", err, againErr, inMemoryErr, diff)
		}
		want, wantErr := theirs(text)
		switch {
		case err == nil && wantErr != nil:
			t.Fatalf("encoding/xml refuses it: %v", wantErr)
		case err == nil:
			if diff := cmp.Diff(unprefixed(want), unprefixed(got)); diff != "" {
				t.Fatalf("encoding/xml sees something else (-theirs +ours):\n%s", diff)
			}
		case !errors.Is(err, ErrSyntax) || !strings.HasPrefix(err.Error(), "x.xml:"):
			t.Fatalf("an error without place or kind: %v", err)
		case wantErr == nil && !containsAny(err.Error(), stricter):
			t.Fatalf("encoding/xml reads it, but: %v", err)
		}
	})
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}
