package config

// sign checks the keys that sign something.
func (k checker) sign(keys []Sign, key string) {
	for i := range keys {
		at := item(key, i)
		if !k.has(at) {
			at = key // one mapping in the place of a list
		}
		if !k.mistyped[at] {
			k.signingKey(at)
		}
	}
}

// signingKey checks that an entry names one key, and what may stand beside it.
func (k checker) signingKey(key string) {
	file, gpg, public := k.has(key+".key"), k.has(key+".gpg"), k.has(key+".public")
	command, secret := k.has(key+".command"), k.has(key+".passphrase")
	out := func(name, why string) {
		if k.has(key + "." + name) {
			k.at(key+"."+name, "%s (expected to be left out)", why)
		}
	}
	switch {
	case file && gpg:
		k.at(key+".gpg", "stands beside key (expected one of them)")
	case public && (file || gpg):
		k.at(key+".public", "is the key of a command alone (expected key, gpg, or command and public)")
	case public && !command:
		k.at(key, "names no command to sign with (expected command beside public)")
	case file && command:
		k.at(key+".command", "is how gpg is run, or what signs with the key of public (expected gpg or public beside it, or to be left out)")
	case command && !gpg && !public:
		k.at(key, "names no key of the command (expected public: FILE, or gpg: KEY)")
	case !file && !gpg && !public:
		k.at(key, "names no key (expected key: FILE, gpg: KEY, or command and public: FILE)")
	}
	switch {
	case file:
		out("timeout", "is for gpg and commands, which may take their time")
	case public:
		out("passphrase", "is for keys in files and for gpg; a command knows its own")
		out("passphrase-file", "is for keys in files and for gpg; a command knows its own")
	}
	if secret && k.has(key+".passphrase-file") && !public {
		k.at(key+".passphrase-file", "stands beside passphrase (expected one of them)")
	}
}
