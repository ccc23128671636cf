package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

// fuelUpstream is what an operator of Fuel mirrors, in one format: a base system, what
// Fuel installs on it, and packages of the operator's own for images of the bootstrap.
// Each has a release and updates.
type fuelUpstream struct {
	t    *testing.T
	deb  map[string]*repotest.Deb // by archive
	rpm  map[string]repotest.Repository
	keys map[string]*repotest.Key
}

// fuelRoles are the packages that stand for machines of each role.
var fuelRoles = []string{"role-controller", "role-compute", "role-cinder", "role-ceph", "bootstrap-image"}

func newFuelUpstream(t *testing.T, format string, size int) *fuelUpstream {
	u := &fuelUpstream{t: t, deb: map[string]*repotest.Deb{}, rpm: map[string]repotest.Repository{}, keys: map[string]*repotest.Key{}}
	for _, archive := range []string{"base", "mos", "extra"} {
		u.keys[archive] = repotest.NewKey(t)
		if format == "deb" {
			u.deb[archive] = repotest.NewDeb(t)
			u.deb[archive].Key = u.keys[archive]
		}
		for _, part := range []string{archive, archive + "-updates"} {
			if format == "deb" {
				u.deb[archive].Suite(part)
			} else {
				u.rpm[part] = repotest.NewRepository(t, "rpm", u.keys[archive])
			}
		}
	}
	u.add("base", fuelBase(size))
	u.add("base-updates", "base-lib004 1.5 amd64\n Depends: base-new (>= 1), base-lib009 (>= 1.2), base-lib010\nbase-new 1.0 amd64\npython-oslo 1.9 amd64\nunneeded000 2.0 amd64\n")
	u.add("mos", fuelMOS)
	u.add("mos-updates", "nova-common 9.1 amd64\n Depends: python-oslo (>= 2.0), python-oslo (<< 3.0), base-lib000 (>= 1.0)\n")
	u.add("extra", `
bootstrap-image 1.0 all
 Depends: bootstrap-agent (= 1.0), kernel-image, base-lib002
bootstrap-agent 1.0 amd64
 Depends: base-bootstrap | base-absent, role-agent
`)
	return u
}

// add adds packages to a part: an archive, or its updates.
func (u *fuelUpstream) add(part, text string) {
	u.t.Helper()
	if r, ok := u.rpm[part]; ok {
		r.AddText(text)
		return
	}
	u.deb[strings.TrimSuffix(part, "-updates")].Suite(part).Add(repotest.ParsePackages(u.t, text)...)
}

// publish writes the archives below a directory: DIR/base and so on, in which rpm has a
// directory for each part.
func (u *fuelUpstream) publish(dir string) {
	u.t.Helper()
	for archive, d := range u.deb {
		d.Publish(filepath.Join(dir, archive))
	}
	for part, r := range u.rpm {
		below := "os"
		archive, updates := strings.CutSuffix(part, "-updates")
		if updates {
			below = "updates"
		}
		r.Publish(filepath.Join(dir, archive, below))
	}
}

// fuelBase is a base system: libraries that need each other by version, in a tree of the
// size; services that others know by what they provide; kernels; and as much again that
// nobody needs.
func fuelBase(size int) string {
	var b strings.Builder
	for i := range size {
		fmt.Fprintf(&b, "base-lib%03d 1.%d amd64\n", i, i%7)
		var needs []string
		for _, child := range []int{2*i + 1, 2*i + 2} {
			switch {
			case child >= size:
			case child%5 == 0:
				needs = append(needs, fmt.Sprintf("base-other%03d (>= 3) | base-lib%03d (>= 1.0)", child, child))
			case child%3 == 0:
				needs = append(needs, fmt.Sprintf("base-abi%03d", child))
			default:
				needs = append(needs, fmt.Sprintf("base-lib%03d (>= 1.%d)", child, child%7))
			}
		}
		if len(needs) > 0 {
			fmt.Fprintf(&b, " Depends: %s\n", strings.Join(needs, ", "))
		}
		if i%3 == 0 {
			fmt.Fprintf(&b, " Provides: base-abi%03d\n", i)
		}
		if i%5 == 0 {
			fmt.Fprintf(&b, "base-other%03d 2.0 amd64\n", i) // too old for who would take it
		}
		fmt.Fprintf(&b, "unneeded%03d 1.0 amd64\n Depends: base-lib%03d\n", i, i)
	}
	b.WriteString(`
python-oslo 1.0 amd64
 Depends: base-lib001
postfix 3.0 amd64
 Provides: mail-transport-agent
 Conflicts: exim
exim 4.0 amd64
 Provides: mail-transport-agent
 Conflicts: postfix
mariadb-server 5.5 amd64
 Provides: mysql-server
 Depends: base-lib003
kernel-image 3.13 amd64
 Depends: kernel-modules (= 3.13)
kernel-modules 3.13 amd64
base-bootstrap 1.0 amd64
 Depends: base-lib005
system-standard 1.0 amd64
 Depends: base-lib000, kernel-image
`)
	return b.String()
}

// fuelMOS is what Fuel installs: roles, services that exclude each other, and newer
// versions of what the base has.
const fuelMOS = `
role-agent 9.0 all
 Depends: base-lib001
role-controller 9.0 all
 Depends: role-agent, keystone, nova-api, neutron-server, mail-transport-agent, mysql-server (>= 5) | mariadb-server, rabbitmq
role-compute 9.0 all
 Depends: role-agent, nova-compute, libvirt (>= 1.2)
role-cinder 9.0 all
 Depends: role-agent, cinder-volume
role-ceph 9.0 all
 Depends: role-agent, ceph-osd (>= 0.94), ceph-mon
keystone 9.0 amd64
 Depends: python-oslo (>= 2.0), base-lib000
nova-common 9.0 amd64
 Depends: python-oslo (>= 2.0), base-lib000
nova-api 9.0 amd64
 Depends: nova-common (>= 9.0)
nova-compute 9.0 amd64
 Depends: nova-common (>= 9.0), hypervisor
 Conflicts: nova-network
nova-network 9.0 amd64
 Depends: nova-common
neutron-server 9.0 amd64
 Depends: neutron-common (= 9.0)
 Conflicts: nova-network
neutron-common 9.0 amd64
 Depends: base-lib002, python-oslo (>= 2.0)
cinder-volume 9.0 amd64
 Depends: python-oslo (<< 3.0), base-lib000, iscsi-target
python-oslo 2.5 amd64
 Depends: base-lib001 (>= 1.0)
libvirt 1.3 amd64
 Depends: base-lib000
 Provides: hypervisor
tgt 1.0 amd64
 Provides: iscsi-target
 Conflicts: lio
lio 1.0 amd64
 Provides: iscsi-target
 Conflicts: tgt
rabbitmq 3.6 amd64
 Depends: base-lib004
ceph-osd 0.94 amd64
 Depends: ceph-common (= 0.94), base-lib000
ceph-mon 0.94 amd64
 Depends: ceph-common (= 0.94)
ceph-common 0.94 amd64
 Depends: base-lib003, base-lib006
`
