package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const unitFile = "systemd/aetherfs.service"

// maxExposure is ten times what systemd-analyze may say of the unit at most. It
// says 1.2: the network, and the machine's file system to read.
const maxExposure = "15"

// TestUnit has systemd's own program read the unit and judge what it allows.
func TestUnit(t *testing.T) {
	unit := filepath.Join(t.TempDir(), "aetherfs.service")
	text := strings.ReplaceAll(read(t, unitFile), "/usr/local/bin/aetherfs", "/bin/true") // which is here
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", unit},
		{"security", "--offline=true", "--no-pager", "--threshold=" + maxExposure, unit},
	} {
		out, err := exec.Command("systemd-analyze", args...).CombinedOutput()
		if err != nil || args[0] == "verify" && strings.Contains(string(out), "aetherfs.service") {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

func TestUnitSettings(t *testing.T) {
	unit := read(t, unitFile)
	environ := assignments(t, read(t, "systemd/environment.example"))
	for _, m := range regexp.MustCompile(`(?m)^Environment=(\w+)=(\S+)$`).FindAllStringSubmatch(unit, -1) {
		environ[m[1]] = strings.ReplaceAll(m[2], "%S", "/var/lib")
	}
	c := onBucket(t, environ)
	if c.Data != "/var/lib/aetherfs" || !strings.Contains(unit, "\nStateDirectory=aetherfs\n") {
		t.Errorf("local state is in %s, which is not the state directory of the unit", c.Data)
	}
	leavesRoom(t, c, mebibytes(t, unit, `MemoryMax=(\d+)M`))
	stop, err := time.ParseDuration(regexp.MustCompile(`TimeoutStopSec=(\S+)`).FindStringSubmatch(unit)[1])
	if err != nil || stop <= minStop {
		t.Errorf("a stop may take %v, error %v, want more than %v", stop, err, minStop)
	}
}
