# Prints what dnf finds in the repository in a directory, whose root the key signed, or
# nobody where KEYFILE is empty:
# ask_dnf.py DIRECTORY KEYFILE WORKDIRECTORY
import sys

import dnf
import dnf.base
import dnf.repo
import hawkey

mirror, key, work = sys.argv[1:]
base = dnf.base.Base()
base.conf.cachedir = work + "/cache"
base.conf.persistdir = work + "/persist"
base.conf.logdir = work
base.conf.installroot = work
base.conf.module_platform_id = "platform:el9"
base.conf.substitutions["releasever"] = "9"
base.conf.assumeyes = True
repo = base.repos.add_new_repo("mirror", base.conf, baseurl=["file://" + mirror])
if key:
    repo.repo_gpgcheck = True
    repo.gpgkey = ["file://" + key]


class Callbacks(dnf.repo.RepoCallbacks):
    def repokeyImport(self, *about):
        return True


callbacks = Callbacks(repo)
repo._repo.setCallbacks(callbacks)
base.fill_sack(load_system_repo=False)
base.read_comps(arch_filter=True)

for p in base.sack.query():
    print("package", p.name + "-" + str(p.epoch) + ":" + p.version + "-" + p.release + "." + p.arch)
for p in base.sack.query().filter(file="/usr/share/deep/version"):
    print("file", p.name)
for p in base.sack.query().filter(provides="speech = 2"):
    print("provides", p.name, p.changelogs)
for g in base.comps.groups:
    print("group", g.id, sorted(p.name for p in g.packages_iter()))
for e in base.comps.environments:
    print("environment", e.id, sorted(g.name for g in e.group_ids))
for p in base.sack.query():
    for a in p.get_advisories(hawkey.EQ):
        print("advisory", a.id, sorted(x.name for x in a.packages))
for m in base._moduleContainer.getModulePackages():
    print("module", m.getFullIdentifier(), list(m.getArtifacts()), base._moduleContainer.getDefaultStream(m.getName()))
