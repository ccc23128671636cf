package incoming_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/incoming"
	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/signature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a directory for uploads, and a repository that takes everything.
type site struct {
	t       *testing.T
	dir     string
	staging string
	key     *repotest.Key
	job     incoming.Job
	door    *incoming.Door

	published map[string]string // contents of the files that were handed on, by name
	publish   func(files []string) (map[string]string, error)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), staging: t.TempDir(), key: repotest.NewKey(t), published: map[string]string{}}
	s.job = incoming.Job{
		Dir: s.dir, Staging: s.staging, Creator: &deb.Creator{Suite: "stable"}, List: ".changes",
		Uploaders: []incoming.Uploader{{Keys: ring(t, s.key)}},
		Publish: func(_ context.Context, files []string) (map[string]string, error) {
			if s.publish != nil {
				if refused, err := s.publish(files); len(refused) > 0 || err != nil {
					return refused, err
				}
			}
			for _, f := range files {
				s.published[filepath.Base(f)] = s.read(f)
			}
			return nil, nil
		},
	}
	return s
}

func ring(t *testing.T, key *repotest.Key) *signature.Keyring {
	t.Helper()
	k := &signature.Keyring{}
	if err := k.Add("uploader", key.Public(t, false)); err != nil {
		t.Fatal(err)
	}
	return k
}

func (s *site) open() {
	s.t.Helper()
	door, err := incoming.Open(s.job)
	if err != nil {
		s.t.Fatal(err)
	}
	s.door = door
	s.t.Cleanup(func() { door.Close() })
}

// look looks, and returns what became of each upload.
func (s *site) look() map[string]incoming.Outcome {
	s.t.Helper()
	if s.door == nil {
		s.open()
	}
	outcomes, err := s.door.Look(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return byName(outcomes)
}

func byName(outcomes []incoming.Outcome) map[string]incoming.Outcome {
	all := map[string]incoming.Outcome{}
	for _, o := range outcomes {
		all[o.Name] = o
	}
	return all
}

// twice looks twice, so that what is there has settled.
func (s *site) twice() map[string]incoming.Outcome {
	s.t.Helper()
	s.look()
	return s.look()
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) put(name string, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), content, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(path string) string {
	s.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}

// there are the names of the files in the directory.
func (s *site) there() []string {
	s.t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "refused" {
			names = append(names, e.Name())
		}
	}
	return names
}

func (s *site) wantThere(names ...string) {
	s.t.Helper()
	if got := s.there(); !slices.Equal(got, names) {
		s.t.Errorf("the directory has %q, expected %q", got, names)
	}
}

func (s *site) wantPublished(names ...string) {
	s.t.Helper()
	if got := slices.Sorted(maps.Keys(s.published)); !slices.Equal(got, names) {
		s.t.Errorf("published are %q, expected %q", got, names)
	}
	entries, err := filepath.Glob(filepath.Join(s.staging, "upload-*"))
	if err != nil || len(entries) > 0 {
		s.t.Errorf("copies are left: %q, %v", entries, err)
	}
}

// wantRefused wants an upload to be put away, with a text that says why.
func (s *site) wantRefused(o incoming.Outcome, why string, files ...string) {
	s.t.Helper()
	if o.State != incoming.Refused {
		s.t.Errorf("%+v, expected it to be refused: %s", o, why)
		return
	}
	text := s.read(filepath.Join(s.dir, o.Moved, "REASON"))
	if !strings.Contains(text, why) || !strings.Contains(strings.Join(o.Reasons, "\n"), why) {
		s.t.Errorf("nothing about %q in %q, nor in:\n%s", why, o.Reasons, text)
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, o.Moved))
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := append([]string{"REASON"}, files...)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		s.t.Errorf("%s has %q, expected %q", o.Moved, names, want)
	}
}

// packages are package files by their names.
func packages(t *testing.T, text string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, path := range repotest.WritePackages(t, "deb", t.TempDir(), text) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = content
	}
	return files
}

