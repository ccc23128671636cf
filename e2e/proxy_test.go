package e2e_test

import (
	"testing"

	"github.com/mirrorkeeper/mirrorkeeper/internal/repotest"
)

func TestSquidIsTheOnlyWayOut(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server := serveNginx(t, u.dir, `if ($http_via = "") { return 403; }`)
	source := u.source("debian", throughProxyOnly(server.URL))
	open, closed := serveSquid(t, "", ""), serveSquid(t, "user", "secret")
	for name, c := range map[string]struct {
		transfer string
		env      []string
	}{
		"in the configuration":               {transfer: "transfer: {proxy: 'http://" + open + "'}\n"},
		"in the environment":                 {env: []string{"http_proxy=http://" + open}},
		"with a password":                    {transfer: "transfer: {proxy: 'http://user:secret@" + closed + "'}\n"},
		"with a password in the environment": {env: []string{"http_proxy=http://user:secret@" + closed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t, c.transfer+fullMirror(source))
			k.env = c.env
			k.sync()
			wantSameTree(t, u.dir, k.published("full"), nil)
			a := newApt(t, debLine(u.key, "file://"+k.published("full")))
			a.update()
			a.simulates("app")
		})
	}
	t.Run("with a wrong password", func(t *testing.T) {
		t.Parallel()
		k := newKeeper(t, "transfer: {retries: 1, proxy: 'http://user:wrong@"+closed+"'}\n"+fullMirror(source))
		k.exits(failed, "sync").says("407|Proxy")
	})
	t.Run("without it", func(t *testing.T) {
		t.Parallel()
		k := newKeeper(t, quick+fullMirror(source))
		k.exits(failed, "sync").says(archiveHost)
	})
}

func TestProxyOfOneSource(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.AddText(someText)
	u.publish()
	server, proxy := repotest.Serve(t, u.dir), repotest.Forward(t, "user", "secret")
	k := newKeeper(t, fullMirror(u.source("debian", server.URL, "proxy: '"+proxy.WithUser()+"'")))
	k.sync()
	if direct, through := len(server.Requests(".")), len(proxy.Requests(".")); through < direct || direct == 0 {
		t.Errorf("%d requests came to the server, %d through the proxy", direct, through)
	}
}
