package conformance

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startWithin = 30 * time.Second // from the start of the process to /readyz
	stopWithin  = 30 * time.Second // from SIGTERM to its exit

	logTail = 2 << 10 // bytes of the log that a failure shows
)

var (
	endpointFlag = flag.String("endpoint", "", "run the clients against the server at this `URL` instead of the gateway")
	accessFlag   = flag.String("access-key", "conformance", "access key of -endpoint")
	secretFlag   = flag.String("secret-key", "conformance-secret", "secret key of -endpoint")
	caFlag       = flag.String("ca", "", "PEM `file` of the authority that signed the certificate of -endpoint")
)

// An endpoint is all that a client needs to know.
type endpoint struct {
	url            string // http://127.0.0.1:port or https://…
	access, secret string
	ca             string // PEM file of the authority to trust; empty over http
}

func (e endpoint) tls() bool    { return strings.HasPrefix(e.url, "https://") }
func (e endpoint) host() string { return e.url[strings.Index(e.url, "://")+3:] }

// A gateway is one aetherfs process at work on a data folder of its own.
type gateway struct {
	endpoint
	data string   // the folder named by --data
	env  []string // further variables, such as AETHERFS_STORE=s3://…

	chain chain  // for https
	log   string // file that takes what the process prints
	cmd   *exec.Cmd
	gone  chan exit // yields one, when the process has ended
}

type exit struct{ err error } // nil for code 0

// servedAt returns the endpoint that the clients are to be run against: a new
// gateway, or the server named by -endpoint. It is nil where -endpoint names a
// server of the other scheme.
func servedAt(t *testing.T, tls bool) *endpoint {
	t.Helper()
	if *endpointFlag == "" {
		return &newGateway(t, tls).endpoint
	}
	given := endpoint{url: strings.TrimSuffix(*endpointFlag, "/"), access: *accessFlag, secret: *secretFlag, ca: *caFlag}
	if given.tls() != tls {
		return nil
	}
	return &given
}

// newGateway starts a gateway on an empty data folder, with further variables
// in its environment, and waits until it is ready. The test's end stops it and
// fails the test unless it exits with 0.
func newGateway(t *testing.T, tls bool, env ...string) *gateway {
	t.Helper()
	if *endpointFlag != "" {
		t.Skip("looks behind the door of a gateway of its own; -endpoint names another server")
	}
	dir := t.TempDir()
	g := &gateway{
		endpoint: endpoint{access: "conformance", secret: "conformance-secret"},
		data:     filepath.Join(dir, "data"),
		env:      env,
		chain:    certify(t, dir),
		log:      filepath.Join(dir, "log"),
	}
	g.listen(freeAddress(t), tls)
	t.Cleanup(func() {
		if g.cmd != nil {
			g.stop(t)
		}
		if t.Failed() {
			t.Logf("end of the gateway's log:\n%s", tail(g.log, logTail))
		}
	})
	g.start(t)
	return g
}

// listen decides where the process listens when it is next started.
func (g *gateway) listen(address string, tls bool) {
	g.url, g.ca = "http://"+address, ""
	if tls {
		g.url, g.ca = "https://"+address, g.chain.authority
	}
}

func (g *gateway) args() []string {
	args := []string{"run", "--listen", g.host(), "--data", g.data}
	if g.tls() {
		args = append(args, "--tls-cert", g.chain.certificate, "--tls-key", g.chain.key)
	}
	return args
}

// launch starts the process and does not wait for it to be ready.
func (g *gateway) launch(t *testing.T) {
	t.Helper()
	out, err := os.OpenFile(g.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(builtBinary(t), g.args()...)
	cmd.Env = append(cleanEnv(filepath.Dir(g.data)), "AETHERFS_ACCESS_KEY="+g.access, "AETHERFS_SECRET_KEY="+g.secret)
	cmd.Env = append(cmd.Env, g.env...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan exit, 1)
	go func() { gone <- exit{cmd.Wait()} }()
	g.cmd, g.gone = cmd, gone
}

// start launches the process and waits until it is ready.
func (g *gateway) start(t *testing.T) {
	t.Helper()
	g.launch(t)
	if err := g.ready(t.Context()); err != nil {
		t.Fatalf("start: %v\n%s", err, tail(g.log, logTail))
	}
}

// ready waits until /readyz answers 200. It returns an error if the process
// exits or does not get there within startWithin.
func (g *gateway) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	probe := &http.Client{Transport: newTransport(g.endpoint)}
	defer probe.CloseIdleConnections()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case exit := <-g.gone:
			g.cmd = nil
			return fmt.Errorf("gateway ended before it was ready: %v", exit.err)
		case <-ctx.Done():
			return fmt.Errorf("gateway not ready: %w", ctx.Err())
		case <-tick.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/readyz", nil)
		if err != nil {
			return err
		}
		resp, err := probe.Do(req)
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
	}
}

// stop ends the process by SIGTERM; it must drain and exit with 0.
func (g *gateway) stop(t *testing.T) {
	t.Helper()
	cmd := g.cmd
	g.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	select {
	case exit := <-g.gone:
		if exit.err != nil {
			t.Errorf("exit after SIGTERM: %v, want 0\n%s", exit.err, tail(g.log, logTail))
		}
	case <-time.After(stopWithin):
		t.Errorf("gateway still runs %v after SIGTERM", stopWithin)
		cmd.Process.Kill()
		<-g.gone
	}
}

// restart stops the process and starts it again, over https or not.
func (g *gateway) restart(t *testing.T, tls bool) {
	t.Helper()
	g.stop(t)
	g.listen(g.host(), tls)
	g.start(t)
}

// kill ends the process by SIGKILL.
func (g *gateway) kill() {
	g.cmd.Process.Kill()
	<-g.gone
	g.cmd = nil
}

// peakMemory is the process's largest resident set so far, in bytes.
func (g *gateway) peakMemory(t *testing.T) int64 {
	t.Helper()
	return g.status(t, "VmHWM:")
}

// ownMemory is what is resident now of the process's memory, in bytes, without
// the files that it maps, which the system takes back when it needs room.
func (g *gateway) ownMemory(t *testing.T) int64 {
	t.Helper()
	return g.status(t, "RssAnon:")
}

// status is a size that the system tells of the process, in bytes.
func (g *gateway) status(t *testing.T, field string) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatalf("no %s in the process's status", field)
	return 0
}

// buildBinary builds the gateway once a run, into the folder that TestMain
// removes.
var buildBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "aetherfs")
	out, err := exec.Command("go", "build", "-o", path, "aetherfs/cmd/aetherfs").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the gateway: %w\n%s", err, out)
	}
	return path, nil
})

func builtBinary(t *testing.T) string {
	t.Helper()
	path, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// freeAddress finds a port to listen on. It stays below the ports that the
// kernel gives to outgoing connections, so that no client of a test that runs
// at the same time can take it in between.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000)))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal("no free port on 127.0.0.1")
	return ""
}

// tail is the end of a file, at most n bytes.
func tail(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(len(text)-n, 0):])
}
