package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Another configuration is taken over wholly or not at all, whatever part of it is refused.
func TestReload(t *testing.T) {
	dir, port := t.TempDir(), anyPort(t)
	stamped := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, time.Now().Unix()) }))
	defer stamped.Close()
	other := httptest.NewServer(stamped.Config.Handler)
	defer other.Close()
	geoip := filepath.Join(dir, "places.mmdb")
	writePlaces(t, geoip, map[string]mmdbtype.Map{"127.0.0.0/8": inCountry("DE")})
	config := filepath.Join(dir, "c.yaml")
	configure := func(listen int, repositories, more string, sites ...string) {
		t.Helper()
		text := fmt.Sprintf("state: %s/state\nwatch:\n  listen: 127.0.0.1:%d\n  period: 200ms\n  tokens: [secret]\n%s  repositories: {%s}\n  sites:\n", dir, listen, more, repositories)
		for _, s := range sites {
			text += "    - " + s + "\n"
		}
		write(t, config, text)
	}
	site := func(url, repository, more string) string {
		return fmt.Sprintf("{url: %q, repositories: [%s]%s}", url, repository, more)
	}
	pub, more := fmt.Sprintf("pub: {directories: a, url: %q}", stamped.URL), "  geoip: "+geoip+"\n"
	configure(port, pub, more, site(stamped.URL, "pub", ", country: DE"), site(other.URL, "pub", ", country: SE"))
	logged := runWatch(t, map[string]string{"HOME": dir}, config)
	address := fmt.Sprintf("http://127.0.0.1:%d", port)
	hangup := func(says string) {
		t.Helper()
		n := strings.Count(logged(), says)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, says, func() bool { return strings.Count(logged(), says) > n })
	}
	list := func() string { return fetched(address + "/mirrorlist/pub") }
	german, swedish := stamped.URL+"\n"+other.URL+"\n", other.URL+"\n"+stamped.URL+"\n"
	eventually(t, "both sites are listed, that of the client's country first", func() bool { return list() == german })

	// A site that was added by the API has a repository that the next configuration lacks:
	// the daemon refuses it, when all else is ready.
	answer, err := http.DefaultClient.Do(post(t, address+"/api/v1/sites", `{"url": "http://127.0.0.1:9", "repositories": ["pub"]}`))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	answer.Body.Close()
	watched := func() int {
		var sites struct{ Sites []struct{ URL string } }
		if json.Unmarshal([]byte(fetched(address+"/api/v1/sites")), &sites) != nil {
			return -1
		}
		return len(sites.Sites)
	}
	eventually(t, "the site that was added is watched", func() bool { return watched() == 3 })
	elsewhere := filepath.Join(dir, "elsewhere.mmdb")
	writePlaces(t, elsewhere, map[string]mmdbtype.Map{"127.0.0.0/8": inCountry("SE")})
	for name, refused := range map[string]func(){
		"another repository": func() {
			configure(port, strings.Replace(pub, "pub", "bup", 1), "  floor: 9\n  geoip: "+elsewhere+"\n", site(other.URL, "bup", ""))
		},
		"another address": func() { configure(port+1, pub, more, site(other.URL, "pub", "")) },
		"a broken file":   func() { configure(port, pub, "  geoip: "+config+"\n", site(other.URL, "pub", "")) },
		"no YAML":         func() { write(t, config, "watch: [") },
	} {
		refused()
		hangup("was not taken over")
		if got := list(); got != german {
			t.Errorf("%s is refused, and changes the list:\n%s", name, got)
		}
		if n := watched(); n != 3 {
			t.Errorf("%s is refused, and %d sites are watched", name, n)
		}
	}
	configure(port, pub, "  geoip: "+elsewhere+"\n", site(stamped.URL, "pub", ", country: DE"), site(other.URL, "pub", ", country: SE"))
	hangup("another configuration is in force")
	eventually(t, "the list is that of the other country", func() bool { return list() == swedish })
	configure(port, pub, "", site(stamped.URL, "pub", `, networks: [127.0.0.0/8]`), site(other.URL, "pub", `, networks: ["2001:db8::/32"]`))
	hangup("another configuration is in force")
	eventually(t, "the site that is there for the client's network is first", func() bool { return list() == german })
}

func post(t *testing.T, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	return r
}
