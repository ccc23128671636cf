package plant_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/signature"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

// What is planted can be read by all, goes on from one planting to the next over one
// connection, and leaves nothing else.
func TestPlantsBySFTP(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{Config: []string{"ForceCommand internal-sftp -u 0077"}})
	dirs := directories(t, s, "a", "b/c", ".")
	p := planter(t, at(s), plant.Options{})
	first := plants(t, p, dirs, moment)
	if first.Sequence != moment.Unix() {
		t.Errorf("the first number is %d, expected the time", first.Sequence)
	}
	plants(t, p, dirs, moment.Add(time.Minute))
	for _, d := range dirs {
		holds(t, filepath.Join(s.Tree, d), moment.Unix()+60, first.Sequence+1)
	}
	if n := strings.Count(s.Log(), "Accepted publickey"); n != 1 {
		t.Errorf("there were %d logins, expected the connection to be kept", n)
	}
	for _, name := range []string{"!.timestamp.begin", ".timestamp", ".timestamp.json", "~.timestamp/.timestamp.end", "~.timestamp"} {
		info, err := os.Stat(filepath.Join(s.Tree, "a", name))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); !info.IsDir() && mode != 0o644 || info.IsDir() && mode != 0o755 {
			t.Errorf("%s has mode %o: mirrors cannot read it", name, mode)
		}
	}
	onlyEndIn(t, filepath.Join(s.Tree, "a"))
}

// onlyEndIn wants nothing unfinished in the directory of our own.
func onlyEndIn(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "~.timestamp"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%s has more than the end mark: %v, %v", dir, entries, err)
	}
}

// No shell is needed, nor more of the file system than the tree.
func TestChroot(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{
		Setup:  []string{"mount -t tmpfs -o mode=755 none /mnt", "mkdir /mnt/pub", `mount --bind "$TREE" /mnt/pub`},
		Config: []string{"ForceCommand internal-sftp", "ChrootDirectory /mnt", "DisableForwarding yes", "PermitTTY no"},
	})
	dirs := directories(t, s, "a")
	target := at(s)
	target.Path = "/pub"
	r := plants(t, planter(t, target, plant.Options{}), dirs, moment)
	holds(t, filepath.Join(s.Tree, "a"), moment.Unix(), r.Sequence)
}

// A path that begins at the user's directory, and the stamp alone.
func TestBareBelowHome(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "pub/a")
	target := at(s)
	target.Path = "."
	plants(t, planter(t, target, plant.Options{}), dirs, moment)
	plants(t, planter(t, target, plant.Options{Bare: true, Stamp: "stamp"}), dirs, moment)
	if got := content(t, filepath.Join(s.Tree, "pub/a/stamp")); got != "1796000000\n" {
		t.Errorf("the stamp holds %q", got)
	}
	// One that was planted with marks before loses them: they would say something old.
	plants(t, planter(t, target, plant.Options{Bare: true}), dirs, moment)
	entries, err := os.ReadDir(filepath.Join(s.Tree, "pub/a"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".timestamp stamp ~.timestamp" {
		t.Errorf("the directory has %s", got)
	}
}

// A planter that knows nothing of earlier ones goes on from what they planted, even
// where the clock went back and in directories that are new.
func TestSequenceGoesOn(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a", "b")
	first := plants(t, planter(t, at(s), plant.Options{}), dirs[:1], moment)
	second := plants(t, planter(t, at(s), plant.Options{}), dirs, moment.Add(-time.Hour))
	if second.Sequence != first.Sequence+1 {
		t.Errorf("%d follows %d", second.Sequence, first.Sequence)
	}
	p := planter(t, at(s), plant.Options{})
	third := plants(t, p, dirs, moment)
	for _, d := range dirs {
		if err := os.RemoveAll(filepath.Join(s.Tree, d, "!.timestamp.begin")); err != nil {
			t.Fatal(err)
		}
	}
	if fourth := plants(t, p, dirs, moment); fourth.Sequence != third.Sequence+1 {
		t.Errorf("after the marks were removed, %d follows %d", fourth.Sequence, third.Sequence)
	}
	// Another planter in between is not overtaken either.
	other := plants(t, planter(t, at(s), plant.Options{}), dirs, moment)
	if last := plants(t, p, dirs, moment); last.Sequence != other.Sequence+1 {
		t.Errorf("%d follows %d of another planter", last.Sequence, other.Sequence)
	}
}

// The signed statement is one file that gpgv accepts, and it says what the plain one
// says.
func TestSignedStatement(t *testing.T) {
	s := sshdtest.Start(t, sshdtest.Options{})
	dirs := directories(t, s, "a", "b")
	key, err := signature.Generate("planting")
	if err != nil {
		t.Fatal(err)
	}
	r := plants(t, planter(t, at(s), plant.Options{Key: key}), dirs, moment)
	names := plant.NamesOf(".timestamp")
	_, public, err := key.Public(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ring := filepath.Join(t.TempDir(), "ring.gpg")
	if err := os.WriteFile(ring, public, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		holds(t, filepath.Join(s.Tree, d), moment.Unix(), r.Sequence)
		signed := filepath.Join(s.Tree, d, names.Signed)
		statement := content(t, filepath.Join(s.Tree, d, names.Statement))
		verified := filepath.Join(t.TempDir(), "statement.json")
		if out, err := exec.Command(need(t, "gpgv"), "--keyring", ring, "--output", verified, signed).CombinedOutput(); err != nil {
			t.Fatalf("gpgv: %v: %s", err, out)
		}
		if got := content(t, verified); got != statement {
			t.Errorf("gpgv gives %q, expected the statement", got)
		}
		var keys signature.Keyring
		if err := keys.Add("ring", public); err != nil {
			t.Fatal(err)
		}
		if got, _, err := keys.Inline([]byte(content(t, signed)), time.Now()); err != nil || string(got) != statement {
			t.Errorf("what is signed is not the statement: %q, %v", got, err)
		}
	}
	// Without the key the signature goes: it would be that of an old statement.
	plants(t, planter(t, at(s), plant.Options{}), dirs, moment)
	if _, err := os.Stat(filepath.Join(s.Tree, "a", names.Signed)); !os.IsNotExist(err) {
		t.Errorf("the old signature stays: %v", err)
	}
}

// need returns the path of a program of the machine. Without it the test is
// skipped, or fails where everything has to be there.
func need(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed; scripts/install-tools.sh test installs it", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}
