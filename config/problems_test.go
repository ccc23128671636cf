package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files and the published schema anew")

// secrets is the environment of the tests.
var secrets = map[string]string{
	"PASSWORD":      "tr0ub4dor",
	"WITH_LINE_END": "tr0ub4dor\n",
	"ARCH":          "amd64",
	"MIRROR_ROOT":   "/srv/mirror",
}

func lookup(name string) (string, bool) {
	value, ok := secrets[name]
	return value, ok
}

// Each file of testdata/problems is a configuration with mistakes; the file of
// the same name in .txt is what its user is told.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/problems/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no configurations to test: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Base(file), data, lookup)
			if _, ok := errors.AsType[Errors](err); !ok {
				t.Fatalf("Parse returned %v (%T), expected Errors", err, err)
			}
			for _, secret := range []string{"hunter2", "tr0ub4dor"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the secret %s is shown", secret)
				}
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

// golden compares a text with a file, or writes the file with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; go test -update writes it anew (-want +got):\n%s", file, diff)
	}
}
