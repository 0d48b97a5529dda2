package conformance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Two releases of a real program, as the Go module proxy has them.
const (
	kubernetes      = "k8s.io/kubernetes"
	kubernetesFirst = "v1.32.1"
	kubernetesNext  = "v1.32.2"

	// What the second may add to the store, in thousandths of its own size.
	mostInData = 15
	mostInAll  = 40
)

// TestKubernetes puts one release as one tag and the next as another, and gets
// both back.
func TestKubernetes(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			twoReleases(t, newGateway(t, scheme == "https"))
		})
	}
}

func twoReleases(t *testing.T, g *gateway) {
	const bucket = "kubernetes"
	newReference(t, g.endpoint, bucket)
	aws := newAWS(t, programs(t, "aws")[0].path, g.endpoint, bucket)
	before := g.stored(t)
	t.Logf("%-8s %8s %12s %12s %12s %8s", "tag", "files", "bytes", "added data", "added in all", "seconds")
	var last usage
	var size, data int64
	for _, release := range []string{kubernetesFirst, kubernetesNext} {
		dir := module(t, kubernetes, release)
		files, bytes := sizeOfTree(t, dir)
		start := time.Now()
		if err := aws.putTree(t.Context(), dir, release+"/"); err != nil {
			t.Fatal(err)
		}
		seconds := time.Since(start).Seconds()
		now := g.stored(t)
		last, size, data = now.since(before), bytes, g.addedData(t, bucket, release)
		t.Logf("%-8s %8d %12d %12d %12d %8.1f", release, files, bytes, data, last.bytes, seconds)
		before = now
	}
	if most := size * mostInData / 1000; data > most {
		t.Errorf("%s adds %d bytes of file data, want at most %d", kubernetesNext, data, most)
	}
	if most := size * mostInAll / 1000; last.bytes > most {
		t.Errorf("%s adds %d bytes in all, want at most %d", kubernetesNext, last.bytes, most)
	}
	for _, release := range []string{kubernetesFirst, kubernetesNext} {
		comeBack(t, aws, release)
	}
}

// comeBack gets a release and compares it with what was put.
func comeBack(t *testing.T, aws *awsCLI, release string) {
	t.Helper()
	got := filepath.Join(t.TempDir(), release)
	if err := aws.getTree(t.Context(), release+"/", got); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("diff", "-r", module(t, kubernetes, release), got).CombinedOutput(); err != nil {
		t.Errorf("%s does not come back: diff -r: %v\n%.2000s", release, err, out)
	}
}

// addedData is what the gateway says that the tag added in bytes of files.
func (g *gateway) addedData(t *testing.T, dataset, tag string) int64 {
	t.Helper()
	cmd := exec.Command(builtBinary(t), "stats", "--json", "--endpoint", g.url, "--data", g.data, dataset)
	cmd.Env = append(cleanEnv(t.TempDir()), "AETHERFS_ACCESS_KEY="+g.access, "AETHERFS_SECRET_KEY="+g.secret)
	if g.ca != "" {
		cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+g.ca)
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("aetherfs stats: %v: %s", err, out)
	}
	var stats struct {
		Datasets []struct {
			Tags []struct {
				Tag   string
				Added int64
			}
		}
	}
	if err := json.Unmarshal(out, &stats); err != nil {
		t.Fatalf("aetherfs stats: %v: %s", err, out)
	}
	for _, d := range stats.Datasets {
		for _, row := range d.Tags {
			if row.Tag == tag {
				return row.Added
			}
		}
	}
	t.Fatalf("aetherfs stats knows no tag %s: %s", tag, out)
	return 0
}

// module is the folder of a module's files, fetched if it is not there. It is
// not to be written to.
func module(t *testing.T, path, version string) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", path+"@"+version)
	cmd.Dir = t.TempDir() // beside the gateway's own modules, not among them
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("fetch %s %s: %v: %s", path, version, err, out)
	}
	var fetched struct{ Dir string }
	if err := json.Unmarshal(out, &fetched); err != nil {
		t.Fatal(err)
	}
	return fetched.Dir
}

func sizeOfTree(t *testing.T, dir string) (files, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return fmt.Errorf("size of %s: %w", path, err)
		}
		files++
		bytes += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, bytes
}
