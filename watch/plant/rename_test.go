package plant_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdtest"
)

// strictFiles are the files of a directory, served by the letter of version 3 of the
// protocol: a rename fails where the new name exists, and nothing else is there.
type strictFiles struct{ *os.Root }

func (f strictFiles) path(name string) string { return filepath.Join(".", name) }

func (f strictFiles) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	return f.Open(f.path(r.Filepath))
}

func (f strictFiles) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	return f.OpenFile(f.path(r.Filepath), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (f strictFiles) Filecmd(r *sftp.Request) error {
	name, target := f.path(r.Filepath), f.path(r.Target)
	switch r.Method {
	case "Rename":
		if _, err := f.Root.Lstat(target); err == nil {
			return sftp.ErrSSHFxFailure
		}
		return f.Root.Rename(name, target)
	case "Mkdir":
		return f.Root.Mkdir(name, 0o755)
	case "Remove":
		return f.Root.Remove(name)
	}
	return sftp.ErrSSHFxOpUnsupported // modes, too
}

type listed []fs.FileInfo

func (l listed) ListAt(to []fs.FileInfo, offset int64) (int, error) {
	if offset >= int64(len(l)) {
		return 0, io.EOF
	}
	n := copy(to, l[offset:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

func (f strictFiles) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if r.Method != "List" {
		info, err := f.Root.Lstat(f.path(r.Filepath))
		return listed{info}, err
	}
	dir, err := f.Open(f.path(r.Filepath))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	all, err := dir.Readdir(-1)
	return listed(all), err
}

// serveStrictly serves the files over SSH, and returns how they are reached.
func serveStrictly(t *testing.T, files strictFiles) *sshdial.Server {
	t.Helper()
	if err := sftp.SetSFTPExtensions(); err != nil { // none
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(sshdtest.NewKey(t))
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
		if string(password) != sshdtest.Password {
			return nil, errors.New("wrong password")
		}
		return nil, nil
	}}
	config.AddHostKey(signer)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	session := func(channel ssh.Channel, requests <-chan *ssh.Request) {
		for r := range requests {
			_ = r.Reply(r.Type == "subsystem", nil)
			if r.Type == "subsystem" {
				running.Go(func() {
					_ = sftp.NewRequestServer(channel, sftp.Handlers{FileGet: files, FilePut: files, FileCmd: files, FileList: files}).Serve()
				})
			}
		}
	}
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				_, channels, requests, err := ssh.NewServerConn(conn, config)
				if err != nil {
					return
				}
				running.Go(func() { ssh.DiscardRequests(requests) })
				for c := range channels {
					if channel, requests, err := c.Accept(); err == nil {
						running.Go(func() { session(channel, requests) })
					}
				}
			})
		}
	})
	return &sshdial.Server{
		Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "anybody", Password: sshdtest.Password,
		Identities: []string{"none"}, HostKeys: []string{string(ssh.MarshalAuthorizedKey(signer.PublicKey()))},
	}
}

// A server that cannot replace files is planted at all the same; the stamp may be
// absent for a moment, but is never empty. The report says so.
func TestWithoutPosixRename(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.Mkdir("a", 0o755); err != nil {
		t.Fatal(err)
	}
	p := planter(t, plant.Target{Path: "/", Server: serveStrictly(t, strictFiles{root})}, plant.Options{})
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
			}
			b, err := root.ReadFile("a/.timestamp")
			if err == nil && len(b) != len("1796000000\n") {
				t.Errorf("the stamp holds %q", b)
				return
			}
		}
	})
	for i := range 20 {
		now := moment.Add(time.Duration(i) * time.Second)
		r := plants(t, p, []string{"a"}, now)
		holds(t, filepath.Join(dir, "a"), now.Unix(), r.Sequence)
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "cannot replace files in one step") {
			t.Errorf("the warnings are %q", r.Warnings)
		}
	}
	close(stop)
	reader.Wait()
	onlyEndIn(t, filepath.Join(dir, "a"))
}