// changes is a .changes of files, as dpkg-genchanges writes it.
func changes(files map[string][]byte) []byte {
	var b bytes.Buffer
	b.WriteString("Format: 1.8\nDate: Sat, 01 Aug 2026 12:00:00 +0000\nSource: app\nArchitecture: amd64\nVersion: 1.0\nDistribution: stable\n")
	b.WriteString("Checksums-Sha256:\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, " %x %d %s\n", sha256.Sum256(files[name]), len(files[name]), name)
	}
	b.WriteString("Files:\n")
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, " %x %d utils optional %s\n", md5.Sum(files[name]), len(files[name]), name)
	}
	return b.Bytes()
}

// signed is a document that is clear-signed now.
func (s *site) signed(document []byte) []byte {
	return s.key.Inline(s.t, document, time.Now().Add(-time.Minute))
}

// upload puts files and their list into the directory.
func (s *site) upload(list string, files map[string][]byte) {
	s.t.Helper()
	for name, content := range files {
		s.put(name, content)
	}
	s.put(list, s.signed(changes(files)))
}

const twoPackages = "app 1.0 amd64\napp-data 1.0 all\n"

func TestAnUploadIsAdmittedAsOneUnit(t *testing.T) {
	s := newSite(t)
	files := packages(t, twoPackages)
	files["app_1.0_amd64.buildinfo"] = []byte("Format: 1.0\n")
	s.upload("app_1.0_amd64.changes", files)
	if o := s.look(); len(s.published) > 0 {
		t.Errorf("admitted at the first look: %+v", o)
	}
	o := s.look()["app_1.0_amd64.changes"]
	if o.State != incoming.Admitted || !slices.Equal(o.Packages, []string{"app-data 1.0 all", "app 1.0 amd64"}) {
		t.Errorf("%+v", o)
	}
	if len(o.Signers) != 1 || !strings.HasPrefix(o.Signers[0], s.key.Fingerprint()) {
		t.Errorf("signed by %q", o.Signers)
	}
	s.wantPublished("app-data_1.0_all.deb", "app_1.0_amd64.deb")
	s.wantThere()
	for name, content := range files {
		if got, ok := s.published[name]; ok && got != string(content) {
			t.Errorf("%s was handed on with other content", name)
		}
	}
	if o := s.look(); len(o) > 0 {
		t.Errorf("and then %+v", o)
	}
}

// What is half there waits, however long it takes.
func TestHalfAnUploadWaits(t *testing.T) {
	s := newSite(t)
	files := packages(t, twoPackages)
	app := files["app_1.0_amd64.deb"]
	s.put("app.changes", s.signed(changes(files)))
	s.put("app-data_1.0_all.deb", files["app-data_1.0_all.deb"])
	s.put("app_1.0_amd64.deb", app[:len(app)/2])
	for range 3 {
		o := s.twice()["app.changes"]
		if o.State != incoming.Waiting || !strings.Contains(strings.Join(o.Reasons, ";"), "app_1.0_amd64.deb has") {
			t.Fatalf("%+v", o)
		}
	}
	s.put("app_1.0_amd64.deb", app)
	if o := s.look()["app.changes"]; o.State != incoming.Waiting {
		t.Errorf("a file that has just changed: %+v", o)
	}
	if o := s.look()["app.changes"]; o.State != incoming.Admitted {
		t.Errorf("%+v", o)
	}
	s.wantPublished("app-data_1.0_all.deb", "app_1.0_amd64.deb")
}

