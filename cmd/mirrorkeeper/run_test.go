package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// result is what a command line printed.
type result struct {
	code      int
	out, errs string
}

// mirrorkeeper runs a command line.
func mirrorkeeper(args ...string) result {
	var out, errs bytes.Buffer
	code := run(args, &out, &errs, func(string) (string, bool) { return "", false })
	return result{code, out.String(), errs.String()}
}

// write writes a file with the directories above it.
func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMain lets the test be the program, for shells that ask it what may follow.
func TestMain(m *testing.M) {
	if os.Getenv("MIRRORKEEPER_ARGUMENTS") != "" {
		main()
	}
	os.Exit(m.Run())
}
