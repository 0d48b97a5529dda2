// Package upkeep does what a repository needs beside its clients' requests and
// what takes names and bytes together: it folds logs, retires what was folded,
// ends abandoned uploads, and checks what is stored.
//
//  1. It holds no lock and needs no leader: every gateway of a bucket may do
//     all of it at the same time. Who comes second has worked in vain.
//  2. It changes states through records of their logs alone, as clients do, so
//     that replay refuses what would harm them.
//  3. What it deletes or overwrites is covered by a durable checkpoint.
package upkeep