func TestUploadsAreRefused(t *testing.T) {
	files := packages(t, twoPackages)
	all := []string{"app-data_1.0_all.deb", "app.changes", "app_1.0_amd64.deb"}
	for name, test := range map[string]struct {
		change func(s *site)
		why    string
		files  []string
	}{
		"no signature": {func(s *site) { s.put("app.changes", changes(files)) }, "not signed by an uploader", all},
		"a stranger's": {func(s *site) { s.put("app.changes", repotest.NewKey(t).Inline(t, changes(files), time.Now())) }, "not signed by an uploader", all},
		"a changed list": {func(s *site) {
			s.put("app.changes", bytes.Replace(s.signed(changes(files)), []byte("stable"), []byte("evil"), 1))
		}, "not signed by an uploader", all},
		"text around it":   {func(s *site) { s.put("app.changes", append(s.signed(changes(files)), "Files: evil\n"...)) }, "not signed by an uploader", all},
		"another content":  {func(s *site) { s.put("app_1.0_amd64.deb", reversed(files["app_1.0_amd64.deb"])) }, "app_1.0_amd64.deb: its digest is", all},
		"too long":         {func(s *site) { s.put("app_1.0_amd64.deb", append(slices.Clone(files["app_1.0_amd64.deb"]), 0)) }, "are listed", all},
		"an empty list":    {func(s *site) { s.put("app.changes", s.signed([]byte("Format: 1.8\nSource: app\n"))) }, "lists no files", []string{"app.changes"}},
		"nonsense":         {func(s *site) { s.put("app.changes", []byte("nonsense")) }, "not signed", []string{"app.changes"}},
		"a large one":      {func(s *site) { s.put("app.changes", make([]byte, 5<<20)) }, "at most", []string{"app.changes"}},
		"a path":           {func(s *site) { s.put("app.changes", s.signed(changes(map[string][]byte{"../evil.deb": nil}))) }, "../evil.deb", []string{"app.changes"}},
		"MD5 alone":        {func(s *site) { s.put("app.changes", s.signed(onlyMD5(changes(files)))) }, "md5 only", all},
		"not theirs":       {func(s *site) { s.job.Uploaders[0].Packages = []repo.Pattern{pattern(t, "web-*")} }, "may not upload app", all},
		"no package in it": {func(s *site) { s.upload("app.changes", map[string][]byte{"README": []byte("text")}) }, "no package", []string{"README", "app.changes"}},
		"a broken package": {func(s *site) { s.upload("app.changes", map[string][]byte{"app_1.0_amd64.deb": []byte("!<arch>\n")}) }, "app_1.0_amd64.deb: ", []string{"app.changes", "app_1.0_amd64.deb"}},
		"of a lying name": {func(s *site) {
			s.upload("app.changes", map[string][]byte{"libc6_1.0_amd64.deb": files["app_1.0_amd64.deb"]})
		}, "should be named app_1.0_amd64.deb", []string{"app.changes", "libc6_1.0_amd64.deb"}},
		"not fitting to it": {func(s *site) {
			s.publish = func(files []string) (map[string]string, error) {
				return map[string]string{files[0]: "is there with other content"}, nil
			}
		}, "app-data_1.0_all.deb: is there with other content", all},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.upload("app.changes", files)
			test.change(s)
			s.wantRefused(s.twice()["app.changes"], test.why, test.files...)
			s.wantPublished()
			if o := s.twice(); len(o) > 0 {
				t.Errorf("and then %+v", o)
			}
		})
	}
}

// reversed has the size of the content, and another digest.
func reversed(content []byte) []byte {
	content = slices.Clone(content)
	slices.Reverse(content)
	return content
}

func onlyMD5(changes []byte) []byte {
	before, rest, _ := bytes.Cut(changes, []byte("Checksums-Sha256:\n"))
	_, files, _ := bytes.Cut(rest, []byte("Files:\n"))
	return slices.Concat(before, []byte("Files:\n"), files)
}

