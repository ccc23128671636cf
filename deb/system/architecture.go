package system

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/mirrorkeeper/mirrorkeeper/deb/control"
)

// readArchitectures reads APT::Architecture and APT::Architectures; where these
// are not set, the machine's own architecture is that of its dpkg, and those
// that dpkg --add-architecture added are the others.
func (s *System) readArchitectures() error {
	status := s.configuration.path("Dir::State::status")
	s.Architecture = s.configuration.value("APT::Architecture")
	if s.Architecture == "" {
		installed, err := s.files.dpkgArchitecture(status)
		if err != nil {
			return err
		}
		s.Architecture = installed
	}
	if s.Architecture == "" {
		s.Architecture = debianArchitecture(runtime.GOARCH)
	}
	all := s.configuration.list("APT::Architectures")
	if len(all) == 0 {
		added, err := s.files.text(path.Join(path.Dir(status), "arch"))
		if err != nil {
			return err
		}
		all = strings.Fields(added)
	}
	for _, a := range all {
		if a != "" && a != s.Architecture && !slices.Contains(s.Foreign, a) {
			s.Foreign = append(s.Foreign, a)
		}
	}
	return nil
}

// dpkgArchitecture is the architecture of the package dpkg in dpkg's status
// file, which is by definition the machine's; "" when it is not there.
func (f files) dpkgArchitecture(status string) (string, error) {
	if status == "" {
		return "", nil
	}
	file, err := os.Open(f.on(status))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	r := control.NewReader(file, file.Name())
	for {
		s, err := r.Next()
		if err == io.EOF {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if string(s.Get("Package")) == "dpkg" && strings.HasSuffix(string(s.Get("Status")), " installed") {
			return string(s.Get("Architecture")), nil
		}
	}
}

// debianArchitecture is Debian's name of an architecture that Go runs on.
func debianArchitecture(goarch string) string {
	switch goarch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "loong64":
		return "loong64"
	case "mips64le":
		return "mips64el"
	case "mipsle":
		return "mipsel"
	case "ppc64le":
		return "ppc64el"
	}
	return goarch
}
