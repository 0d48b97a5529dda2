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

	kubernetesBucket = "kubernetes"

	// What the second may add to the store, in thousandths of its own size.
	mostInData = 15
	mostInAll  = 40
)

// TestKubernetes puts one release as one tag over http, by rclone, and the next
// as another over https, by the aws CLI, which takes ten times as long for it.
// Both come back, one over each.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	const bucket = kubernetesBucket
	g := newGateway(t, false)
	newReference(t, g.endpoint, bucket)
	t.Logf("%-8s %8s %12s %12s %12s %8s", "tag", "files", "bytes", "added data", "added in all", "seconds")
	g.putRelease(t, fast(t, g, bucket), kubernetesFirst)
	g.restart(t, true)
	size, data, all := g.putRelease(t, debianAWS(t, g, bucket), kubernetesNext)
	if most := size * mostInData / 1000; data > most {
		t.Errorf("%s adds %d bytes of file data, want at most %d", kubernetesNext, data, most)
	}
	if most := size * mostInAll / 1000; all > most {
		t.Errorf("%s adds %d bytes in all, want at most %d", kubernetesNext, all, most)
	}
	comeBack(t, g, bucket, kubernetesNext)
	g.restart(t, false)
	comeBack(t, g, bucket, kubernetesFirst)
}

// putRelease puts a release by c into the bucket kubernetes, and returns its
// size and what it added to the store in bytes of files and in all.
func (g *gateway) putRelease(t *testing.T, c treeClient, release string) (size, data, all int64) {
	t.Helper()
	dir := module(t, kubernetes, release)
	files, size := sizeOfTree(t, dir)
	before, start := g.stored(t), time.Now()
	if err := c.putTree(t.Context(), dir, release+"/"); err != nil {
		t.Fatal(err)
	}
	seconds := time.Since(start).Seconds()
	data, all = g.addedData(t, kubernetesBucket, release), g.stored(t).since(before).bytes
	t.Logf("%-8s %8d %12d %12d %12d %8.1f", release, files, size, data, all, seconds)
	return size, data, all
}

// fast is the client that copies trees in the least time.
func fast(t *testing.T, g *gateway, bucket string) treeClient {
	t.Helper()
	return openRclone("rclone")(t, g.endpoint, bucket).(treeClient)
}

func debianAWS(t *testing.T, g *gateway, bucket string) *awsCLI {
	t.Helper()
	return newAWS(t, programs(t, "aws")[0].path, g.endpoint, bucket)
}

// comeBack gets a release and compares it with what was put.
func comeBack(t *testing.T, g *gateway, bucket, release string) {
	t.Helper()
	got := filepath.Join(t.TempDir(), release)
	if err := fast(t, g, bucket).getTree(t.Context(), release+"/", got); err != nil {
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
