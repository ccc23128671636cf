package incoming

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

func pattern(t testing.TB, text string) repo.Pattern {
	t.Helper()
	p, err := repo.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func digest(content string) repo.Digest {
	sum := sha256.Sum256([]byte(content))
	return repo.NewDigest(repo.SHA256, sum[:])
}

// right is a file with a package, as it was listed.
func right(name string) File {
	return File{
		Name: name + ".deb", Size: 5, Digest: digest(name), Want: repo.File{Path: name + ".deb", Size: 5, Digest: digest(name)},
		Package: &repo.Inspected{Name: name, Version: "1.0", Architecture: "all", Source: name},
	}
}

func TestDecide(t *testing.T) {
	team, web, shared := 0, 1, 2
	uploaders := []Uploader{
		{},
		{Packages: []repo.Pattern{pattern(t, "web-*"), pattern(t, "website")}},
		{Packages: []repo.Pattern{pattern(t, "/^lib/")}},
	}
	by := func(who ...int) (s []Signature) {
		for _, i := range who {
			s = append(s, Signature{i, []string{"TEAM", "WEB", "SHARED"}[i]})
		}
		return s
	}
	changed := func(change func(f *File)) []File {
		f := right("web-app")
		change(&f)
		return []File{right("web-data"), f}
	}
	for name, test := range map[string]struct {
		facts Facts
		want  []string // parts of each reason
	}{
		"all right":             {Facts{Signed: by(team), Files: []File{right("app")}}, nil},
		"with other files":      {Facts{Signed: by(team), Files: []File{right("app"), {Name: "app.buildinfo"}}}, nil},
		"nobody's":              {Facts{Unsigned: "unknown key", Files: []File{right("app")}}, []string{"not signed by an uploader: unknown key"}},
		"no packages":           {Facts{Signed: by(team), Files: []File{{Name: "README"}}}, []string{"no package"}},
		"nothing":               {Facts{Signed: by(team)}, []string{"no package"}},
		"a list that is broken": {Facts{Signed: by(team), Problem: "it lists no files"}, []string{"it lists no files"}},
		"of the right name":     {Facts{Signed: by(web), Files: []File{right("web-app"), right("website")}}, nil},
		"of another name":       {Facts{Signed: by(web), Files: []File{right("web-app"), right("libc6"), right("base")}}, []string{"WEB may not upload libc6, base"}},
		"one may, one may not":  {Facts{Signed: by(web, shared), Files: []File{right("libweb")}}, nil},
		"each may a part":       {Facts{Signed: by(web, shared), Files: []File{right("libweb"), right("web-app")}}, []string{"WEB may not upload libweb", "SHARED may not upload web-app"}},
		"of the right source":   {Facts{Signed: by(web), Files: changed(func(f *File) { f.Package.Name, f.Package.Source = "other", "website" })}, nil},
		"of another size":       {Facts{Signed: by(team), Files: changed(func(f *File) { f.Size = 6 })}, []string{"web-app.deb: it has 6 bytes, 5 are listed"}},
		"of another content":    {Facts{Signed: by(team), Files: changed(func(f *File) { f.Digest = digest("evil") })}, []string{"web-app.deb: its digest is"}},
		"listed by MD5 alone": {Facts{Signed: by(team), Files: changed(func(f *File) {
			f.Want.Digest = repo.NewDigest(repo.MD5, []byte("0123456789abcdef"))
			f.Digest = f.Want.Digest
		})}, []string{"web-app.deb: its digest is listed as md5 only"}},
		"broken":                 {Facts{Signed: by(team), Files: changed(func(f *File) { f.Package, f.Problem = nil, "it is truncated" })}, []string{"web-app.deb: it is truncated"}},
		"of several ills":        {Facts{Unsigned: "expired", Files: changed(func(f *File) { f.Size = 6; f.Problem = "truncated" })}, []string{"expired", "6 bytes", "truncated"}},
		"a package nobody lists": {Facts{Signed: by(team), Files: changed(func(f *File) { f.Want = repo.File{} })}, nil}, // it is signed itself
	} {
		t.Run(name, func(t *testing.T) {
			got := Decide(&test.facts, uploaders)
			if len(got) != len(test.want) {
				t.Fatalf("reasons %q, expected %q", got, test.want)
			}
			for i := range got {
				if !strings.Contains(got[i], test.want[i]) {
					t.Errorf("reason %q, expected %q", got[i], test.want[i])
				}
			}
		})
	}
}

// Whatever else is said of an upload, it is not admitted when nobody signed it, when a
// file is not what was listed, when a package cannot be read, or when no signer may
// upload all of its packages.
func TestDecideAdmitsNothingElse(t *testing.T) {
	names := rapid.SampledFrom([]string{"web-app", "libweb", "base"})
	rapid.Check(t, func(t *rapid.T) {
		uploaders := make([]Uploader, rapid.IntRange(1, 3).Draw(t, "uploaders"))
		for i := range uploaders {
			for _, p := range rapid.SliceOfN(rapid.SampledFrom([]string{"web-*", "lib*", "base"}), 0, 2).Draw(t, "packages") {
				x, _ := repo.ParsePattern(p)
				uploaders[i].Packages = append(uploaders[i].Packages, x)
			}
		}
		f := &Facts{Unsigned: "why"}
		for _, i := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(uploaders)-1), 0, 2, rapid.ID[int]).Draw(t, "signed") {
			f.Signed = append(f.Signed, Signature{i, "somebody"})
		}
		good, packages := len(f.Signed) > 0, []string{}
		for range rapid.IntRange(0, 3).Draw(t, "files") {
			file := right(names.Draw(t, "name"))
			switch rapid.IntRange(0, 5).Draw(t, "ill") {
			case 0:
				file.Digest, good = digest("evil"), false
			case 1:
				file.Size++
				good = false
			case 2:
				file.Package, file.Problem, good = nil, "broken", false
			}
			if file.Package != nil {
				packages = append(packages, file.Package.Name)
			}
			f.Files = append(f.Files, file)
		}
		may := slices.ContainsFunc(f.Signed, func(s Signature) bool {
			return !slices.ContainsFunc(packages, func(name string) bool {
				u := uploaders[s.Uploader]
				return len(u.Packages) > 0 && !slices.ContainsFunc(u.Packages, func(p repo.Pattern) bool { return p.Match(name) })
			})
		})
		want := good && may && len(packages) > 0
		if got := Decide(f, uploaders); (len(got) == 0) != want {
			t.Fatalf("admitted: %v, expected %v: %q", len(got) == 0, want, got)
		}
	})
}
