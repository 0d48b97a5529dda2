package conformance

import (
	"flag"
	"fmt"
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
