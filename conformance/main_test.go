package conformance

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// scratch is a folder of the whole run's: the binary under test lives there.
var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	if *endpointFlag != "" && os.Getenv("CI") != "" {
		fmt.Fprintln(os.Stderr, "-endpoint leaves tests out, so CI does without it")
		return 1
	}
	var err error
	if scratch, err = os.MkdirTemp("", "conformance-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	if known, err = readKnown("known.txt"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if unmet := known.unmet(); code == 0 && ranAll() && len(unmet) > 0 {
		fmt.Fprintf(os.Stderr, "known.txt names tests that do not exist: %q\n", unmet)
		return 1
	}
	return code
}

// ranAll reports whether this run was of every test.
func ranAll() bool {
	return flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && *endpointFlag == ""
}

var seedFlag = flag.Uint64("seed", 0, "`seed` of the tests that do things at random; 0 for a new one")

// newSeed is what decides all that a test does at random, but for the moments
// that the machine's own speed moves.
func newSeed(t *testing.T) uint64 {
	t.Helper()
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	return seed
}
