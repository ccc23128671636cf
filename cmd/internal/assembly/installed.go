package assembly

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/cmd/internal/console"
	"github.com/mirrorkeeper/mirrorkeeper/config"
	"github.com/mirrorkeeper/mirrorkeeper/deb"
	"github.com/mirrorkeeper/mirrorkeeper/mirror"
	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// installed reads what the machines have that a mirror is for: from this machine's
// package manager, or from a list.
func (b *Builder) installed(m config.Mirror) (mirror.Installed, error) {
	from := m.AssumeInstalled.From
	var packages []*repo.Package
	var err error
	switch {
	case from == "":
		return mirror.Installed{}, nil
	case from == "dpkg":
		packages, err = b.installedByDpkg()
	case from == "rpm":
		packages, err = b.installedByRPM()
	case b.Config.Mirror(from) != nil:
		read := func() ([]*repo.Package, error) { return b.holdings(from) }
		return mirror.Installed{From: from, Any: true, Read: read}, nil
	default:
		packages, err = readInstalledFile(from)
	}
	if err != nil {
		return mirror.Installed{}, fmt.Errorf("assume-installed.from: %w", err)
	}
	return mirror.Installed{From: from, Packages: packages}, nil
}

// holdings are the packages that another mirror of the configuration holds.
func (b *Builder) holdings(name string) ([]*repo.Package, error) {
	other := *b.Config.Mirror(name)
	other.AssumeInstalled.From = "" // of no account for what is published
	j, err := b.Job(other)
	if err != nil {
		return nil, err
	}
	j.Store = b.Store
	packages, err := mirror.Holdings(j)
	if err != nil {
		return nil, err
	}
	for i, p := range packages {
		packages[i] = &repo.Package{Name: p.Name, Version: p.Version, Architecture: p.Architecture, MultiArch: p.MultiArch, Provides: p.Provides}
	}
	return packages, nil
}

// installedByDpkg asks dpkg for what is installed, with all that its relations need.
func (b *Builder) installedByDpkg() ([]*repo.Package, error) {
	fields := []string{
		"Package", "Status", "Version", "Architecture", "Multi-Arch", "Essential", "Provides",
		"Pre-Depends", "Depends", "Conflicts", "Breaks", "Replaces",
	}
	form := ""
	for _, name := range fields {
		form += name + ": ${" + name + "}\\n"
	}
	out, err := output("dpkg-query", "--admindir="+filepath.Join(b.root(), "var/lib/dpkg"), "--show", "--showformat="+form+"\\n")
	if err != nil {
		return nil, err
	}
	return deb.ReadInstalled(bytes.NewReader(out), "dpkg-query")
}

// installedByRPM asks rpm for what is installed, what that provides, and its programs,
// which others require by path.
func (b *Builder) installedByRPM() ([]*repo.Package, error) {
	out, err := output("rpm", "--root", b.root(), "-qa", "--queryformat",
		"package %{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH}\\n"+
			"[provides %{PROVIDENAME} %{PROVIDEFLAGS:depflags} %{PROVIDEVERSION}\\n][file %{FILENAMES}\\n]")
	if err != nil {
		return nil, err
	}
	return readRPMQuery(bytes.NewReader(out))
}

// readRPMQuery reads what [Builder.installedByRPM] asks for.
func readRPMQuery(in io.Reader) (packages []*repo.Package, err error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxInstalledLine)
	var p *repo.Package
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 4 && words[0] == "package":
			p = &repo.Package{Name: words[1], Version: words[2], Architecture: words[3], MultiArch: repo.Foreign}
			if words[3] != "(none)" { // keys are packages, too
				packages = append(packages, p)
			}
		case p == nil:
		case len(words) == 4 && words[0] == "provides":
			p.Provides = append(p.Provides, repo.Provide{Name: words[1], Version: words[2] + " " + words[3]})
		case len(words) == 2 && (words[0] == "provides" || words[0] == "file" && isProgram(words[1])):
			p.Provides = append(p.Provides, repo.Provide{Name: words[1]})
		}
	}
	return packages, lines.Err()
}

// isProgram reports whether packages may require the file without that metadata of
// repositories says more of it than its path.
func isProgram(path string) bool {
	return strings.Contains(path, "bin/") || strings.HasPrefix(path, "/etc/") || path == "/usr/lib/sendmail"
}

// output runs a program and returns what it prints.
func output(program string, args ...string) ([]byte, error) {
	out, err := exec.Command(program, args...).Output()
	if e := (*exec.ExitError)(nil); errors.As(err, &e) && len(e.Stderr) > 0 {
		return nil, fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(e.Stderr))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return out, nil
}

// maxInstalledLine bounds a line of a list of packages in bytes.
const maxInstalledLine = 1 << 20

// readInstalledFile reads a list of packages, one a line: "name version", "name=version",
// "name:architecture version", or "name-version-release.architecture" as rpm -qa prints
// it. Empty lines and those that begin with # say nothing.
func readInstalledFile(file string) (packages []*repo.Package, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, &console.Exit{Code: console.ExitUsage, Err: err}
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxInstalledLine)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "gpg-pubkey-") {
			continue
		}
		p := parseInstalled(line)
		if p == nil {
			return nil, &console.Exit{Code: console.ExitUsage, Err: fmt.Errorf("%s:%d: this is no package (expected such as \"nginx 1.22.1-9\", nginx=1.22.1-9 or bash-5.1.8-6.el9.x86_64, seen %q)", file, n, line)}
		}
		packages = append(packages, p)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, n+1, err)
	}
	return packages, nil
}

// parseInstalled reads a line of a list of packages; nil where it is none.
func parseInstalled(line string) *repo.Package {
	p := &repo.Package{}
	words := strings.Fields(line)
	switch {
	case len(words) == 2:
		p.Name, p.Version = words[0], words[1]
	case len(words) != 1:
		return nil
	case strings.Contains(line, "="):
		p.Name, p.Version, _ = strings.Cut(line, "=")
	default:
		p.Name, p.Version, p.Architecture = splitNEVRA(line)
		p.MultiArch = repo.Foreign
	}
	if p.Architecture == "" {
		p.Name, p.Architecture, _ = strings.Cut(p.Name, ":")
	}
	if p.Name == "" || p.Version == "" || strings.ContainsAny(p.Name+p.Version, "()<>=,/") {
		return nil
	}
	return p
}

// splitNEVRA takes "name-[epoch:]version-release.architecture" apart. All are "" where
// it is none.
func splitNEVRA(text string) (name, version, architecture string) {
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 {
		return "", "", ""
	}
	full := text[:dot]
	release := strings.LastIndexByte(full, '-')
	if release < 0 {
		return "", "", ""
	}
	hyphen := strings.LastIndexByte(full[:release], '-')
	if hyphen < 0 {
		return "", "", ""
	}
	return full[:hyphen], full[hyphen+1:], text[dot+1:]
}
