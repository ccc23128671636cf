package drawing_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/solver"
	"github.com/mirrorkeeper/mirrorkeeper/solver/drawing"
)

// anyVersion is the order of versions that are all the same.
type anyVersion struct{}

func (anyVersion) Compare(string, string) int             { return 0 }
func (anyVersion) Satisfies(string, repo.Op, string) bool { return true }

// graph makes the graph of packages p0, p1 and so on, with what each requires. p0 is the
// seed.
func graph(requires ...[]int) *solver.Graph {
	var picks []solver.Pick
	var packages []*repo.Package
	for i, of := range requires {
		p := &repo.Package{Name: fmt.Sprintf("p%d", i), Version: "1", Architecture: "all"}
		for _, to := range of {
			p.Relations = append(p.Relations, repo.Relation{Kind: repo.Requires, Alternatives: []repo.Dependency{{Name: fmt.Sprintf("p%d", to)}}})
		}
		packages = append(packages, p)
		picks = append(picks, solver.Pick{Package: p})
	}
	picks[0].Reason.Seed = "p0"
	return graphOf(picks, packages)
}

func graphOf(picks []solver.Pick, packages []*repo.Package) *solver.Graph {
	c := repo.NewCatalog(repo.BasicRules{Versions: anyVersion{}}, packages)
	return solver.NewGraph(c, picks, solver.Options{Native: "amd64", Recommends: true})
}

func TestWriteDOT(t *testing.T) {
	odd := &repo.Package{Name: `a "quoted\` + "\n", Version: "1", Architecture: "all", Relations: []repo.Relation{
		{Kind: repo.Recommends, Alternatives: []repo.Dependency{{Name: "b"}}},
	}}
	b := &repo.Package{Name: "b", Version: "1", Architecture: "all"}
	var out strings.Builder
	if err := drawing.WriteDOT(&out, graphOf([]solver.Pick{{Package: odd, Reason: solver.Reason{Mandatory: true}}, {Package: b}}, []*repo.Package{odd, b})); err != nil {
		t.Fatal(err)
	}
	want := `digraph packages {
  rankdir=LR;
  node [shape=box];
  p0 [label="a \"quoted\\? 1 all", style=bold];
  p1 [label="b 1 all"];
  p0 -> p1 [style=dashed];
}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// picture is what a drawing shows.
type picture struct {
	Width  int `xml:"width,attr"`
	Height int `xml:"height,attr"`
	Paths  []struct {
		Class string `xml:"class,attr"`
		D     string `xml:"d,attr"`
	} `xml:"path"`
	Boxes []struct {
		Class string `xml:"class,attr"`
		Title string `xml:"title"`
		Text  string `xml:"text"`
		Rect  struct {
			X      int `xml:"x,attr"`
			Y      int `xml:"y,attr"`
			Width  int `xml:"width,attr"`
			Height int `xml:"height,attr"`
		} `xml:"rect"`
	} `xml:"g"`
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func draw(t fataler, g *solver.Graph) (p picture) {
	t.Helper()
	var out, again bytes.Buffer
	if err := errors.Join(drawing.WriteSVG(&out, g), drawing.WriteSVG(&again, g)); err != nil {
		t.Fatalf("%v", err)
	}
	if !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Fatalf("two drawings of one graph differ")
	}
	if err := xml.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatalf("not well-formed: %v", err)
	}
	return p
}

// What asks stands to the left; an edge that follows from others is left out; one that
// closes a circle is marked.
func TestWriteSVG(t *testing.T) {
	p := draw(t, graph([]int{1, 2, 3}, []int{2}, []int{3}, []int{1}))
	for i := 1; i < len(p.Boxes); i++ {
		if p.Boxes[i-1].Rect.X >= p.Boxes[i].Rect.X {
			t.Errorf("%q does not stand to the right of %q", p.Boxes[i].Text, p.Boxes[i-1].Text)
		}
	}
	classes := map[string]int{}
	for _, path := range p.Paths {
		classes[path.Class]++
	}
	if diff := cmp.Diff(map[string]int{"": 3, "back": 1}, classes); diff != "" {
		t.Error(diff)
	}
	if p.Boxes[0].Class != "asked" || p.Boxes[1].Class != "" {
		t.Error("just the seed is to be marked")
	}
	if want := "p0 1 requires p3"; !strings.Contains(p.Boxes[0].Title, want) {
		t.Errorf("the description %q lacks %q", p.Boxes[0].Title, want)
	}
}

func TestWriteSVGOfNothing(t *testing.T) { draw(t, solver.Join()) }

// TestDrawingsAreReadable: every box is in the picture, none touches another, and each
// package has one.
func TestDrawingsAreReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "packages")
		requires := make([][]int, n)
		for i := range requires {
			requires[i] = rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 4).Draw(t, "requires")
		}
		p := draw(t, graph(requires...))
		if len(p.Boxes) != n {
			t.Fatalf("%d boxes of %d packages", len(p.Boxes), n)
		}
		for i, a := range p.Boxes {
			r := a.Rect
			if r.X < 0 || r.Y < 0 || r.X+r.Width > p.Width || r.Y+r.Height > p.Height {
				t.Fatalf("%s at %v is not in the picture of %d × %d", a.Text, r, p.Width, p.Height)
			}
			for _, b := range p.Boxes[:i] {
				s := b.Rect
				if r.X < s.X+s.Width && s.X < r.X+r.Width && r.Y < s.Y+s.Height && s.Y < r.Y+r.Height {
					t.Fatalf("%s at %v touches %s at %v", a.Text, r, b.Text, s)
				}
			}
		}
	})
}

func TestTooLarge(t *testing.T) {
	requires := make([][]int, drawing.MaxBoxes+1)
	if err := drawing.WriteSVG(io.Discard, graph(requires...)); !errors.Is(err, drawing.ErrTooLarge) || !strings.Contains(err.Error(), strconv.Itoa(drawing.MaxBoxes)) {
		t.Errorf("error %v", err)
	}
}
