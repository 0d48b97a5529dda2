// Package simulation runs the real engine, from the tree down to the store port,
// in virtual time on a bucket whose faults, like everything else that happens,
// follow from one number: the seed.
//
//  1. What a seed does it does again: no chance, no clock and no order of
//     goroutines but the seed's decides anything. Only the memory of the
//     machine and its speed are left out of it.
//  2. A gateway sees the bucket by its view alone. When the gateway crashes, the
//     view is cut: requests under way may still land, no reply comes back.
//  3. What a client cannot know is not counted against the engine: a write
//     without an answer may have happened, may happen later, or never.
//
// One seed is one life of a bucket. Three gateways, whose clocks differ by up to
// a day, serve clients that put, copy, rename, list, upload in parts, and make
// and remove datasets. The store is late, slow, full of errors, and answers
// some writes that it made with an error. Processes stop for up to a day, or for
// good. At the end the weather clears, and then
//
//   - every answer that clients got fits one order of all their operations, in
//     which each happened at one instant between its call and its answer
//     (porcupine checks it, dataset by dataset);
//   - every gateway, and one that starts with nothing, sees the same;
//   - everything that is listed can be read, and every byte read, at any time,
//     was put under that ETag;
//   - nothing waits for ever.
//
// # How to read a failure
//
// A failure names what was wrong and the command that shows it again, which
// runs the one seed:
//
//	go test ./internal/simulation -run Simulation -args -seed 17 -trace
//
// With -trace it prints, in the order of virtual time, each request to the
// store with its fate and each operation with its answer. A history that fits
// no order is printed for the dataset concerned; read it from its end: the last
// operations that were read strongly (those named final) say what the log
// holds, and the first that contradicts them is usually the wrong one. Two
// things shorten the search. Run the seed with -gateways 1: if it still fails,
// no rival is needed. And look for the weather in the first line of the trace: a
// seed that fails without faults ("fair") is an ordinary bug.
//
// # Sweep
//
// Where a seed has all faults at once, the sweep has a single one. It plays some
// eighty scenes, from a PUT to the removal of fences, each on two gateways that
// do nothing else. It counts the requests of a scene, and plays it again for each
// of them, which fails
//
//   - before: an error, and nothing is done;
//   - after: done, and an error;
//   - late: an error, and done up to three minutes later;
//   - 503: refused, with all others of the next eight seconds;
//   - slow: by 20 or 80 seconds, of which the client waits for 60;
//   - flip, short: a bit of what is read is wrong, or half of it is missing;
//   - crash: the process ends, with the request on its way or lost;
//
// once, or with all that follow. Then the store works again, processes that have
// crashed start again, and what counts for seeds is judged, by a restarted
// process too, and fsck must have nothing to say. No answer takes more than a
// minute, unless it waits for slow requests, and no start and no upkeep five.
// Damage that passes must have made no difference at all. A failure names its
// case:
//
//	go test ./internal/simulation -run Sweep -args -sweep put-small/1/late/once -trace
//
// The usual run plays every second case, -stride 1 all.
//
// # Controls
//
// A test that never fails proves nothing. With the build tag sabotage the
// engine carries bugs that can be switched on one at a time, and
//
//	go test -tags sabotage ./internal/simulation -run Controls
//
// runs seeds until each is caught.
package simulation
