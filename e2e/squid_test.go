package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// archiveHost is a name that only the proxy knows: a client that does not go
// through it finds nothing.
const archiveHost = "archive.mirrorkeeper.invalid"

const squidConfiguration = `
http_port 127.0.0.1:%[2]d
pid_filename %[1]s/pid
access_log stdio:%[1]s/access.log
cache_log %[1]s/cache.log
cache_store_log none
coredump_dir %[1]s
cache deny all
hosts_file %[1]s/hosts
visible_hostname localhost
shutdown_lifetime 0 seconds
%[3]s
http_access deny all
`

const squidAuthentication = `auth_param basic program %[1]s/authenticate
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access allow known`

// serveSquid runs squid until the test ends, with the archive's host in its hosts
// file. With a user it wants basic authentication. It returns the proxy's address.
func serveSquid(t *testing.T, user, password string) string {
	t.Helper()
	program := need(t, "squid")
	dir, port := tempDir(t), freePort(t)
	access := "http_access allow all"
	if user != "" {
		access = fmt.Sprintf(squidAuthentication, dir)
		script := filepath.Join(dir, "authenticate")
		write(t, script, fmt.Sprintf("#!/bin/sh\nwhile read -r user password; do\n[ \"$user $password\" = '%s %s' ] && echo OK || echo ERR\ndone\n", user, password))
		if err := os.Chmod(script, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 { // squid gives root's rights up
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "hosts"), "127.0.0.1 "+archiveHost+"\n")
	conf, log := filepath.Join(dir, "squid.conf"), filepath.Join(dir, "cache.log")
	write(t, conf, fmt.Sprintf(squidConfiguration, dir, port, access))
	background(t, log, exec.Command(program, "-N", "-f", conf))
	awaitPort(t, port, log)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// throughProxyOnly is an address of the server by the name that only squid knows.
func throughProxyOnly(url string) string { return strings.Replace(url, "127.0.0.1", archiveHost, 1) }
