package main

import "fmt"

// A goal is what AetherFS must show in a row, and what it should.
type goal struct {
	what measure
	must float64 // 0 is none
	aim  float64 // 0 is none
}

// A measure is a figure that goals are about.
type measure string

const (
	cpuRatio     measure = "CPU : versitygw"   // at most
	wallRatio    measure = "speed : versitygw" // at least, as all others
	rcloneRatio  measure = "speed : rclone"
	smaller      measure = "times smaller stored"
	putsPerFsync measure = "PUTs per fsync"
)

func (m measure) atMost() bool { return m == cpuRatio }

// meets tells whether a value is as good as a bound. No value is not.
func (m measure) meets(value, bound float64) bool {
	if m.atMost() {
		return value <= bound
	}
	return value >= bound
}

// verdict is what a value of the goal is called.
func (g goal) verdict(value float64) string {
	switch {
	case g.aim != 0 && g.what.meets(value, g.aim):
		return "aim"
	case g.must == 0:
		return "below the aim"
	case g.what.meets(value, g.must):
		return "pass"
	default:
		return "**miss**"
	}
}

// bound writes a bound of the goal.
func (g goal) bound(value float64) string {
	switch {
	case value == 0:
		return ""
	case g.what.atMost():
		return fmt.Sprintf("≤ %.2f", value)
	default:
		return fmt.Sprintf("≥ %.2f", value)
	}
}

func cpu(must, aim float64) goal   { return goal{cpuRatio, must, aim} }
func speed(must, aim float64) goal { return goal{wallRatio, must, aim} }
func overRclone(must float64) goal { return goal{rcloneRatio, must, 0} }
func stored(must float64) goal     { return goal{smaller, must, 0} }
func perFsync(must float64) goal   { return goal{putsPerFsync, must, 0} }
