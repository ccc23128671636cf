"""Answers questions, one JSON document a line, by what the real dnf makes of them."""

import json
import logging
import sys

import dnf
import hawkey
import libdnf.conf
import rpm

logging.disable(logging.CRITICAL)

SETTINGS = (
    "id baseurl mirrorlist metalink priority cost gpgcheck repo_gpgcheck gpgkey excludepkgs "
    "includepkgs module_hotfixes username password sslverify sslcacert sslclientcert "
    "sslclientkey skip_if_unavailable proxy"
).split()


def plain(value):
    return value if isinstance(value, (str, int, type(None))) else list(value)


def machine(root):
    """The enabled repositories of the machine below root."""
    conf = dnf.conf.Conf()
    base = dnf.Base(conf)
    conf.installroot = root
    conf._search_inside_installroot("config_file_path")
    conf.read(priority=dnf.conf.PRIO_MAINCONFIG)
    if not conf.config_file_path.startswith(root):
        raise SystemExit("dnf reads the configuration of another machine")
    where = conf._search_inside_installroot("reposdir")
    conf.substitutions.update_from_etc(where, varsdir=conf._get_value("varsdir"))
    rpm.addMacro("_dbpath", "/var/lib/rpm")  # Debian's rpm has it in the home directory
    if conf.releasever is None:
        release = dnf.rpm.detect_releasever(root)
        if release is not None:
            conf.releasever = release
    base.read_all_repos()
    return {
        "repositories": [{s: plain(getattr(r, s)) for s in SETTINGS} for r in base.repos.iter_enabled()],
        "excludepkgs": plain(conf.excludepkgs),
        "includepkgs": plain(conf.includepkgs),
        "install_weak_deps": conf.install_weak_deps,
        "releasever": conf.releasever,
        "arch": hawkey.detect_arch(),
    }


def sections(path):
    """The sections of a file."""
    parser = libdnf.conf.ConfigParser()
    try:
        parser.read(path)
    except RuntimeError as error:
        return {"error": str(error)}
    return {"sections": {s: {o: parser.getValue(s, o) for o in parser.options(s)} for s in parser.getData()}}


def expand(text, variables):
    return libdnf.conf.ConfigParser.substitute(text, variables)


def basearch(architecture):
    return dnf.rpm.basearch(architecture)


for line in sys.stdin:
    question, *arguments = json.loads(line)
    print(json.dumps(globals()[question](*arguments)), flush=True)
