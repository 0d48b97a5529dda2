// Package nfs shows the tree by NFS, version 3, for reading.
//
//  1. It is built on backend.Reader: it cannot write.
//  2. A handle means the same after a restart and on every gateway of the
//     store. One that was not made with the key is refused.
//  3. A handle of a file names a version: never are bytes of another returned.
//  4. Looking a name up scans nothing. A handle whose name was lost is found by
//     one pass over its tag, for all who wait.
//  5. An error of the store is never told as a file that does not exist: the
//     connection ends, and clients ask again.
//
// The server, its records and its replies are those of
// github.com/willscott/go-nfs, the procedures are ours: see register.
package nfs
