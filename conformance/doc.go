// Package conformance holds no code but tests: real S3 clients, unmodified and
// with their default settings, against the running binary, over http and
// https. Nothing in it reaches behind the front door but to look at the files
// of the store, to damage them or to kill the process; and to have folded at
// once what a gateway would fold in an hour.
//
//  1. A client that is missing fails the run: install.sh brings them all.
//  2. A failure that we know of stands in known.txt with its reason. A row that
//     starts to pass fails the run, and so does one that names no test.
//  3. Bytes are compared by SHA-256, keys one by one with those that were put.
//
// With -endpoint the clients run against another server, to tell a fault of
// the gateway from a habit of a client:
//
//	go test ./conformance -run TestClients -args -endpoint http://127.0.0.1:7070
package conformance
