package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

func (k checker) source(s *Source) {
	key := join("sources", s.Name)
	if k.mistyped[key] {
		return
	}
	k.cleanPath(key+".path", s.Path)
	k.connection(s, key)
	k.each(key+".languages", s.Languages, func(key, name string) {
		if !language.MatchString(name) {
			k.at(key, "is no language (expected such as en or pt_BR, seen %q)", cut(name))
		}
	})
	k.architectures(s, key)
	switch {
	case k.broken[key+".from"]:
	case s.System():
		k.fromSystem(key)
	default:
		k.configured(s, key)
	}
}

// besideSystem are the keys that may stand beside from: system.
var besideSystem = []string{"from", "type", "path", "priority"}

// fromSystem checks that a source from the system says nothing that the system
// says.
func (k checker) fromSystem(key string) {
	for _, f := range fields(reflect.TypeFor[Source]()) {
		if k.has(key+"."+f.name) && !slices.Contains(besideSystem, f.name) {
			k.at(key+"."+f.name, "is what the system says (expected to be left out beside from: system)")
		}
	}
}

// configured checks a source that the configuration describes.
func (k checker) configured(s *Source, key string) {
	if !k.has(key + ".type") {
		k.at(key+".type", "is missing (expected deb or rpm)")
	}
	k.addresses(s, key)
	k.otherFormat(s, key)
	if s.Type == "deb" {
		k.suites(s, key)
	} else if s.Type == "rpm" {
		k.variables(s, key)
		k.kinds(s, key)
		k.each(key+".exclude", s.Exclude, k.form)
		k.each(key+".only", s.Only, k.form)
	}
	if !k.has(key + ".architectures") {
		example := "[amd64]"
		if s.Type == "rpm" {
			example = "[x86_64]"
		}
		k.at(key+".architectures", "is missing (expected a list such as %s)", example)
	}
	k.trust(s, key)
	switch {
	case s.Root == "" || s.Root == "." || k.broken[key+".root"]:
	case !upwards.MatchString(s.Root):
		k.at(key+".root", "does not lead upwards (expected such as .. or ../.., seen %q)", cut(s.Root))
	case s.Type == "rpm" && len(s.URLs) == 0 && !k.broken[key+".url"]:
		k.at(key+".root", "goes by the address of the repository (expected url in the place of mirrorlist and metalink)")
	}
}

// addresses checks that there is one kind of address, and that files can be
// found below it.
func (k checker) addresses(s *Source, key string) {
	var given []string
	for _, name := range []string{"url", "mirrorlist", "metalink"} {
		if k.has(key + "." + name) {
			given = append(given, name)
		}
	}
	switch len(given) {
	case 0:
		k.at(key+".url", "is missing (expected an address, or a list of addresses of the same content)")
	case 1:
	default:
		k.at(key+"."+given[1], "stands beside %s (expected one of url, mirrorlist, metalink)", given[0])
	}
	k.each(key+".url", s.URLs, func(key, url string) {
		if strings.Contains(url, "?") {
			k.at(key, "holds a query (expected an address that files lie below, seen %q)", cut(showAddress(k.nodes[key].Text)))
		}
		if name := variable.FindString(replaced.ReplaceAllString(k.nodes[key].Text, "")); name != "" && s.Type == "deb" {
			k.at(key, "holds the variable %s, which only addresses of rpm sources may", name)
		}
	})
}

// otherFormat finds keys that are for sources of the other format.
func (k checker) otherFormat(s *Source, key string) {
	only := map[string][]string{
		"deb": {"suites", "components", "languages", "check-valid-until"},
		"rpm": {
			"mirrorlist", "metalink", "root", "releasever", "variables",
			"check-packages", "exclude", "only", "module-hotfixes",
		},
	}
	for _, format := range []string{"deb", "rpm"} {
		if s.Type == "" || s.Type == format {
			continue
		}
		for _, name := range only[format] {
			if k.has(key + "." + name) {
				k.at(key+"."+name, "is for sources of type %s (seen type %s)", format, s.Type)
			}
		}
	}
}

func (k checker) suites(s *Source, key string) {
	if !k.has(key + ".suites") {
		k.at(key+".suites", "is missing (expected a list such as [bookworm], or ./ for a flat repository)")
	}
	flat := 0
	k.each(key+".suites", s.Suites, func(key, suite string) {
		trimmed := strings.TrimSuffix(suite, "/")
		if trimmed != suite {
			flat++
		}
		if suite != "/" && suite != "./" {
			k.cleanPath(key, strings.TrimPrefix(trimmed, "./"))
		}
	})
	allFlat := flat > 0 && flat == len(s.Suites)
	switch {
	case k.broken[key+".components"]:
	case allFlat && len(s.Components) > 0:
		k.at(key+".components", "has no meaning for flat repositories (expected to be left out beside suites that end in /)")
	case !allFlat && len(s.Components) == 0 && k.has(key+".suites") && !k.broken[key+".suites"]:
		k.at(key+".components", "names no component (expected a list such as [main])")
	}
	k.each(key+".components", s.Components, k.cleanPath)
}

