package conformance

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// An nfsClient speaks NFS and MOUNT, version 3, over one connection. Unlike the
// programs of libnfs it keeps handles, and may keep them over connections and
// servers. It is for one goroutine.
type nfsClient struct {
	conn net.Conn
	xid  uint32
}

// An nfsHandle is what a server calls a file or directory.
type nfsHandle string

// An nfsStatus is why a server did not do what it was asked.
type nfsStatus uint32

func (s nfsStatus) Error() string { return fmt.Sprintf("NFS status %d", uint32(s)) }

const (
	nfsNoEntry   nfsStatus = 2
	nfsStale     nfsStatus = 70
	nfsBadHandle nfsStatus = 10001
)

const (
	nfsProgram   = 100003
	mountProgram = 100005

	nfsCallWithin = time.Minute // a call, with its reply
)

func dialNFS(address string) (*nfsClient, error) {
	conn, err := net.DialTimeout("tcp", address, nfsCallWithin)
	if err != nil {
		return nil, err
	}
	return &nfsClient{conn: conn}, nil
}

func (c *nfsClient) close() { c.conn.Close() }

// xdrWords are numbers as they are sent.
func xdrWords(numbers ...uint32) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// xdrOpaque are bytes as they are sent, with their length and padding.
func xdrOpaque[T ~string](s T) []byte {
	b := append(xdrWords(uint32(len(s))), s...)
	return append(b, make([]byte, -len(s)&3)...)
}

