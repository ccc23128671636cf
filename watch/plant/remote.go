package plant

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync/atomic"

	"github.com/pkg/sftp"

	"github.com/mirrorkeeper/mirrorkeeper/watch/plant/sshdial"
)

// remote is a directory of a server, reached by SFTP (draft-ietf-secsh-filexfer-02).
// Nothing else is asked of the server: no shell, no command.
type remote struct {
	path   string
	client *sshdial.Client
	files  *sftp.Client
	broken atomic.Bool // SFTP does not go on, though SSH may
	// What the server can do beyond the protocol.
	posixRename, fsync, statvfs bool
}

func openRemote(ctx context.Context, t Target, m sshdial.Machine) (*remote, error) {
	client, err := sshdial.Dial(ctx, *t.Server, m)
	if err != nil {
		return nil, err
	}
	r := &remote{path: t.Path, client: client}
	err = client.Within(ctx, func() (err error) {
		r.files, err = sftp.NewClient(client.SSH())
		return err
	})
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("%s offers no SFTP: %w", client, err)
	}
	_, r.posixRename = r.files.HasExtension("posix-rename@openssh.com")
	_, r.fsync = r.files.HasExtension("fsync@openssh.com")
	_, r.statvfs = r.files.HasExtension("statvfs@openssh.com")
	return r, nil
}

func (r *remote) close() {
	r.client.Close() // first, since the farewell of SFTP waits for the server
	r.files.Close()
}

func (r *remote) lost() bool {
	select {
	case <-r.client.Lost():
		return true
	default:
		return r.broken.Load()
	}
}

func (r *remote) warnings() []string {
	if r.posixRename {
		return nil
	}
	return []string{"the server cannot replace files in one step (no posix-rename@openssh.com): while one is planted it is absent for a moment"}
}

// ask does something that waits for one answer.
func (r *remote) ask(ctx context.Context, do func() error) error {
	err := r.client.Within(ctx, do)
	if err != nil && !isAnswer(err) {
		r.broken.Store(true)
	}
	return err
}

// isAnswer reports whether an error is what the server answered, after which it can be
// asked again.
func isAnswer(err error) bool {
	if status, ok := errors.AsType[*sftp.StatusError](err); ok {
		return status.Code != uint32(sftp.ErrSSHFxNoConnection) && status.Code != uint32(sftp.ErrSSHFxConnectionLost)
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

func (r *remote) directory(ctx context.Context, name string) (directory, error) {
	d := remoteDirectory{r, path.Join(r.path, name)}
	info, err := d.stat(ctx, ".", r.files.Stat)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the directory is not there: %w", err)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, errors.New("it is no directory")
	}
	return d, nil
}

type remoteDirectory struct {
	*remote
	path string
}

func (remoteDirectory) close() {}

func (d remoteDirectory) at(name string) string { return path.Join(d.path, name) }

func (d remoteDirectory) stat(ctx context.Context, name string, stat func(string) (fs.FileInfo, error)) (info fs.FileInfo, err error) {
	err = d.ask(ctx, func() error {
		info, err = stat(d.at(name))
		return err
	})
	return info, err
}

func (d remoteDirectory) read(ctx context.Context, name string) ([]byte, error) {
	info, err := d.stat(ctx, name, d.files.Lstat)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // the server would wait for the other end of a pipe
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	var content []byte
	err = d.ask(ctx, func() error {
		file, err := d.files.Open(d.at(name))
		if err != nil {
			return err
		}
		content, err = io.ReadAll(io.LimitReader(file, maxMark+1))
		return errors.Join(err, file.Close())
	})
	return content, err
}

func (d remoteDirectory) create(ctx context.Context, name string, content []byte) error {
	var file *sftp.File
	err := d.ask(ctx, func() (err error) {
		file, err = d.files.OpenFile(d.at(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
		return err
	})
	if err != nil {
		return d.explained(ctx, err)
	}
	err = d.ask(ctx, func() error {
		_, err := file.Write(content)
		return err
	})
	if err == nil && d.fsync {
		err = d.ask(ctx, file.Sync)
	}
	if err == nil {
		// Servers that know no modes refuse this, and so be it.
		if refused := d.ask(ctx, func() error { return file.Chmod(0o644) }); refused != nil && !isAnswer(refused) {
			err = refused
		}
	}
	if closed := d.ask(ctx, file.Close); err == nil {
		err = closed
	}
	return d.explained(ctx, err)
}

func (d remoteDirectory) replace(ctx context.Context, from, to string) error {
	if d.posixRename {
		return d.explained(ctx, d.ask(ctx, func() error { return d.files.PosixRename(d.at(from), d.at(to)) }))
	}
	// By the protocol a rename fails where the new name exists; some servers replace it
	// all the same.
	rename := func(from, to string) error {
		return d.ask(ctx, func() error { return d.files.Rename(d.at(from), d.at(to)) })
	}
	err := rename(from, to)
	if err == nil {
		return nil
	}
	if _, absent := d.stat(ctx, to, d.files.Lstat); absent != nil {
		return d.explained(ctx, err)
	}
	aside := path.Join(path.Dir(from), unfinished(path.Base(to)))
	if err := rename(to, aside); err != nil {
		return d.explained(ctx, err)
	}
	if err := rename(from, to); err != nil {
		_ = rename(aside, to)
		return d.explained(ctx, err)
	}
	_ = d.remove(ctx, aside)
	return nil
}

func (d remoteDirectory) remove(ctx context.Context, name string) error {
	if d.lost() {
		return fs.ErrClosed
	}
	return d.ask(ctx, func() error { return d.files.Remove(d.at(name)) })
}

func (d remoteDirectory) makeDirectory(ctx context.Context, name string) error {
	switch info, err := d.stat(ctx, name, d.files.Lstat); {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return fmt.Errorf("%s is no directory", name)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := d.ask(ctx, func() error { return d.files.Mkdir(d.at(name)) }); err != nil {
		return d.explained(ctx, err)
	}
	if refused := d.ask(ctx, func() error { return d.files.Chmod(d.at(name), 0o755) }); refused != nil && !isAnswer(refused) {
		return refused
	}
	return nil
}

func (d remoteDirectory) list(ctx context.Context, name string) (found []fs.FileInfo, err error) {
	err = d.ask(ctx, func() error {
		found, err = d.files.ReadDirContext(ctx, d.at(name))
		return err
	})
	return found, err
}

// The bits of a file system's flags (PROTOCOL of OpenSSH, section 4.4).
const readOnly = 0x1

// explained finds out why a server says of something that it failed, and no more:
// version 3 of the protocol has no words for the usual reasons.
func (d remoteDirectory) explained(ctx context.Context, err error) error {
	status, ok := errors.AsType[*sftp.StatusError](err)
	if !ok || status.Code != uint32(sftp.ErrSSHFxFailure) || !d.statvfs || d.lost() {
		return err
	}
	var system *sftp.StatVFS
	if d.ask(ctx, func() (e error) {
		system, e = d.files.StatVFS(d.path)
		return e
	}) != nil {
		return err
	}
	switch {
	case system.Flag&readOnly != 0:
		return fmt.Errorf("the file system is read-only: %w", err)
	case system.Bavail == 0:
		return fmt.Errorf("the file system is full: %w", err)
	case system.Favail == 0:
		return fmt.Errorf("the file system has no room for another file: %w", err)
	}
	return err
}