// Names of architectures where the two formats differ.
var (
	debArchitectures = map[string]string{"x86_64": "amd64", "aarch64": "arm64", "i686": "i386", "ppc64le": "ppc64el"}
	rpmArchitectures = map[string]string{"amd64": "x86_64", "arm64": "aarch64", "ppc64el": "ppc64le"}
)

func (k checker) architectures(s *Source, key string) {
	k.each(key+".architectures", s.Architectures, func(key, name string) {
		other := ""
		switch s.Type {
		case "deb":
			other = debArchitectures[name]
		case "rpm":
			other = rpmArchitectures[name]
		}
		switch {
		case name == "all" || name == "noarch":
			k.at(key, "is implied (expected to be left out, seen %q)", name)
		case name == "source" || name == "src":
			k.at(key, "is no architecture; include: [packages, sources] takes source packages (seen %q)", name)
		case other != "":
			k.at(key, "is unknown to %s; did you mean %q? (seen %q)", s.Type, other, name)
		case !isArchitecture(name):
			k.at(key, "is no architecture (expected such as amd64 or x86_64, seen %q)", cut(name))
		}
	})
}

// releases are the variables that the key releasever gives values.
var releases = []string{"releasever", "releasever_major", "releasever_minor"}

// variables checks that all variables in the addresses of an rpm source have a
// value.
func (k checker) variables(s *Source, key string) {
	for name := range s.Variables {
		at := join(key+".variables", name)
		switch {
		case !variableName.MatchString(name):
			k.at(at, "is no name of a variable (expected letters, digits and _, seen %q)", cut(name))
		case name == "basearch" || name == "arch":
			k.at(at, "follows from architectures (expected to be left out)")
		case name == "releasever" && k.has(key+".releasever"):
			k.at(at, "stands beside the key releasever (expected one of them)")
		}
	}
	known := slices.Sorted(maps.Keys(s.Variables))
	for _, name := range append([]string{"basearch", "arch"}, releases...) {
		if !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	check := func(at, _ string) {
		// The text as it is written: values from the environment are not looked into.
		text := replaced.ReplaceAllString(k.nodes[at].Text, "")
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			switch name := m[1]; {
			case m[2] != "": // ${name:-word} needs no value
			case slices.Contains(releases, name) && !k.has(key+".releasever") && s.Variables[name] == nil:
				k.at(at, "holds $%s, which has no value (expected the key releasever, such as releasever: 9)", name)
			case !slices.Contains(known, name):
				k.at(at, "holds the unknown variable $%s%s", name, suggestion(name, known))
			}
		}
	}
	k.each(key+".url", s.URLs, check)
	for _, name := range []string{".mirrorlist", ".metalink"} {
		if k.has(key+name) && !k.broken[key+name] {
			check(key+name, "")
		}
	}
}

// kinds checks what is taken of an rpm repository.
func (k checker) kinds(s *Source, key string) {
	k.each(key+".include", s.Include, func(key, kind string) {
		if kind != "packages" && kind != "sources" {
			k.at(key, "is a kind of deb archives (expected packages or sources, seen %q)", kind)
		}
	})
}

// form checks one of the forms that a package is written in.
func (k checker) form(key, pattern string) {
	s, err := ParseSeed(pattern)
	switch {
	case err != nil:
		k.at(key, "%v", err)
	case !s.namesPackage():
		k.at(key, "is no form of a package (expected such as kernel*, bash.i686 or bash-5.1-2.el9.x86_64, seen %q)", cut(pattern))
	}
}

func (k checker) trust(s *Source, key string) {
	has := k.has(key + ".keys")
	switch {
	case !has && !s.Trusted && !k.broken[key+".trusted"]:
		k.at(key+".keys", "is missing (expected files of OpenPGP keys, or trusted: true to check no signature)")
	case !has && s.CheckPackages && s.Type == "rpm":
		k.at(key+".check-packages", "has no keys to check packages with (expected keys beside it)")
	case has && s.Trusted && !s.CheckPackages && !k.broken[key+".check-packages"]:
		k.at(key+".trusted", "true checks no signature, but there are keys (expected one of them%s)", besideKeys(s.Type))
	}
}

// besideKeys says what makes keys useful beside trusted: true.
func besideKeys(format string) string {
	if format == "rpm" {
		return ", or check-packages: true beside both"
	}
	return ""
}

// connection checks what servers are told and asked.
func (k checker) connection(s *Source, key string) {
	auth := key + ".auth"
	switch {
	case k.broken[auth]:
	case k.has(auth+".password") && !k.has(auth+".username"):
		k.at(auth+".password", "has no user (expected username beside it)")
	case k.has(auth+".netrc") && k.has(auth+".username"):
		k.at(auth+".netrc", "stands beside username (expected one of them)")
	case k.has(auth + ".username"):
		k.each(key+".url", s.URLs, func(key, url string) {
			if _, rest, _ := strings.Cut(url, "://"); userInfo(rest) != "" {
				k.at(key, "holds a user, and so does auth (expected one of them)")
			}
		})
	}
	if k.has(key+".client-key") && !k.has(key+".client-cert") {
		k.at(key+".client-key", "has no certificate (expected client-cert beside it)")
	}
	for name := range s.Headers {
		if !headerName.MatchString(name) {
			k.at(join(key+".headers", name), "is no name of a header field (seen %q)", cut(name))
		}
	}
}