func pattern(t *testing.T, text string) repo.Pattern {
	t.Helper()
	p, err := repo.ParsePattern(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// One bad upload does not keep the others out, be it bad by itself or for the
// repository.
func TestOthersAreAdmitted(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		s.upload(name+".changes", packages(t, name+" 1.0 all\n"))
	}
	s.put("c.changes", changes(packages(t, "c 1.0 all\n")))
	var runs int
	s.publish = func(files []string) (map[string]string, error) {
		runs++
		for _, f := range files {
			if filepath.Base(f) == "b_1.0_all.deb" {
				return map[string]string{f: "is there with other content"}, nil
			}
		}
		return nil, nil
	}
	o := s.twice()
	s.wantPublished("a_1.0_all.deb", "d_1.0_all.deb")
	s.wantRefused(o["b.changes"], "other content", "b.changes", "b_1.0_all.deb")
	s.wantRefused(o["c.changes"], "not signed", "c.changes", "c_1.0_all.deb")
	if runs != 2 {
		t.Errorf("the repository was made %d times, expected twice", runs)
	}
	s.wantThere()
}

// Who may write to the directory cannot take others' uploads away.
func TestAStrangersListTakesNothingAway(t *testing.T) {
	s := newSite(t)
	files := packages(t, twoPackages)
	late := packages(t, "late 1.0 all\n")
	s.put("late.changes", s.signed(changes(late))) // it waits for its file
	s.upload("app.changes", files)
	evil := maps.Clone(files)
	evil["app.changes"], evil["late.changes"] = nil, nil
	s.put("evil.changes", changes(evil))
	o := s.twice()
	s.wantRefused(o["evil.changes"], "not signed", "evil.changes")
	if o["app.changes"].State != incoming.Admitted || o["late.changes"].State != incoming.Waiting {
		t.Errorf("%+v", o)
	}
	s.wantThere("late.changes")
}

// A file that two uploads share stays until both are done.
func TestUploadsShareAFile(t *testing.T) {
	s := newSite(t)
	data := packages(t, "data 1.0 all\n")
	first, second := packages(t, "a 1.0 all\n"), packages(t, "b 1.0 all\n")
	maps.Copy(first, data)
	maps.Copy(second, data)
	s.put("b.changes", s.signed(changes(second)))
	s.upload("a.changes", first)
	if o := s.twice(); o["a.changes"].State != incoming.Admitted || o["b.changes"].State != incoming.Waiting {
		t.Errorf("%+v", o)
	}
	s.wantThere("b.changes", "data_1.0_all.deb")
	s.put("b_1.0_all.deb", second["b_1.0_all.deb"])
	if o := s.twice(); o["b.changes"].State != incoming.Admitted {
		t.Errorf("%+v", o)
	}
	s.wantThere()
}

// Links, pipes, directories and hidden files are nobody's upload, and never read.
func TestOnlyFilesAreRead(t *testing.T) {
	s := newSite(t)
	files := packages(t, "app 1.0 amd64\n")
	s.put("app.changes", s.signed(changes(files)))
	outside := filepath.Join(t.TempDir(), "app_1.0_amd64.deb")
	if err := os.WriteFile(outside, files["app_1.0_amd64.deb"], 0o644); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Symlink(outside, s.path("app_1.0_amd64.deb")), syscall.Mkfifo(s.path("pipe.changes"), 0o644), os.Mkdir(s.path("dir.changes"), 0o755),
		os.WriteFile(s.path(".hidden.changes"), s.signed(changes(files)), 0o644), os.WriteFile(s.path("line\n.changes"), s.signed(changes(files)), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if o := s.twice(); len(o) != 1 || o["app.changes"].State != incoming.Waiting {
		t.Errorf("%+v", o)
	}
}

// The copies are what is handed on, and what changes meanwhile stays for the next look.
func TestFilesThatChangeMeanwhile(t *testing.T) {
	s := newSite(t)
	files := packages(t, "app 1.0 amd64\n")
	s.upload("app.changes", files)
	s.publish = func([]string) (map[string]string, error) {
		s.put("app_1.0_amd64.deb", []byte("evil"))
		return nil, nil
	}
	if o := s.twice()["app.changes"]; o.State != incoming.Admitted {
		t.Errorf("%+v", o)
	}
	if s.published["app_1.0_amd64.deb"] != string(files["app_1.0_amd64.deb"]) {
		t.Error("what changed meanwhile was handed on")
	}
	s.wantThere("app_1.0_amd64.deb")
}

// What cannot be published now is published later: nothing is lost, and what was
// published before a crash may be again.
func TestPublishingFails(t *testing.T) {
	s := newSite(t)
	s.upload("app.changes", packages(t, twoPackages))
	full := errors.New("no space")
	s.publish = func([]string) (map[string]string, error) { return nil, full }
	s.look()
	if _, err := s.door.Look(t.Context()); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
	s.wantPublished()
	s.wantThere("app-data_1.0_all.deb", "app.changes", "app_1.0_amd64.deb")
	s.publish = nil
	if o := s.look()["app.changes"]; o.State != incoming.Admitted {
		t.Errorf("%+v", o)
	}
	s.wantPublished("app-data_1.0_all.deb", "app_1.0_amd64.deb")
}

// Packages that carry their signature are uploads by themselves.
func TestPackagesAlone(t *testing.T) {
	s := newSite(t)
	files := packages(t, "a 1.0 all\nb 1.0 all\nc 1.0 all\n")
	signatures := map[string][]byte{
		"a_1.0_all.deb": s.key.Detached(t, files["a_1.0_all.deb"], time.Now()),
		"b_1.0_all.deb": repotest.NewKey(t).Detached(t, files["b_1.0_all.deb"], time.Now()),
		"c_1.0_all.deb": s.key.Detached(t, files["c_1.0_all.deb"], time.Now()),
	}
	s.job.List = ""
	s.job.Uploaders[0].Packages = []repo.Pattern{pattern(t, "/^[ab]$/")}
	s.job.CheckPackage = func(name string, content io.Reader, keys repo.Verifier, now time.Time) error {
		all, err := io.ReadAll(content)
		if err == nil {
			_, err = keys.Detached(all, signatures[name], now)
		}
		return err
	}
	for name, content := range files {
		s.put(name, content)
	}
	s.put("a_1.0_all.deb.part", nil)
	o := s.twice()
	if a := o["a_1.0_all.deb"]; a.State != incoming.Admitted || len(a.Signers) != 1 {
		t.Errorf("%+v", a)
	}
	s.wantRefused(o["b_1.0_all.deb"], "not signed by an uploader", "b_1.0_all.deb")
	s.wantRefused(o["c_1.0_all.deb"], "may not upload c", "c_1.0_all.deb")
	s.wantPublished("a_1.0_all.deb")
	s.wantThere("a_1.0_all.deb.part")
}

func TestOneProcessWatches(t *testing.T) {
	s := newSite(t)
	s.open()
	if _, err := incoming.Open(s.job); !errors.Is(err, incoming.ErrLocked) {
		t.Errorf("error %v", err)
	}
}

// An upload is seen when it comes, and told once while it waits.
func TestWatch(t *testing.T) {
	s := newSite(t)
	s.open()
	files := packages(t, twoPackages)
	told := make(chan incoming.Outcome, 16)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.door.Watch(ctx, incoming.Timing{Settle: 10 * time.Millisecond, Period: time.Hour}, func(outcomes []incoming.Outcome, err error) {
			if err != nil {
				t.Error(err)
			}
			for _, o := range outcomes {
				told <- o
			}
		})
	}()
	s.put("app.changes", s.signed(changes(files)))
	if o := <-told; o.State != incoming.Waiting {
		t.Errorf("%+v", o)
	}
	for name, content := range files {
		s.put(name+".part", content)
	}
	for name := range files {
		if err := os.Rename(s.path(name+".part"), s.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	for o := range told {
		if o.State == incoming.Admitted {
			break
		}
	}
	cancel()
	<-ended
}
