package system

import "net/url"

// TLS is how apt connects to an https server (apt-transport-https(1)). Paths are
// "" where nothing is set.
type TLS struct {
	// Authorities is a PEM file of those to trust instead of the machine's.
	Authorities string
	// Certificate and Key are PEM files to identify with.
	Certificate, Key string
	// SkipPeer and SkipHost are set where the server's certificate is not checked,
	// or not for its name.
	SkipPeer, SkipHost bool
}

// TLS returns the settings for a URL of scheme https.
func (s *System) TLS(u *url.URL) TLS {
	return TLS{
		Authorities: s.settingFile(u, "CAInfo"),
		Certificate: s.settingFile(u, "SSLCert"),
		Key:         s.settingFile(u, "SSLKey"),
		SkipPeer:    s.settingIsOff(u, "Verify-Peer"),
		SkipHost:    s.settingIsOff(u, "Verify-Host"),
	}
}

func (s *System) settingFile(u *url.URL, name string) string {
	if path := s.setting(u, name); path != "" {
		return s.files.on(path)
	}
	return ""
}

func (s *System) settingIsOff(u *url.URL, name string) bool {
	yes, known := truth(s.setting(u, name))
	return known && !yes
}
