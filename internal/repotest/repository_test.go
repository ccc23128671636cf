package repotest_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

func TestRepositoriesOfAllFormatsReadOneNotation(t *testing.T) {
	t.Parallel()
	r := repotest.NewRepository(t, "rpm", repotest.NewKey(t))
	r.AddText("a 2:1.0-1 amd64\n Depends: b (>= 1.0), c | d (<< 2) | e, f\n Pre-Depends: g (= 1)\nb 1.0 all\n Provides: h (= 2)")
	dir := t.TempDir()
	r.Publish(dir)
	query := func(name, tags string) string {
		return tool(t, "rpm", "-qp", "--nosignature", "--qf", tags, filepath.Join(dir, r.File(name)))
	}
	want := "a x86_64\nrpmlib(CompressedFileNames) <= 3.0.4-1\nb >= 1.0\nrpmlib(RichDependencies) <= 4.12.0-1\n(c or d < 2 or e)\nf\ng = 1\n"
	if diff := cmp.Diff(want, query("a", "%{name} %{arch}\n[%{requirenevrs}\n]")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("b noarch\nh = 2\nb = 1.0-1\n", query("b", "%{name} %{arch}\n[%{providenevrs}\n]")); diff != "" {
		t.Error(diff)
	}
}

func TestTheCommonPathsAreThere(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"deb", "rpm"} {
		r := repotest.NewRepository(t, format, repotest.NewKey(t))
		r.AddText("a\n")
		dir := t.TempDir()
		r.Publish(dir)
		for _, pattern := range []string{r.Root(), r.Index(), r.File("a")} {
			if found, err := filepath.Glob(filepath.Join(dir, pattern)); err != nil || len(found) != 1 {
				t.Errorf("%s: %s is %v (%v)", format, pattern, found, err)
			}
		}
	}
}
