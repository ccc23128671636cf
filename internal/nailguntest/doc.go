// Package nailguntest is a double of Nailgun, the server of Fuel, for tests: it checks
// every request as strictly as it can, and answers as the real one does, errors included.
//
// What it knows of the real one: the handlers, validators and middleware of fuel-web
// (nailgun/api/v1), and what fuel-mirror's apply sent to them.
package nailguntest
