package rpm

import (
	"bufio"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// tool looks a program up that a test compares with. Without it the test is
// skipped, but not in CI.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, err)
	}
	return path
}

// missing ends a test that has nothing to compare with.
func missing(t testing.TB, reason any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// realRPM asks the real librpm, which testdata/librpm.py loads.
type realRPM struct {
	mu      sync.Mutex
	command *exec.Cmd
	to      io.WriteCloser
	from    *bufio.Reader
}

func withLibrpm(t testing.TB) *realRPM {
	t.Helper()
	tool(t, "rpm")
	r := &realRPM{command: exec.Command(tool(t, "python3"), "testdata/librpm.py")}
	var err error
	if r.to, err = r.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	from, err := r.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.from = bufio.NewReader(from)
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.to.Close()
		r.command.Wait()
	})
	return r
}

func (r *realRPM) ask(t testing.TB, command string, arguments ...string) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range arguments {
		command += " " + hex.EncodeToString([]byte(a))
	}
	if _, err := io.WriteString(r.to, command+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := r.from.ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimSuffix(answer, "\n")
}
