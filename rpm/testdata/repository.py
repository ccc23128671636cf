# Prints what createrepo_c reads of the repositories in the directories given, a line
# for each package.
import hashlib
import json
import sys

import createrepo_c as cr

FIELDS = [
    "name", "arch", "epoch", "version", "release", "summary", "description", "url", "time_file", "time_build",
    "rpm_license", "rpm_vendor", "rpm_group", "rpm_buildhost", "rpm_sourcerpm", "rpm_header_start", "rpm_header_end",
    "rpm_packager", "size_package", "size_installed", "size_archive", "location_href", "location_base", "checksum_type",
    "requires", "provides", "conflicts", "obsoletes", "suggests", "enhances", "recommends", "supplements", "files", "changelogs",
]


def problem(kind, text):
    sys.exit(f"warning: {text}")


for top in sys.argv[1:]:
    repomd = cr.Repomd(f"{top}/repodata/repomd.xml")
    at = {r.type: f"{top}/{r.location_href}" for r in repomd.records}
    packages = {}

    def keep(p):
        packages[p.pkgId] = p

    def found(pkgid, name, arch):
        return packages[pkgid]

    cr.xml_parse_primary(at["primary"], pkgcb=keep, warningcb=problem, do_files=False)
    cr.xml_parse_filelists(at["filelists"], newpkgcb=found, warningcb=problem)
    cr.xml_parse_other(at["other"], newpkgcb=found, warningcb=problem)
    for record in repomd.records:
        with open(at[record.type], "rb") as f:
            if hashlib.sha256(f.read()).hexdigest() != record.checksum:
                sys.exit(f"{record.type} does not have its checksum")
    for pkgid in sorted(packages):
        p = packages[pkgid]
        print(json.dumps([pkgid] + [getattr(p, f) for f in FIELDS]))
