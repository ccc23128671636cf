package control

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// paragraph is a stanza written out, for comparisons.
type paragraph struct {
	Line   int
	Text   string
	Fields []string // name, value, name, value ...
}

func readAll(r *Reader) (all []paragraph, err error) {
	for {
		s, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		p := paragraph{Line: s.Line(), Text: string(s.Bytes())}
		for i := range s.Len() {
			value := s.ValueIn(p.Text, i)
			if value != string(s.Value(i)) {
				return all, errors.New("Value and ValueIn differ")
			}
			p.Fields = append(p.Fields, string(s.Name(i)), value)
		}
		all = append(all, p)
	}
}

func TestReader(t *testing.T) {
	tests := []struct {
		name, in string
		comments bool
		want     []paragraph
	}{
		{"nothing", "", false, nil},
		{"blank lines only", "\n \n\t\n", false, nil},
		{"one", "A: 1\nB: 2\n", false, []paragraph{{1, "A: 1\nB: 2\n", []string{"A", "1", "B", "2"}}}},
		{"no end of line", "A: 1", false, []paragraph{{1, "A: 1", []string{"A", "1"}}}},
		{
			"two, with blanks in the separator", "\nA: 1\n \t\n\nB: 2\n\n", false,
			[]paragraph{{2, "A: 1\n", []string{"A", "1"}}, {5, "B: 2\n", []string{"B", "2"}}},
		},
		{
			"continuation lines stay as they are", "Files:\n 1 2 x\n\t3 4  y \nD:  a\n .\n  b\n", false,
			[]paragraph{{1, "Files:\n 1 2 x\n\t3 4  y \nD:  a\n .\n  b\n", []string{"Files", "\n 1 2 x\n\t3 4  y", "D", "a\n .\n  b"}}},
		},
		{"empty value", "A:\nB: \n", false, []paragraph{{1, "A:\nB: \n", []string{"A", "", "B", ""}}}},
		{"blank before the colon", "A : 1\n", false, []paragraph{{1, "A : 1\n", []string{"A", "1"}}}},
		{"colons in values", "A: b:c\n", false, []paragraph{{1, "A: b:c\n", []string{"A", "b:c"}}}},
		{
			"CRLF", "A: 1\r\nB: 2\r\n\r\nC: 3\r\n", false,
			[]paragraph{{1, "A: 1\r\nB: 2\r\n", []string{"A", "1", "B", "2"}}, {4, "C: 3\r\n", []string{"C", "3"}}},
		},
		{
			"comments", "# first\n\n# second\nTypes: deb\n# third\nURIs: x\n#y\n z\n", true,
			[]paragraph{{3, "# second\nTypes: deb\n# third\nURIs: x\n#y\n z\n", []string{"Types", "deb", "URIs", "x\n#y\n z"}}},
		},
		{"no comments in indexes", "#A: 1\n", false, []paragraph{{1, "#A: 1\n", []string{"#A", "1"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := NewReader(strings.NewReader(test.in), "test")
			r.Comments = test.comments
			got, err := readAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReaderErrors(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"no colon", "A: 1\nnonsense\n", `x/Packages:2: malformed control file: line "nonsense" is not "Name: value"`},
		{"no name", "A: 1\n\n: v\n", `x/Packages:3: malformed control file: line ": v" is not "Name: value"`},
		{"continuation of nothing", "\n x\n", `x/Packages:2: malformed control file: continuation line " x" before any field`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := readAll(NewReader(strings.NewReader(test.in), "x/Packages"))
			if err == nil || err.Error() != test.want || !errors.Is(err, ErrSyntax) {
				t.Errorf("error is %v, expected %s", err, test.want)
			}
		})
	}
}

func TestReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("link went down")
	in := io.MultiReader(strings.NewReader("A: 1\n\nB: 2\n"), iotest.ErrReader(broken))
	got, err := readAll(NewReader(in, "x"))
	if !errors.Is(err, broken) || len(got) != 1 {
		t.Errorf("got %d stanzas and %v, expected the first stanza and the error", len(got), err)
	}
}

// endless yields one byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestReaderCapsStanzas(t *testing.T) {
	for _, in := range []io.Reader{
		io.MultiReader(strings.NewReader("A: "), endless('x')),
		io.MultiReader(strings.NewReader("A: 1\n\nB: 1\n"), strings.NewReader(strings.Repeat(" more\n", MaxStanza/6)), endless('\n')),
		io.MultiReader(strings.NewReader("A:"), endless(':')),
	} {
		_, err := readAll(NewReader(in, "x"))
		if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("error is %v, expected one about the size", err)
		}
	}
}

