package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// faultProxy stands between gateways and their store, and does to some of the
// requests what networks and stores do. It changes nothing of a request, the
// Host neither: that is signed, and the store takes whatever it was signed for.
// It is switched off at first.
type faultProxy struct {
	url       string // http://127.0.0.1:port
	target    string // host:port of the store
	transport *http.Transport
	faults    []fault
	late      sync.WaitGroup // requests that are forwarded behind their sender's back

	mu     sync.Mutex
	on     bool
	random *rand.Rand
	busy   time.Time              // until then every request is refused
	done   map[string]int         // faults, by name
	writes map[chan struct{}]bool // those that may yet take effect; closed at their end
}

// Times of the faults.
const (
	shortDelay = 80 * time.Millisecond
	longDelay  = time.Second
	lateness   = 400 * time.Millisecond // of a request whose sender was cut off
	burst      = 200 * time.Millisecond // of refusals
)

// fault happens to share in 1,000 requests.
type fault struct {
	name  string
	share int
	do    func(p *faultProxy, w http.ResponseWriter, r *http.Request)
}

var faults = []fault{
	{"delay", 40, delayed(shortDelay)},
	{"long delay", 2, delayed(longDelay)},
	{"cut before", 15, (*faultProxy).cutBefore},
	{"cut and late", 8, (*faultProxy).cutAndLate},
	{"lost reply", 15, (*faultProxy).loseReply},
	{"half a reply", 10, (*faultProxy).halveReply},
	{"slow down", 2, (*faultProxy).slowDown},
}

// newFaultProxy serves until the test ends; target is the URL of the store.
func newFaultProxy(t *testing.T, target string, seed uint64) *faultProxy {
	t.Helper()
	listener, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{
		url: "http://" + listener.Addr().String(), target: strings.TrimPrefix(target, "http://"),
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}, faults: faults,
		random: rand.New(rand.NewPCG(seed, 1)), done: map[string]int{}, writes: map[chan struct{}]bool{},
	}
	server := &http.Server{Handler: p}
	stopped := make(chan struct{})
	go func() { _ = server.Serve(listener); close(stopped) }()
	t.Cleanup(func() {
		server.Close()
		<-stopped
		p.late.Wait()
		p.transport.CloseIdleConnections()
		t.Logf("faults between gateways and store: %v", p)
	})
	return p
}

// set switches the faults on or off.
func (p *faultProxy) set(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.on = on
	if !on {
		p.busy = time.Time{}
	}
}

// settle waits until every write has taken effect, or will not, that has come
// so far: also those whose sender is dead.
func (p *faultProxy) settle() {
	p.mu.Lock()
	writes := slices.Collect(maps.Keys(p.writes))
	p.mu.Unlock()
	for _, done := range writes {
		<-done
	}
}

func (p *faultProxy) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(p.done)) {
		all = append(all, fmt.Sprintf("%s %d", name, p.done[name]))
	}
	return strings.Join(all, ", ")
}

func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer p.begin(r)()
	p.choose()(p, w, r)
}

// choose decides what happens to a request.
func (p *faultProxy) choose() func(*faultProxy, http.ResponseWriter, *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done["requests"]++
	if !p.on {
		return (*faultProxy).pass
	}
	if time.Now().Before(p.busy) {
		p.done["refused in bursts"]++
		return (*faultProxy).refuse
	}
	dice := p.random.IntN(1000)
	for _, f := range p.faults {
		if dice -= f.share; dice < 0 {
			p.done[f.name]++
			return f.do
		}
	}
	return (*faultProxy).pass
}

// pass forwards a request as if nothing were between.
func (p *faultProxy) pass(w http.ResponseWriter, r *http.Request) {
	reply := p.forward(r, r.Body)
	defer reply.Body.Close()
	copyHead(w, reply)
	if _, err := io.Copy(w, reply.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// delayed: the request arrives after at most d.
func delayed(d time.Duration) func(*faultProxy, http.ResponseWriter, *http.Request) {
	return func(p *faultProxy, w http.ResponseWriter, r *http.Request) {
		p.sleep(d)
		p.pass(w, r)
	}
}

// cutBefore: the request never arrives.
func (p *faultProxy) cutBefore(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cutAndLate: the sender sees a broken connection, and the request arrives
// some time after it.
func (p *faultProxy) cutAndLate(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	ended := p.begin(r)
	p.late.Go(func() {
		defer ended()
		p.sleep(lateness)
		if reply, err := p.send(r, bytes.NewReader(body)); err == nil {
			reply.Body.Close()
		}
	})
	panic(http.ErrAbortHandler)
}

// loseReply: the request takes effect, and its sender never learns of it.
func (p *faultProxy) loseReply(_ http.ResponseWriter, r *http.Request) {
	reply := p.forward(r, r.Body)
	_, _ = io.Copy(io.Discard, reply.Body)
	reply.Body.Close()
	panic(http.ErrAbortHandler)
}

// halveReply: the connection breaks in the middle of the reply.
func (p *faultProxy) halveReply(w http.ResponseWriter, r *http.Request) {
	reply := p.forward(r, r.Body)
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || len(body) == 0 {
		panic(http.ErrAbortHandler)
	}
	copyHead(w, reply)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// slowDown begins a burst of refusals.
func (p *faultProxy) slowDown(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.busy = time.Now().Add(burst)
	p.mu.Unlock()
	p.refuse(w, r)
}

func (p *faultProxy) refuse(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
}

// forward sends a request on and returns the reply; it breaks the sender's
// connection if there is none.
func (p *faultProxy) forward(r *http.Request, body io.Reader) *http.Response {
	reply, err := p.send(r, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return reply
}

// send goes on when the sender dies: what has arrived is beyond its reach.
func (p *faultProxy) send(r *http.Request, body io.Reader) (*http.Response, error) {
	out := r.Clone(context.WithoutCancel(r.Context()))
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "http", p.target
	out.Body = io.NopCloser(body)
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	return p.transport.RoundTrip(out)
}

// begin notes a request that may change the store. The func must be called when
// that can no longer happen.
func (p *faultProxy) begin(r *http.Request) (ended func()) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return func() {}
	}
	done := make(chan struct{})
	p.mu.Lock()
	p.writes[done] = true
	p.mu.Unlock()
	return func() {
		p.mu.Lock()
		delete(p.writes, done)
		p.mu.Unlock()
		close(done)
	}
}

// sleep waits for at most d.
func (p *faultProxy) sleep(d time.Duration) {
	p.mu.Lock()
	d = time.Duration(p.random.Int64N(int64(d)))
	p.mu.Unlock()
	time.Sleep(d)
}

func copyHead(w http.ResponseWriter, reply *http.Response) {
	maps.Copy(w.Header(), reply.Header)
	if reply.ContentLength >= 0 {
		w.Header().Set("Content-Length", fmt.Sprint(reply.ContentLength))
	}
	w.WriteHeader(reply.StatusCode)
}
