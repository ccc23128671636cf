package config

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// overSSH are the keys that say how a server is reached.
var overSSH = []string{
	"password", "identity", "passphrase", "host-keys", "known-hosts", "jump", "proxy-command", "ssh-config", "timeout",
}

func (k checker) plant(w *Watch, p *Plant, key string) {
	switch r := w.repository(p.Repository); {
	case p.Repository == "" || k.mistyped["watch.repositories"]:
	case r == nil:
		k.at(key+".repository", "unknown repository %q%s", cut(p.Repository), suggestion(p.Repository, w.repositoryNames()))
	case r.Source != "":
		k.at(key+".repository", "%q has no directories to plant timestamps in", r.Name)
	}
	k.sign(p.Sign, key+".sign")
	if k.has(key+".sign") && !p.Marks {
		k.at(key+".sign", "signs the statement, which marks: false leaves out (expected one of them)")
	}
	u, err := url.Parse(p.To)
	if err != nil || p.To == "" || k.broken[key+".to"] {
		return
	}
	if u.RawQuery != "" {
		k.at(key+".to", "holds a query (expected a path alone)")
	}
	for _, name := range overSSH {
		if u.Scheme == "file" && k.has(key+"."+name) {
			k.at(key+"."+name, "is for servers (expected to be left out beside file:)")
		}
	}
	if _, twice := u.User.Password(); twice && k.has(key+".password") {
		k.at(key+".password", "stands beside the one in to (expected one of them)")
	}
	if k.has(key+".jump") && k.has(key+".proxy-command") {
		k.at(key+".proxy-command", "stands beside jump (expected one of them)")
	}
	if k.has(key+".host-keys") && k.has(key+".known-hosts") && !k.has(key+".jump") {
		k.at(key+".known-hosts", "stands beside host-keys, which are the only ones then (expected one of them, or jump, whose hosts it is for)")
	}
	k.each(key+".host-keys", p.HostKeys, k.hostKey)
}

// hostKey checks a key of the form TYPE BASE64, whose base64 begins with the type
// (RFC 4253, section 6.6).
func (k checker) hostKey(key, text string) {
	fields := strings.Fields(text)
	if len(fields) >= 2 {
		blob, err := base64.StdEncoding.DecodeString(fields[1])
		if name := len(fields[0]); err == nil && len(blob) > 4+name && string(blob[4:4+name]) == fields[0] {
			return
		}
	}
	k.at(key, "is no host key (expected such as ssh-ed25519 AAAA..., as ssh-keyscan prints it behind the host; seen %q)", cut(text))
}
