package deploy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const balancerFile = "haproxy/haproxy.cfg"

// balanced are the variables of the configuration that name the gateways.
var balanced = [3]string{"GATEWAY_0", "GATEWAY_1", "GATEWAY_2"}

// standIns answer as gateways do, with their number and what they were asked.
type standIns struct {
	servers [3]*httptest.Server
	ready   [3]atomic.Bool
}

func newStandIns(t *testing.T) *standIns {
	s := &standIns{}
	for i := range s.servers {
		s.ready[i].Store(true)
		s.servers[i] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.RequestURI == "/readyz" && !s.ready[i].Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			fmt.Fprintf(w, "%d %s %s", i, r.Host, r.RequestURI)
		}))
		t.Cleanup(s.servers[i].Close)
	}
	return s
}

// balancer runs the real program with the real configuration, and returns where
// it serves.
func balancer(t *testing.T, s *standIns) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	text := strings.NewReplacer("bind :8080", "bind "+address, "inter 5s", "inter 50ms").Replace(read(t, balancerFile))
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("haproxy", "-db", "-f", file)
	cmd.Env = append(os.Environ(), "S3_DOMAIN=s3.example.org")
	for i, name := range balanced {
		cmd.Env = append(cmd.Env, name+"="+strings.TrimPrefix(s.servers[i].URL, "http://"))
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatalf("conformance/install.sh brings haproxy: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // its output tells more
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Logf("haproxy: %s", &out)
		}
	})
	until(t, "haproxy serves", func() bool {
		select {
		case <-ended:
			t.Fatalf("haproxy ended:\n%s", &out)
		default:
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return address
}

// until polls, as another process tells nobody when it is so far.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("a minute has passed, and it is not so: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// asked sends a request by way of the balancer, byte for byte as told, and
// returns which gateway it met and what that saw.
func asked(t *testing.T, address, host, path string) (status int, gateway, saw string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Error(err)
		return 0, "", ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Error(err)
	}
	gateway, saw, _ = strings.Cut(string(body), " ")
	return answer.StatusCode, gateway, saw
}

// TestBalancerRoutesByBucket: a bucket is one gateway's whatever the key, the
// style of the address and the moment, until that gateway is not ready; all
// gateways have some; and what was signed arrives as it was sent.
func TestBalancerRoutesByBucket(t *testing.T) {
	s := newStandIns(t)
	address := balancer(t, s)
	home := map[string]string{}
	has := map[string]int{}
	for i := range 60 {
		bucket := fmt.Sprintf("bucket-%d", i)
		_, home[bucket], _ = asked(t, address, address, "/"+bucket)
		has[home[bucket]]++
		for _, path := range []string{"/", "/v1/a", "//a/../b", "/a%2Fb?x=/other/", "/healthz", "/readyz"} {
			status, gateway, saw := asked(t, address, address, "/"+bucket+path)
			if want := address + " /" + bucket + path; status != 200 || gateway != home[bucket] || saw != want {
				t.Errorf("%s%s is answered by %d of gateway %s, which saw %q; want gateway %s and %q", bucket, path, status, gateway, saw, home[bucket], want)
			}
			host := bucket + ".S3.example.org:8080"
			status, gateway, saw = asked(t, address, host, path)
			if want := host + " " + path; status != 200 || gateway != home[bucket] || saw != want {
				t.Errorf("%s on %s is answered by %d of gateway %s, which saw %q; want gateway %s and %q", path, host, status, gateway, saw, home[bucket], want)
			}
		}
	}
	if len(has) != 3 {
		t.Errorf("60 buckets are with gateways %v, want three of them", has)
	}
	s.ready[0].Store(false)
	until(t, "no bucket is with a gateway that is not ready", func() bool {
		for bucket := range home {
			if _, gateway, _ := asked(t, address, address, "/"+bucket); gateway == "0" {
				return false
			}
		}
		return true
	})
	for bucket, gateway := range home {
		if _, now, _ := asked(t, address, address, "/"+bucket); gateway != "0" && now != gateway {
			t.Errorf("%s moved from gateway %s to %s, which was not needed", bucket, gateway, now)
		}
	}
}

// TestBalancerTellsHealthOfTheWhole: ready while one gateway is. A gateway that
// dies takes no request with it that it had not begun.
func TestBalancerTellsHealthOfTheWhole(t *testing.T) {
	s := newStandIns(t)
	address := balancer(t, s)
	health := func() int {
		status, _, _ := asked(t, address, address, "/readyz")
		return status
	}
	until(t, "it is ready", func() bool { return health() == 200 })
	s.servers[0].Close()
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			if status, _, _ := asked(t, address, address, fmt.Sprintf("/bucket-%d", i)); status != 200 {
				t.Errorf("a request is answered by %d when a gateway has died", status)
			}
		})
	}
	group.Wait()
	s.ready[1].Store(false)
	s.ready[2].Store(false)
	until(t, "it is not ready", func() bool { return health() == 503 })
}
