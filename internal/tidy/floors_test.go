package tidy

import (
	"strings"
	"testing"
)

const module = "aetherfs/"

// floors is the house of ARCHITECTURE.md: a package imports those on lower
// floors only. A folder stands for all below it.
var floors = map[string]int{
	"cmd/aetherfs": 6, "internal/config": 6, "internal/metrics": 6,
	"s3api": 5, "nfs": 5, "webdav": 5, "internal/web": 5,
	"backend": 4, "internal/upkeep": 4,
	"catalog": 3, "dedupe": 3, "internal/checksum": 3,
	"internal/journal": 2, "internal/manifest": 2,
	"internal/store": 1, "internal/kv": 1, "internal/auth": 1,
	"internal/bulk": 0, "internal/incoming": 0, "internal/lanes": 0, "internal/memory": 0, "internal/sabotage": 0,
}

// outside stands beside the house: it may look at any of it, and no package of
// the house imports it.
var outside = []string{"conformance", "deploy", "internal/simulation", "internal/tidy"}

// seenByFrontEnds is what they are made of: the tree, who asks, what they send, S3's
// checksums and what computes them.
var seenByFrontEnds = []string{"backend", "internal/auth", "internal/checksum", "internal/incoming", "internal/lanes"}

func floorOf(dir string) (folder string, floor int, ok bool) {
	for folder, floor := range floors {
		if within(dir, folder) && (dir == folder || !isListed(dir)) {
			return folder, floor, true
		}
	}
	return "", 0, false
}

func isListed(dir string) bool { _, ok := floors[dir]; return ok }

func within(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

func withinAny(dir string, folders []string) bool {
	for _, folder := range folders {
		if within(dir, folder) {
			return true
		}
	}
	return false
}

func TestImportsGoDown(t *testing.T) {
	for _, s := range sources(t) {
		if withinAny(s.dir(), outside) {
			continue
		}
		folder, floor, ok := floorOf(s.dir())
		if !ok {
			t.Errorf("%s: package %s is on no floor: add it to ARCHITECTURE.md and to floors", s.path, s.dir())
			continue
		}
		for of := range s.imports() {
			to, ours := strings.CutPrefix(of, module)
			if ours {
				checkImport(t, s, folder, floor, to)
			}
		}
	}
}

func checkImport(t *testing.T, s source, folder string, floor int, to string) {
	t.Helper()
	toFolder, toFloor, ok := floorOf(to)
	switch {
	case !ok:
		t.Errorf("%s imports %s, which is not in the house", s.path, to)
	case toFolder == folder: // a package and its own parts and suites
	case s.isTest() && toFloor <= floor: // a test stands on the real thing, from below or beside
	case folder == "cmd/aetherfs": // it wires everything
	case toFloor > floor:
		t.Errorf("%s on floor %d imports %s, up on floor %d", s.path, floor, to, toFloor)
	case toFloor == floor:
		t.Errorf("%s on floor %d imports its neighbour %s", s.path, floor, to)
	case floor == 5 && !withinAny(to, seenByFrontEnds):
		t.Errorf("%s imports %s: a front end sees %v only", s.path, to, seenByFrontEnds)
	}
}

// doors are the only folders from which a library may be imported.
var doors = map[string][]string{
	"github.com/johannesboyne/gofakes3":   {"s3api"},
	"github.com/willscott/go-nfs":         {"nfs"},
	"github.com/go-git/go-billy":          {"nfs"},
	"golang.org/x/net/webdav":             {"webdav"},
	"github.com/minio/minio-go":           {"internal/store/s3store"},
	"github.com/dgraph-io/badger":         {"internal/kv"},
	"github.com/prometheus/client_golang": {"internal/metrics"},
	"github.com/knadh/koanf":              {"internal/config"},
	"github.com/spf13/cobra":              {"cmd/aetherfs"},
	"github.com/klauspost/cpuid":          {"internal/lanes"},
	"github.com/klauspost/compress":       {"dedupe", "internal/journal", "internal/manifest", "internal/web/files"},
}

// Tests may be clients: they use what they like.
func TestLibrariesStayBehindTheirDoors(t *testing.T) {
	for _, s := range sources(t) {
		if s.isTest() || withinAny(s.dir(), outside) {
			continue
		}
		for of := range s.imports() {
			for library, folders := range doors {
				if within(of, library) && !withinAny(s.dir(), folders) {
					t.Errorf("%s imports %s, which belongs to %v", s.path, of, folders)
				}
			}
		}
	}
}
