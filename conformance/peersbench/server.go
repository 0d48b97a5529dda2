package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// What all servers are told, and how long they may take.
const (
	accessKey = "peersbench"
	secretKey = "peersbench-secret"
	region    = "us-east-1"

	startWithin = 30 * time.Second // from the start of the process to its first answer
	stopWithin  = 60 * time.Second // from SIGTERM to its exit
)

// server is a process that serves S3 from a folder of its own.
type server struct {
	spec
	process
	url  string          // http://127.0.0.1:port
	dir  string          // holds data, and the log
	held map[string]bool // contents that were put for a row's work

	cmd  *exec.Cmd
	gone chan struct{} // closed when the process has ended
}

// startServer starts a server on an empty folder below dir and waits until it
// answers.
func startServer(ctx context.Context, s spec, dir string) (*server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	v := &server{spec: s, url: "http://" + address, dir: dir, held: map[string]bool{}, gone: make(chan struct{})}
	if err := os.MkdirAll(v.data(), 0o700); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	v.cmd = exec.Command(s.program, v.args(address)...)
	v.cmd.Env = append(plainEnv(dir), "AETHERFS_ACCESS_KEY="+accessKey, "AETHERFS_SECRET_KEY="+secretKey,
		"ROOT_ACCESS_KEY="+accessKey, "ROOT_SECRET_KEY="+secretKey)
	v.cmd.Dir, v.cmd.Stdout, v.cmd.Stderr = dir, log, log
	if err := v.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.name, err)
	}
	v.process = process{v.cmd.Process.Pid}
	go func() {
		_ = v.cmd.Wait() // the process's state tells how it ended
		close(v.gone)
	}()
	if err := v.answers(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.name, err), v.stop())
	}
	return v, nil
}

// data is the folder that the server stores in.
func (v *server) data() string { return filepath.Join(v.dir, "data") }

// args are what each kind needs to serve its folder, and otherwise its
// defaults. versitygw logs each request to its output unless it is quiet.
func (v *server) args(address string) []string {
	switch v.kind {
	case versityGW:
		return []string{"--port", address, "--quiet", "posix", v.data()}
	case keepAlive:
		return []string{"--port", address, "--quiet", "--keep-alive", "posix", v.data()}
	case rclone:
		return []string{"serve", "s3", "--addr", address, "--auth-key", accessKey + "," + secretKey, v.data()}
	default:
		return []string{"run", "--listen", address, "--data", v.data(), "--log-level", "warn"}
	}
}

// answers waits until the server answers any request.
func (v *server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-v.gone:
			return fmt.Errorf("it ended: %s; its log is\n%s", v.cmd.ProcessState, v.log())
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.url+"/", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			return nil
		}
	}
}

// log is the end of what the server has printed.
func (v *server) log() string {
	text, err := os.ReadFile(filepath.Join(v.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(len(text)-2000, 0):])
}

// stop ends the process and removes its folder.
func (v *server) stop() error {
	// It may have ended by itself.
	_ = v.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-v.gone:
	case <-time.After(stopWithin):
		v.cmd.Process.Kill()
		<-v.gone
	}
	return os.RemoveAll(v.dir)
}

// plainEnv is an environment in which no one's settings are found.
func plainEnv(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "LANG=C.UTF-8"}
}

// freeAddress finds a port to listen on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
