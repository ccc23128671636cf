package xml_test

import (
	stdxml "encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/rpm/xml"
)

func TestAppend(t *testing.T) {
	for _, test := range []struct {
		in, text, value string
		clean           bool
	}{
		{"", "", "", true},
		{"plain", "plain", "plain", true},
		{`a & b < c > d " e ' f`, `a &amp; b &lt; c &gt; d " e ' f`, `a &amp; b &lt; c &gt; d &quot; e ' f`, true},
		{"a\tb\nc\rd", "a\tb\nc&#13;d", "a&#9;b&#10;c&#13;d", true},
		{"ü€𝄞", "ü€𝄞", "&#xFC;&#x20AC;&#x1D11E;", true},
		{"\x7f\u0085", "\x7f\u0085", "\x7f&#x85;", true},
		{"a\x01b", "a\uFFFDb", "a&#xFFFD;b", false},
		{"\ufffe\uffff", "\uFFFD\uFFFD", "&#xFFFD;&#xFFFD;", false},
		{"\ufffd\uffee", "\ufffd\uffee", "&#xFFFD;&#xFFEE;", true},
		{"caf\xe9 \xa9\x80", "café ", "caf&#xE9; ", true},
		{"\xed\xa0\x80", "í", "&#xED;", true},
	} {
		if got, clean := xml.AppendText(nil, []byte(test.in)); string(got) != test.text || clean != test.clean {
			t.Errorf("%q as text is %q, %v", test.in, got, clean)
		}
		if got, clean := xml.AppendValue(nil, []byte(test.in)); string(got) != test.value || clean != test.clean {
			t.Errorf("%q as a value is %q, %v", test.in, got, clean)
		}
	}
}

// Whatever is written is read again: the same where it is clean text of UTF-8.
func TestAppendedIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "UTF-8") {
			in = rapid.String().Draw(t, "text")
		}
		text, cleanText := xml.AppendText(nil, []byte(in))
		value, cleanValue := xml.AppendValue(nil, []byte(in))
		if cleanText != cleanValue {
			t.Fatalf("%q is clean as text: %v", in, cleanText)
		}
		document := `<a b="` + string(value) + `">` + string(text) + `</a>`
		var parsed struct {
			B    string `xml:"b,attr"`
			Text string `xml:",chardata"`
		}
		if err := stdxml.NewDecoder(strings.NewReader(document)).Decode(&parsed); err != nil {
			t.Fatalf("%q: %v", document, err)
		}
		if parsed.B != parsed.Text || cleanText && utf8.ValidString(in) && parsed.Text != in {
			t.Fatalf("%q is read as %q and %q", in, parsed.B, parsed.Text)
		}
		r := xml.NewTextReader([]byte(document), "x")
		if _, err := r.NextTag(); err != nil {
			t.Fatal(err)
		}
		if got := string(r.Attr("b")); got != parsed.B {
			t.Fatalf("%q is read as %q", document, got)
		}
		if got, err := r.Content(); err != nil || string(got) != parsed.Text {
			t.Fatalf("%q is read as %q, %v", document, got, err)
		}
	})
}
