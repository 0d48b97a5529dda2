package main

import (
	"fmt"
	"syscall"
	"time"
)

// cost is what storing a data set took, of the clock and of the processors.
type cost struct{ wall, cpu time.Duration }

func (c cost) String() string { return fmt.Sprintf("%.1f (%.1f)", c.wall.Seconds(), c.cpu.Seconds()) }

// stopwatch returns a function that tells the cost since the call, in this
// process and in those that it ran and waited for.
func stopwatch() func() cost {
	start, cpu := time.Now(), cpuTime()
	return func() cost { return cost{time.Since(start), cpuTime() - cpu} }
}

func cpuTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			panic(err) // both are always allowed
		}
		sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return sum
}
