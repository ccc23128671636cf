package plant_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// machine is one without anything that could log in by itself.
func machine(t testing.TB, env ...string) sshdial.Machine {
	t.Helper()
	variables := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		variables[name] = value
	}
	return sshdial.Machine{
		Name: "watch.example.org", User: "me", Home: t.TempDir(),
		Env: func(name string) (string, bool) { v, set := variables[name]; return v, set },
	}
}

// at is a target on the server, as its user logs in by key.
func at(s *sshdtest.Server) plant.Target {
	return plant.Target{Path: s.Tree, Server: &sshdial.Server{
		Host: "127.0.0.1", Port: s.Port, User: sshdtest.User, Identities: []string{s.Key}, KnownHosts: []string{s.KnownHosts},
	}}
}

// planter makes one that is closed when the test ends.
func planter(t testing.TB, target plant.Target, o plant.Options) *plant.Planter {
	t.Helper()
	if o.Machine.Env == nil {
		o.Machine = machine(t)
	}
	p, err := plant.New(target, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// directories makes directories in the server's tree that its user may write to.
func directories(t testing.TB, s *sshdtest.Server, names ...string) []string {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(s.Tree, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, sshdtest.UserID, sshdtest.UserID); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// plants plants and wants all directories to be planted.
func plants(t testing.TB, p *plant.Planter, names []string, now time.Time) plant.Report {
	t.Helper()
	r := p.Plant(t.Context(), names, now)
	if r.Err != nil || r.Failed() > 0 {
		t.Fatalf("not all is planted: %v, %+v", r.Err, r.Directories)
	}
	return r
}

// holds wants the files of a planting in a directory.
func holds(t testing.TB, dir string, epoch, sequence int64) {
	t.Helper()
	names := plant.NamesOf(".timestamp")
	mark := strconv.FormatInt(epoch, 10) + " " + strconv.FormatInt(sequence, 10) + "\n"
	for name, want := range map[string]string{names.Begin: mark, names.Stamp: strconv.FormatInt(epoch, 10) + "\n", names.End: mark} {
		if got := content(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s of %s holds %q, expected %q", name, dir, got, want)
		}
	}
	s, err := plant.ParseStatement([]byte(content(t, filepath.Join(dir, names.Statement))))
	if err != nil || s.Sequence != sequence || s.Epoch != epoch || s.Host != "watch.example.org" {
		t.Errorf("the statement of %s is %+v, %v", dir, s, err)
	}
}

func content(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// moment is when tests plant.
var moment = time.Unix(1796000000, 0)
