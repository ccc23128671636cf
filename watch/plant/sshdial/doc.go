// Package sshdial makes SSH connections for programs that run unattended: the host key
// must be known, every wait has an end, and nothing is asked of anybody.
//
// [Dial] follows what ssh(1) would do for the host: ssh_config(5), jump hosts, proxy
// commands, keys, certificates, agent and password. server.go says what can be set,
// settings.go puts it together with ssh_config, route.go makes the way there,
// hostkey.go and knownhosts.go decide whether the host is the right one, identity.go
// and agent.go say who we are, and client.go holds the connection.
package sshdial
