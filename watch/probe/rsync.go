package probe

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/transport"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// rsync asks an rsync server, by rsync(1). It goes through a connection of ours, so that
// the rules for addresses hold, and bytes are counted.
type rsync struct {
	*client
	base string // URL, rsync://HOST/MODULE/PATH
}

const (
	// maxListing bounds a listing in bytes; one of 100,000 files has about 12 MB.
	maxListing = 256 << 20
	// listingTime bounds the time of a listing: servers walk their whole tree for it.
	listingTime = 30 * time.Minute
)

// The exit codes of rsync(1) that tell what it found: some files could not be transferred,
// or vanished.
const (
	rsyncPartial  = 23
	rsyncVanished = 24
)

// listed looks at all files of a task at once, by a listing, where the site offers one: it
// returns what tells of each file.
func (l *look) listed(ctx context.Context, s *Source, t watch.Task, files []repo.File) (func(repo.File) *watch.FileSeen, bool) {
	r := l.rsync
	if r == nil && t.Level == watch.LevelSweep && l.target.Client == nil && slices.Contains(l.target.Site.Schemes, "rsync") {
		u, err := url.Parse(l.base)
		if err != nil {
			return nil, false
		}
		r = &rsync{l.client, withScheme(u, "rsync").String()}
	}
	if r == nil || len(files) == 0 {
		return nil, false
	}
	sizes, err := r.sizes(ctx, s.Path, t.Level == watch.LevelSweep, files)
	if err != nil && l.rsync == nil {
		return nil, false // file by file, then
	}
	return func(f repo.File) *watch.FileSeen {
		seen := &watch.FileSeen{Path: f.Path, At: l.client.Now(), Detail: "in the listing of " + transport.Redacted(r.base)}
		size, ok := sizes[f.Path]
		switch {
		case err != nil:
			seen.Fault, seen.Detail = watch.FaultUnreachable, err.Error()
		case !ok:
			seen.Fault, seen.Detail = watch.FaultMissing, "not "+seen.Detail
		case size >= 0 && f.Size >= 0 && size != f.Size:
			seen.Fault, seen.Expected, seen.Seen = watch.FaultSize, inBytes(f.Size), inBytes(size)
		default:
			return nil
		}
		return seen
	}, true
}

// each applies a test to all files.
func each(files []repo.File, test func(repo.File) *watch.FileSeen) []*watch.FileSeen {
	out := make([]*watch.FileSeen, len(files))
	for i, f := range files {
		out[i] = test(f)
	}
	return out
}

// sizes lists files below a directory: all, or the given ones.
func (r *rsync) sizes(ctx context.Context, dir string, all bool, files []repo.File) (map[string]int64, error) {
	args := []string{"--list-only", "--no-human-readable"}
	var names strings.Builder
	if all {
		args = append(args, "--recursive")
	} else {
		args = append(args, "--files-from=-", "--no-implied-dirs")
		for _, f := range files {
			names.WriteString(f.Path + "\n")
		}
	}
	wanted := make(map[string]bool, len(files))
	for _, f := range files {
		wanted[f.Path] = true
	}
	sizes := map[string]int64{}
	err := r.run(ctx, listingTime, append(args, r.url(dir)+"/", "."), names.String(), func(line string) {
		if name, size, ok := parseListing(line); ok && wanted[name] {
			sizes[name] = size
		}
	})
	var exit *exec.ExitError
	if errors.As(err, &exit) && (exit.ExitCode() == rsyncPartial || exit.ExitCode() == rsyncVanished) {
		err = nil // files that are not there
	}
	return sizes, err
}

func (r *rsync) url(name string) string { return strings.TrimRight(r.base+"/"+name, "/") }

// get reads a small file.
func (r *rsync) get(ctx context.Context, name string, most int64) (a answer) {
	a.size, a.sent = -1, r.Now()
	dir, err := os.MkdirTemp("", "mirrorkeeper-probe-")
	if err != nil {
		a.fault, a.detail, a.stopped = watch.FaultUnreachable, err.Error(), true
		return a
	}
	defer os.RemoveAll(dir)
	args := []string{"--copy-links", fmt.Sprintf("--max-size=%d", most), r.url(name), dir + "/"}
	err = r.run(ctx, r.Timeout, args, "", func(string) {})
	var stop *stopError
	var exit *exec.ExitError
	switch {
	case errors.As(err, &stop):
		a.fault, a.detail, a.stopped = watch.FaultUnreachable, stop.why, true
	case errors.As(err, &exit) && exit.ExitCode() == rsyncPartial:
		a.fault, a.detail = watch.FaultMissing, err.Error()
	case err != nil:
		a.fault, a.detail, a.nowhere = watch.FaultUnreachable, err.Error(), true
	default:
		if a.body, err = os.ReadFile(filepath.Join(dir, path.Base(name))); err != nil {
			a.fault, a.detail = watch.FaultEndless, fmt.Sprintf("it has more than the %d bytes that there can be", most)
			return a
		}
		a.code, a.status, a.detail, a.size = http.StatusOK, "rsync", "rsync", int64(len(a.body))
	}
	return a
}

