package system

import (
	"net/url"
	"testing"
)

func TestProxy(t *testing.T) {
	const http, https = "http://a.example.org/x", "https://a.example.org/x"
	for _, tt := range []struct {
		url, settings string
		environment   []string
		want          string
	}{
		{http, "", nil, ""},
		{http, "proxy=http://p.example.net:3128", nil, "http://p.example.net:3128"},
		{https, "proxy=http://p.example.net:3128", nil, "http://p.example.net:3128"},
		{"file:///srv", "proxy=http://p.example.net:3128", nil, ""},
		{http, "proxy=p.example.net:3128", nil, "http://p.example.net:3128"},
		{http, "proxy=socks5h://p.example.net", nil, "socks5h://p.example.net"},
		{http, "proxy=http://p.example.net\nproxy_username=me\nproxy_password=s@cret", nil, "http://me:s%40cret@p.example.net"},
		{http, "proxy=http://u:p@p.example.net", nil, "http://u:p@p.example.net"},
		{http, "proxy=_none_", []string{"http_proxy=http://e.example.net"}, ""},
		{http, "proxy=", []string{"http_proxy=http://e.example.net"}, ""},
		{http, "", []string{"http_proxy=http://e.example.net:1"}, "http://e.example.net:1"},
		{http, "", []string{"HTTP_PROXY=http://e.example.net"}, ""},
		{http, "", []string{"https_proxy=http://e.example.net"}, ""},
		{https, "", []string{"http_proxy=http://e.example.net"}, ""},
		{https, "", []string{"HTTPS_PROXY=http://e.example.net", "ALL_PROXY=http://f.example.net"}, "http://e.example.net"},
		{http, "", []string{"all_proxy=e.example.net"}, "http://e.example.net"},
		{http, "", []string{"http_proxy=http://e.example.net", "no_proxy=b.example.org, example.org"}, ""},
		{http, "", []string{"http_proxy=http://e.example.net", "no_proxy=.example.org"}, ""},
		{http, "", []string{"http_proxy=http://e.example.net", "NO_PROXY=*"}, ""},
		{http, "", []string{"http_proxy=http://e.example.net", "no_proxy=ple.org"}, "http://e.example.net"},
		{http, "proxy=http://p.example.net", []string{"no_proxy=A.example.org"}, ""},
	} {
		m := newMachine(t, map[string]string{"etc/yum.repos.d/a.repo": "[a]\nbaseurl=http://a.example.org/\n" + tt.settings})
		s, err := read(m.dir, "x86_64", tt.environment)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Sources[0].Proxy(u); got != tt.want {
			t.Errorf("with %q and %q the proxy of %s is %q; expected %q", tt.settings, tt.environment, tt.url, got, tt.want)
		}
	}
}

func TestCredential(t *testing.T) {
	m := newMachine(t, map[string]string{
		"etc/yum.repos.d/a.repo": "[a]\nbaseurl=https://a.example.org/\nusername=me\npassword=mine\n[b]\nbaseurl=https://b.example.org/\npassword=alone\n",
	})
	s, err := read(m.dir, "x86_64", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		source          int
		url             string
		login, password string
		ok              bool
	}{
		{0, "https://a.example.org/x", "me", "mine", true},
		{0, "https://you:yours@a.example.org/x", "you", "yours", true},
		{1, "https://b.example.org/x", "", "", false},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		login, password, ok := s.Sources[tt.source].Credential(u)
		if login != tt.login || password != tt.password || ok != tt.ok {
			t.Errorf("%s has %q, %q, %t; expected %q, %q, %t", tt.url, login, password, ok, tt.login, tt.password, tt.ok)
		}
	}
}

func TestPriorities(t *testing.T) {
	for p, want := range map[int]int{99: 500, 1: 598, 10: 589, -1: 600, 598: 1, 999: 1} {
		if got := *mirrorPriority(p); got != want {
			t.Errorf("priority %d is %d; expected %d", p, got, want)
		}
	}
}
