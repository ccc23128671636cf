package control

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// readBlocks reads a file in blocks of about the size, up to the first error.
func readBlocks(t interface{ Fatalf(string, ...any) }, in io.Reader, size int) (all []paragraph, blocks int, err error) {
	s := NewSplitter(in, "x")
	s.size = size
	var block Block
	for {
		var ok bool
		if block, ok = s.Next(block.Text); !ok {
			return all, blocks, nil
		}
		blocks++
		text := string(block.Text)
		for r := block.Reader(); ; {
			s, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				return all, blocks, err
			}
			p := paragraph{Line: s.Line(), Text: string(s.Bytes())}
			if in := text[s.Offset():][:len(p.Text)]; in != p.Text {
				t.Fatalf("at the offset stands %q, expected %q", in, p.Text)
			}
			for i := range s.Len() {
				p.Fields = append(p.Fields, string(s.Name(i)), string(s.Value(i)))
			}
			all = append(all, p)
		}
	}
}

// Read in blocks, a file has the same stanzas, lines and first error, whatever
// separates the stanzas and wherever the blocks end.
func TestBlocksDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`((A|Bc): ?[a-z:# ]{0,9}\r?\n( [a-z#]{0,5}\n)?|\r?\n| \t\n|nonsense\n){0,40}`).Draw(t, "text")
		size := rapid.IntRange(1, 100).Draw(t, "size")
		var end error
		in := io.Reader(strings.NewReader(text))
		again := io.Reader(strings.NewReader(text))
		if rapid.Bool().Draw(t, "broken") {
			end = io.ErrUnexpectedEOF
			in, again = io.MultiReader(in, iotest.ErrReader(end)), io.MultiReader(again, iotest.ErrReader(end))
		}
		want, wantErr := readAll(NewReader(in, "x"))
		got, blocks, gotErr := readBlocks(t, again, size)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		if (wantErr == nil) != (gotErr == nil) || wantErr != nil && wantErr.Error() != gotErr.Error() {
			t.Fatalf("error is %v, expected %v", gotErr, wantErr)
		}
		if end == nil && wantErr == nil && blocks > len(text)/size+1 {
			t.Fatalf("%d bytes are cut into %d blocks", len(text), blocks)
		}
	})
}

func TestBlocksCapStanzas(t *testing.T) {
	for _, in := range []io.Reader{
		io.MultiReader(strings.NewReader("A: "), endless('x')),
		io.MultiReader(strings.NewReader("A: 1\n\nB: 1\n"), strings.NewReader(strings.Repeat(strings.Repeat(" more", 200)+"\n", MaxStanza/1000)), endless('y')),
	} {
		_, _, err := readBlocks(t, in, blockSize)
		if !errors.Is(err, ErrSyntax) || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("error is %v, expected one about the size", err)
		}
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add([]byte("A: 1\nB:\n x\n y\n\nC: 3"))
	f.Add([]byte("A : 1\r\n\r\n \n:"))
	f.Fuzz(func(t *testing.T, in []byte) {
		want, wantErr := readAll(NewReader(bytes.NewReader(in), "x"))
		got, _, err := readBlocks(t, iotest.OneByteReader(bytes.NewReader(in)), 10)
		if d := cmp.Diff(want, got); d != "" || (err == nil) != (wantErr == nil) {
			t.Fatalf("error is %v, expected %v; stanzas: %s", err, wantErr, d)
		}
	})
}