func xdrLong(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// results are what is left to take of a reply.
type results struct{ rest []byte }

func (r *results) take(n int) []byte {
	if n > len(r.rest) {
		panic(fmt.Sprintf("reply ends %d bytes short", n-len(r.rest)))
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *results) word() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *results) long() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

func (r *results) opaque() []byte {
	n := int(r.word())
	return r.take(n + -n&3)[:n]
}

// record is a call with its mark.
func (c *nfsClient) record(program, procedure uint32, args []byte) []byte {
	c.xid++
	head := xdrWords(c.xid, 0, 2, program, 3, procedure, 0, 0, 0, 0)
	return bytes.Join([][]byte{xdrWords(uint32(len(head)+len(args)) | 1<<31), head, args}, nil)
}

// reply sends a call and waits for the results.
func (c *nfsClient) reply(program, procedure uint32, args ...[]byte) (*results, error) {
	if err := c.conn.SetDeadline(time.Now().Add(nfsCallWithin)); err != nil {
		return nil, err
	}
	if _, err := c.conn.Write(c.record(program, procedure, bytes.Join(args, nil))); err != nil {
		return nil, err
	}
	return c.receive(c.xid)
}

// receive returns the results of the next reply, which is to be xid's.
func (c *nfsClient) receive(xid uint32) (*results, error) {
	var mark [4]byte
	if _, err := io.ReadFull(c.conn, mark[:]); err != nil {
		return nil, err
	}
	reply := make([]byte, binary.BigEndian.Uint32(mark[:])&(1<<31-1))
	if _, err := io.ReadFull(c.conn, reply); err != nil {
		return nil, err
	}
	want := xdrWords(xid, 1, 0, 0, 0, 0)
	if !bytes.HasPrefix(reply, want) {
		return nil, fmt.Errorf("reply begins with %x, want %x", reply[:min(len(reply), len(want))], want)
	}
	return &results{reply[len(want):]}, nil
}

// call is reply, of a procedure whose results begin with a status. One other
// than success is an nfsStatus.
func (c *nfsClient) call(program, procedure uint32, args ...[]byte) (*results, error) {
	r, err := c.reply(program, procedure, args...)
	if err != nil {
		return nil, err
	}
	if status := r.word(); status != 0 {
		return nil, nfsStatus(status)
	}
	return r, nil
}

// mount returns the handle of a directory.
func (c *nfsClient) mount(path string) (nfsHandle, error) {
	r, err := c.call(mountProgram, 1, xdrOpaque(path))
	if err != nil {
		return "", fmt.Errorf("mount %s: %w", path, err)
	}
	return nfsHandle(r.opaque()), nil
}

// exports are the paths that can be mounted. It has no status.
func (c *nfsClient) exports() ([]string, error) {
	r, err := c.reply(mountProgram, 5)
	if err != nil {
		return nil, err
	}
	var paths []string
	for r.word() != 0 {
		paths = append(paths, string(r.opaque()))
		for r.word() != 0 {
			r.opaque() // a group that may mount it
		}
	}
	return paths, nil
}

// nfsAttributes are those that tests look at.
type nfsAttributes struct {
	dir        bool
	mode, size uint64
	id         uint64
	changed    time.Time
}

const attributesBytes = 84 // of an fattr3

func (r *results) attributes() nfsAttributes {
	a := results{r.take(attributesBytes)}
	kind, mode := a.word(), a.word()
	a.take(12)
	size := a.long()
	a.take(24)
	id := a.long()
	a.take(8)
	return nfsAttributes{kind == 2, uint64(mode), size, id, time.Unix(int64(a.word()), int64(a.word()))}
}

// someAttributes are those that a server may leave out.
func (r *results) someAttributes() *nfsAttributes {
	if r.word() == 0 {
		return nil
	}
	a := r.attributes()
	return &a
}

func (c *nfsClient) getattr(h nfsHandle) (nfsAttributes, error) {
	r, err := c.call(nfsProgram, 1, xdrOpaque(h))
	if err != nil {
		return nfsAttributes{}, err
	}
	return r.attributes(), nil
}

func (c *nfsClient) lookup(dir nfsHandle, name string) (nfsHandle, error) {
	r, err := c.call(nfsProgram, 3, xdrOpaque(dir), xdrOpaque(name))
	if err != nil {
		return "", fmt.Errorf("look up %q: %w", name, err)
	}
	return nfsHandle(r.opaque()), nil
}

// readAt reads at most n bytes from off on.
func (c *nfsClient) readAt(h nfsHandle, off uint64, n uint32) (data []byte, end bool, err error) {
	r, err := c.call(nfsProgram, 6, xdrOpaque(h), xdrLong(off), xdrWords(n))
	if err != nil {
		return nil, false, err
	}
	r.someAttributes()
	r.word()
	end = r.word() != 0
	return r.opaque(), end, nil
}

// read reads a file in blocks.
func (c *nfsClient) read(h nfsHandle, block uint32) ([]byte, error) {
	var all []byte
	for {
		data, end, err := c.readAt(h, uint64(len(all)), block)
		if all = append(all, data...); err != nil || end {
			return all, err
		}
		if len(data) == 0 {
			return all, io.ErrNoProgress
		}
	}
}

// An nfsEntry is a line of a directory.
type nfsEntry struct {
	name       string
	handle     nfsHandle
	id         uint64
	attributes *nfsAttributes // nil: to be asked for
}

// list reads a directory in pages of that many bytes, and counts them.
func (c *nfsClient) list(dir nfsHandle, pageBytes uint32) (entries []nfsEntry, pages int, err error) {
	var cookie, verifier uint64
	for end := false; !end; pages++ {
		r, err := c.call(nfsProgram, 17, xdrOpaque(dir), xdrLong(cookie), xdrLong(verifier), xdrWords(pageBytes, pageBytes))
		if err != nil {
			return nil, pages, err
		}
		r.someAttributes()
		verifier = r.long()
		for r.word() != 0 {
			var e nfsEntry
			e.id, e.name, cookie = r.long(), string(r.opaque()), r.long()
			e.attributes = r.someAttributes()
			if r.word() != 0 {
				e.handle = nfsHandle(r.opaque())
			}
			if e.name != "." && e.name != ".." {
				entries = append(entries, e)
			}
		}
		end = r.word() != 0
	}
	return entries, pages, nil
}

// walk returns all files below a directory, by their paths.
func (c *nfsClient) walk(dir nfsHandle) (map[string]nfsEntry, error) {
	files := map[string]nfsEntry{}
	entries, _, err := c.list(dir, nfsPageBytes)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.attributes == nil {
			a, err := c.getattr(e.handle)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			e.attributes = &a
		}
		if !e.attributes.dir {
			files[e.name] = e
			continue
		}
		below, err := c.walk(e.handle)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
		for name, f := range below {
			files[e.name+"/"+name] = f
		}
	}
	return files, nil
}

const nfsPageBytes = 64 << 10

// sums reads all files that a walk has found.
func (c *nfsClient) sums(files map[string]nfsEntry) (map[string]digest, error) {
	sums := map[string]digest{}
	for name, f := range files {
		data, err := c.read(f.handle, nfsBlockBytes)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		sums[name] = sumOfBytes(data)
	}
	return sums, nil
}

const nfsBlockBytes = 128 << 10
