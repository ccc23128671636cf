package rpm

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/rpm/modulemd"
)

func TestCoinstallable(t *testing.T) {
	pkg := func(version, architecture string, provides ...string) *repo.Package {
		p := &repo.Package{Name: "a", Version: version, Architecture: architecture}
		for _, name := range provides {
			p.Provides = append(p.Provides, repo.Provide{Name: name})
		}
		return p
	}
	kernel := &repo.Package{Name: "kernel", Version: "5-1", Architecture: "x86_64"}
	tests := []struct {
		p, q *repo.Package
		want bool
	}{
		{pkg("1-1", "x86_64"), pkg("2-1", "x86_64"), false},
		{pkg("1-1", "x86_64"), pkg("1-1", "i686"), true},
		{pkg("1-1", "x86_64"), pkg("2-1", "i686"), true},
		{pkg("1-1", "i586"), pkg("1-1", "i686"), false},
		{pkg("1-1", "s390x"), pkg("1-1", "s390"), true},
		{pkg("1-1", "x86_64_v2"), pkg("1-1", "x86_64"), false},
		{pkg("1-1", "noarch"), pkg("1-1", "x86_64"), false},
		{pkg("1-1", "noarch"), pkg("2-1", "i686"), false},
		{pkg("1-1", "x86_64", "installonlypkg(kernel)"), pkg("2-1", "x86_64", "installonlypkg(kernel)"), true},
		{pkg("1-1", "x86_64", "multiversion(kernel)"), pkg("2-1", "x86_64"), false},
		{kernel, &repo.Package{Name: "kernel", Version: "6-1", Architecture: "x86_64"}, true},
	}
	for _, test := range tests {
		if got := (Format{}).Coinstallable(test.p, test.q); got != test.want {
			t.Errorf("%v %v beside %v %v: %v", test.p, test.p.Provides, test.q, test.q.Provides, got)
		}
		if got := (Format{}).Coinstallable(test.q, test.p); got != test.want {
			t.Errorf("%v beside %v: %v", test.q, test.p, got)
		}
	}
}

func TestLine(t *testing.T) {
	for want, streams := range map[string][]*modulemd.Stream{
		"":          nil,
		"nodejs:18": {{Name: "nodejs", Stream: "18", Context: "a"}, {Name: "nodejs", Stream: "18", Context: "b"}},
	} {
		if got := (Format{}).Line(&repo.Package{Detail: &detail{streams: streams}}); got != want {
			t.Errorf("the line is %q, expected %q", got, want)
		}
	}
	if got := (Format{}).Line(&repo.Package{}); got != "" {
		t.Errorf("without details the line is %q", got)
	}
}

func TestForms(t *testing.T) {
	p := &repo.Package{Name: "perl-libs", Version: "4:5.32.1-481.el9", Architecture: "x86_64"}
	want := []string{
		"perl-libs.x86_64",
		"perl-libs-5.32.1",
		"perl-libs-5.32.1-481.el9",
		"perl-libs-5.32.1-481.el9.x86_64",
		"perl-libs-4:5.32.1",
		"perl-libs-4:5.32.1-481.el9",
		"perl-libs-4:5.32.1-481.el9.x86_64",
		"4:perl-libs-5.32.1-481.el9.x86_64",
	}
	if d := cmp.Diff(want, Format{}.Forms(p)); d != "" {
		t.Error(d)
	}
	p = &repo.Package{Name: "a", Version: "1-2", Architecture: "noarch"}
	if got := (Format{}).Forms(p)[5]; got != "a-0:1-2" {
		t.Errorf("without an epoch: %q", got)
	}
}

func TestInstallCommand(t *testing.T) {
	got := Format{}.InstallCommand([]*repo.Package{
		{Name: "bash", Version: "5.1.8-6", Architecture: "x86_64"}, {Name: "dbus", Version: "1:1.12-8", Architecture: "noarch"},
	}, "x86_64")
	if want := "dnf install bash-5.1.8-6.x86_64 dbus-1:1.12-8.noarch"; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}