// run runs rsync(1) and calls line for each line that it prints. An error says what it
// told last.
func (r *rsync) run(ctx context.Context, limit time.Duration, args []string, input string, line func(string)) error {
	leave, err := r.hosts.enter(ctx, r.site)
	if err != nil {
		return err
	}
	defer leave()
	if err := r.begin(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	proxy, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer proxy.close()
	args = append([]string{"--no-motd", fmt.Sprintf("--timeout=%d", max(1, int(r.Timeout.Seconds())))}, args...)
	command := exec.CommandContext(ctx, r.Rsync, args...)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "RSYNC_PROXY=" + proxy.address()}
	command.Stdin = strings.NewReader(input)
	command.WaitDelay = 5 * time.Second
	var told lastLine
	command.Stderr = &told
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("cannot run rsync: %w", err)
	}
	rest := &io.LimitedReader{R: output, N: maxListing}
	lines := bufio.NewScanner(rest)
	lines.Buffer(make([]byte, 64<<10), 64<<10)
	for lines.Scan() {
		line(lines.Text())
	}
	if rest.N <= 0 || lines.Err() != nil {
		cancel() // too long
	}
	switch err = command.Wait(); {
	case proxy.refused() != nil:
		return proxy.refused()
	case ctx.Err() == context.DeadlineExceeded:
		return fmt.Errorf("rsync did not end within %s", limit)
	case rest.N <= 0 || lines.Err() != nil:
		return fmt.Errorf("the listing has more than %d bytes, or lines that are too long", maxListing)
	case err != nil && told.text != "":
		return fmt.Errorf("%s: %w", cut(told.text, 300), err)
	}
	return err
}

// lastLine keeps the first line that is written to it, which says what went wrong.
type lastLine struct{ text string }

func (l *lastLine) Write(p []byte) (int, error) {
	if l.text == "" {
		line, _, _ := bytes.Cut(bytes.TrimSpace(p), []byte("\n"))
		l.text = string(line[:min(len(line), 1000)])
	}
	return len(p), nil
}

// parseListing reads a line of a listing: mode, size, date, time and name, in which
// rsync writes odd bytes as "\#ooo". Directories and what is no file have ok unset; a
// link has no size of its own.
func parseListing(line string) (name string, size int64, ok bool) {
	mode, rest, _ := strings.Cut(line, " ")
	text, rest, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	date, rest, _ := strings.Cut(rest, " ")
	clock, name, found := strings.Cut(rest, " ")
	if !found || len(mode) < 10 || len(date) != 10 || len(clock) != 8 || name == "" {
		return "", 0, false
	}
	size, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	if err != nil || size < 0 {
		return "", 0, false
	}
	switch mode[0] {
	case '-':
	case 'l':
		name, _, _ = strings.Cut(name, " -> ")
		size = -1
	default:
		return "", 0, false
	}
	name = strings.TrimPrefix(unescape(name), "./")
	if clean, err := repo.CleanPath(name); err != nil || clean != name {
		return "", 0, false
	}
	return name, size, true
}

// unescape reads "\#ooo", an octal byte, as rsync writes it.
func unescape(name string) string {
	if !strings.Contains(name, `\#`) {
		return name
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(name, `\#`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		if c, err := strconv.ParseUint(after[:min(3, len(after))], 8, 8); err == nil && len(after) >= 3 {
			b.WriteByte(byte(c))
			name = after[3:]
			continue
		}
		b.WriteString(`\#`)
		name = after
	}
}

// tunnel is a proxy on this machine that rsync(1) connects through: to the site alone,
// by the rules of the visit.
type tunnel struct {
	listener net.Listener
	cancel   context.CancelFunc
	done     sync.WaitGroup

	mu  sync.Mutex
	err error
}

func (r *rsync) connect(ctx context.Context) (*tunnel, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &tunnel{listener: listener, cancel: cancel}
	t.done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.done.Go(func() { t.serve(ctx, conn, r) })
		}
	})
	return t, nil
}

func (t *tunnel) address() string { return t.listener.Addr().String() }

func (t *tunnel) close() {
	t.cancel()
	t.listener.Close()
	t.done.Wait()
}

// refused is why the site could not be connected to, nil if it could.
func (t *tunnel) refused() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// serve answers one CONNECT request (RFC 9110, 9.3.6).
func (t *tunnel) serve(ctx context.Context, conn net.Conn, r *rsync) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	in := bufio.NewReader(conn)
	req, err := http.ReadRequest(in)
	if err != nil || req.Method != http.MethodConnect {
		return
	}
	host, port, err := net.SplitHostPort(req.Host)
	if err != nil || !strings.EqualFold(host, r.name) {
		fmt.Fprint(conn, "HTTP/1.0 403 Forbidden\r\n\r\n")
		return
	}
	site, err := r.dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		var a answer
		r.failed(&a, err)
		t.mu.Lock()
		t.err = errors.New(a.detail)
		t.mu.Unlock()
		fmt.Fprint(conn, "HTTP/1.0 502 Bad Gateway\r\n\r\n")
		return
	}
	defer site.Close()
	defer context.AfterFunc(ctx, func() { site.Close() })()
	fmt.Fprint(conn, "HTTP/1.0 200 Connection established\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(site, in); closeWrite(site) })
	both.Go(func() { _, _ = io.Copy(conn, site); closeWrite(conn) })
	both.Wait()
}

// closeWrite says that nothing more will be sent.
func closeWrite(c net.Conn) {
	if counted, ok := c.(*countedConn); ok {
		c = counted.Conn
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