func TestGet(t *testing.T) {
	s, err := NewReader(strings.NewReader("Package: a\nMD5sum: 1\nmd5SUM: 2\nEmpty:\n"), "x").Next()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"PACKAGE": "a", "MD5Sum": "1", "empty": "", "Absent": ""} {
		if got := string(s.Get(name)); got != want {
			t.Errorf("%s is %q, expected %q", name, got, want)
		}
	}
	if s.Get("Empty") == nil || s.Get("Absent") != nil {
		t.Error("an empty field and an absent one are not told apart")
	}
}

// A stanza reads the same wherever the chunks of the stream end.
func TestChunksDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`((A|Bc|D-e): ?[a-z:# ]{0,9}\r?\n( [a-z#]{0,5}\n)?|\n| \n){0,20}`).Draw(t, "text")
		want, wantErr := readAll(NewReader(strings.NewReader(text), "x"))
		r := NewReader(iotest.OneByteReader(strings.NewReader(text)), "x")
		r.buf = make([]byte, 1)
		got, gotErr := readAll(r)
		if d := cmp.Diff(want, got); d != "" || (wantErr == nil) != (gotErr == nil) {
			t.Fatalf("errors %v and %v, stanzas: %s", wantErr, gotErr, d)
		}
	})
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("A: 1\nB:\n x\n y\n\nC: 3"), false)
	f.Add([]byte("# c\nA : 1\r\n\r\n \n:"), true)
	f.Fuzz(func(t *testing.T, in []byte, comments bool) {
		r := NewReader(bytes.NewReader(in), "x")
		r.Comments = comments
		all, err := readAll(r)
		if err != nil && !errors.Is(err, ErrSyntax) {
			t.Fatalf("unexpected kind of error: %v", err)
		}
		rest := string(in)
		for _, p := range all {
			// Every stanza is in the input as it stands, in order.
			i := strings.Index(rest, p.Text)
			if i < 0 {
				t.Fatalf("stanza %q is not in the rest of the input %q", p.Text, rest)
			}
			rest = rest[i+len(p.Text):]
			if len(p.Fields) == 0 || slices.Contains(p.Fields[:1], "") {
				t.Fatalf("stanza %q has no proper field", p.Text)
			}
		}
	})
}

// The machine's own package lists, where it has any, come back byte for byte.
func TestRealLists(t *testing.T) {
	helper := "/usr/lib/apt/apt-helper"
	lists, _ := filepath.Glob("/var/lib/apt/lists/*_Packages*")
	if _, err := exec.LookPath(helper); err != nil || len(lists) == 0 {
		t.Skip("no package lists here")
	}
	for _, list := range lists {
		content, err := exec.Command(helper, "cat-file", list).Output()
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		for r := NewReader(bytes.NewReader(content), list); ; {
			s, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			again.Write(s.Bytes())
			again.WriteByte('\n')
		}
		if !bytes.Equal(content, again.Bytes()) {
			t.Errorf("%s: the stanzas written out differ from the file", list)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	var text bytes.Buffer
	for range 20000 {
		text.WriteString("Package: libsomething-dev\nSource: libsomething\nVersion: 1.2.3-4\nInstalled-Size: 1234\n" +
			"Maintainer: Somebody Somewhere <somebody@example.org>\nArchitecture: amd64\nDepends: libc6 (>= 2.36), libsomething1 (= 1.2.3-4)\n" +
			"Description: something for developers\nHomepage: https://example.org/something\nDescription-md5: d2d4cd8d1d1ab9bbb1ab1a2f9c1d5f7e\n" +
			"Section: libdevel\nPriority: optional\nFilename: pool/main/libs/libsomething/libsomething-dev_1.2.3-4_amd64.deb\nSize: 123456\n" +
			"SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\n")
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		for r := NewReader(bytes.NewReader(text.Bytes()), "x"); ; {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
}
