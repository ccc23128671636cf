// Package sshdtest runs real OpenSSH servers for tests. Each has its own namespaces,
// with its own users and mounts, so that nothing of the machine is changed and nothing
// is left running.
package sshdtest

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// The user that the servers let in: by [Server.Key], or by the password.
const (
	User     = "planter"
	Password = "correct horse"
	UserID   = 20222

	passwordDigest = "$6$plant$VnNEYenxex4Sjz7a66aONkdY//c4JlsaOYi23P4cgmBnjRYYj7y/U8zc9C2iwnJvZvexTE7eeXOsK8Tc/uZU/0"
)

// Options are what one server has beyond the others.
type Options struct {
	// Config are further lines of sshd_config, which count before the usual ones.
	Config []string
	// Setup are commands of the shell that the server's mounts are made with. TREE is
	// the directory of [Server.Tree].
	Setup []string
	// HostKeys are the types of the host's keys, "ed25519" or "rsa". Default ed25519.
	HostKeys []string
	// Port is where it listens. Default: one that is free.
	Port int
	// Key is the file of a private key that is let in. Default: a new one.
	Key string
}

// Server is a running sshd.
type Server struct {
	Port int
	// Tree is an empty directory that belongs to the user, and that nobody else needs.
	Tree string
	// Key is the file of a private key that is let in.
	Key string
	// KnownHosts is a file that has the host's keys.
	KnownHosts string
	// HostKeys are the public host keys, in the order of the options.
	HostKeys []ssh.PublicKey

	cmd *exec.Cmd
	log *output
}

// Start runs a server until the test ends. Without the programs that it takes, the test
// is skipped, or fails where everything has to be there.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	sshd := need(t, "sshd")
	need(t, "unshare")
	if os.Getuid() != 0 {
		absent(t, "running sshd needs root")
	}
	dir := tempDir(t)
	s := &Server{Port: o.Port, Tree: filepath.Join(dir, "tree"), Key: o.Key, KnownHosts: filepath.Join(dir, "known_hosts"), log: &output{}}
	if s.Port == 0 {
		s.Port = freePort(t)
	}
	check(t, os.Mkdir(s.Tree, 0o755))
	check(t, os.Chown(s.Tree, UserID, UserID))
	if s.Key == "" {
		s.Key = filepath.Join(dir, "id_ed25519")
		WriteKey(t, s.Key, NewKey(t), "")
	}
	write(t, filepath.Join(dir, "authorized_keys"), ssh.MarshalAuthorizedKey(publicKey(t, s.Key)))
	lines := append(slices.Clone(o.Config), "Port "+strconv.Itoa(s.Port), "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no", "StrictModes no",
		"AuthorizedKeysFile "+filepath.Join(dir, "authorized_keys"), "KbdInteractiveAuthentication no", "MaxStartups 100", "LogLevel VERBOSE",
		"Subsystem sftp internal-sftp")
	if len(o.HostKeys) == 0 {
		o.HostKeys = []string{"ed25519"}
	}
	var known bytes.Buffer
	for _, kind := range o.HostKeys {
		file, key := filepath.Join(dir, "host_"+kind), crypto.Signer(nil)
		if kind == "rsa" {
			var err error
			key, err = rsa.GenerateKey(rand.Reader, 2048)
			check(t, err)
		} else {
			key = NewKey(t)
		}
		WriteKey(t, file, key, "")
		public := publicKey(t, file)
		s.HostKeys = append(s.HostKeys, public)
		fmt.Fprintf(&known, "[127.0.0.1]:%d %s", s.Port, ssh.MarshalAuthorizedKey(public))
		lines = append(lines, "HostKey "+file)
	}
	write(t, s.KnownHosts, known.Bytes())
	write(t, filepath.Join(dir, "sshd_config"), []byte(strings.Join(lines, "\n")+"\n"))
	user := fmt.Sprintf("%s:x:%d:%d::%s:/bin/sh\n", User, UserID, UserID, s.Tree)
	write(t, filepath.Join(dir, "passwd"), append(read(t, "/etc/passwd"), user...))
	write(t, filepath.Join(dir, "shadow"), fmt.Appendf(read(t, "/etc/shadow"), "%s:%s:19000:0:99999:7:::\n", User, passwordDigest))
	s.run(t, sshd, dir, o.Setup)
	return s
}

func (s *Server) run(t testing.TB, sshd, dir string, setup []string) {
	script := []string{
		"set -e", "TREE=" + s.Tree, "mount --make-rprivate /", "mount -t tmpfs none /run", "mkdir /run/sshd",
		"mount --bind " + dir + "/passwd /etc/passwd", "mount --bind " + dir + "/shadow /etc/shadow",
	}
	script = append(append(script, setup...), "exec "+sshd+" -D -e -f "+dir+"/sshd_config")
	s.cmd = exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", strings.Join(script, "\n"))
	s.cmd.Stderr = s.log
	s.cmd.WaitDelay = 5 * time.Second
	check(t, s.cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // and with it all of its namespace
		<-ended
		if t.Failed() {
			t.Logf("sshd on port %d said:\n%s", s.Port, s.log)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("tcp", s.Address()); err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("sshd ended: %s", s.log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("sshd does not listen: %s", s.log)
		}
	}
}

// Address is the host and port that the server listens on.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)) }

// Log is what the server said so far.
func (s *Server) Log() string { return s.log.String() }

// Sessions returns the processes that serve logged-in connections.
func (s *Server) Sessions(t testing.TB) (sessions []int) {
	t.Helper()
	listener := children(t, s.cmd.Process.Pid) // sshd itself, in its namespace
	for _, pid := range listener {
		for _, child := range children(t, pid) {
			sessions = append(append(sessions, child), children(t, child)...)
		}
	}
	return sessions
}

// Signal sends a signal to all that serves logged-in connections.
func (s *Server) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	for _, pid := range s.Sessions(t) {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}

func children(t testing.TB, pid int) (list []int) {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	check(t, err)
	for _, word := range strings.Fields(string(content)) {
		n, err := strconv.Atoi(word)
		check(t, err)
		list = append(list, n)
	}
	return list
}

// NewKey makes a private key.
func NewKey(t testing.TB) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	return key
}

// WriteKey writes a private key, and beside it the public one.
func WriteKey(t testing.TB, file string, key crypto.Signer, passphrase string) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	check(t, err)
	check(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	public, err := ssh.NewPublicKey(key.Public())
	check(t, err)
	write(t, file+".pub", ssh.MarshalAuthorizedKey(public))
}

func publicKey(t testing.TB, file string) ssh.PublicKey {
	t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey(read(t, file+".pub"))
	check(t, err)
	return key
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// tempDir is a directory that other users may enter.
func tempDir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	check(t, os.Chmod(filepath.Dir(dir), 0o755))
	return dir
}

func need(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	absent(t, "%s is not installed; scripts/install-tools.sh test installs it", name)
	return ""
}

// absent ends a test for which the machine lacks something.
func absent(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	check(t, err)
	return content
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	check(t, os.WriteFile(file, content, 0o644))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// output collects what a server says.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

var _ io.Writer = (*output)(nil)

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
