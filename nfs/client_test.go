package nfs_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"

	gonfs "github.com/willscott/go-nfs"
)

const (
	nfsProgram   = 100003
	mountProgram = 100005
)

// client speaks NFSv3 and MOUNT, as far as these tests need it.
type client struct {
	t   testing.TB
	c   net.Conn
	xid uint32
}

func u32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }

func opaque[B ~string | ~[]byte](b B) []byte {
	out := append(u32(uint32(len(b))), b...)
	return append(out, make([]byte, -len(b)&3)...)
}

// try makes a call and returns its results, or why there are none.
func (c *client) try(program, procedure uint32, args ...[]byte) (*results, error) {
	c.xid++
	var record []byte
	for _, v := range []uint32{c.xid, 0, 2, program, 3, procedure, 0, 0, 0, 0} {
		record = append(record, u32(v)...)
	}
	for _, a := range args {
		record = append(record, a...)
	}
	if _, err := c.c.Write(append(u32(uint32(len(record))|1<<31), record...)); err != nil {
		return nil, err
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(c.c, head); err != nil {
		return nil, err
	}
	reply := make([]byte, binary.BigEndian.Uint32(head)&^(1<<31))
	if _, err := io.ReadFull(c.c, reply); err != nil {
		return nil, err
	}
	r := &results{t: c.t, rest: reply}
	if xid, kind, denied := r.u32(), r.u32(), r.u32(); xid != c.xid || kind != 1 || denied != 0 {
		return nil, fmt.Errorf("reply to call %d is %x", c.xid, reply)
	}
	r.u32()
	r.opaque()
	if status := r.u32(); status != 0 {
		return nil, fmt.Errorf("call is refused with status %d", status)
	}
	return r, nil
}

// call is try, of what has to succeed.
func (c *client) call(program, procedure uint32, args ...[]byte) *results {
	c.t.Helper()
	r, err := c.try(program, procedure, args...)
	if err != nil {
		c.t.Fatalf("call of %d.%d: %v", program, procedure, err)
	}
	return r
}

// nfs makes a call and returns its status, too.
func (c *client) nfs(p gonfs.NFSProcedure, args ...[]byte) (gonfs.NFSStatus, *results) {
	c.t.Helper()
	r := c.call(nfsProgram, uint32(p), args...)
	return gonfs.NFSStatus(r.u32()), r
}

// results is the XDR of a reply.
type results struct {
	t    testing.TB
	rest []byte
}

func (r *results) take(n int) []byte {
	r.t.Helper()
	if n > len(r.rest) {
		r.t.Fatalf("results end %d bytes before %d more", len(r.rest), n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *results) u32() uint32 { r.t.Helper(); return binary.BigEndian.Uint32(r.take(4)) }
func (r *results) u64() uint64 { r.t.Helper(); return binary.BigEndian.Uint64(r.take(8)) }
func (r *results) yes() bool   { r.t.Helper(); return r.u32() != 0 }

func (r *results) opaque() []byte {
	r.t.Helper()
	n := int(r.u32())
	b := r.take(n)
	r.take(-n & 3)
	return b
}

func (r *results) end() {
	r.t.Helper()
	if len(r.rest) > 0 {
		r.t.Fatalf("results go on with %x", r.rest)
	}
}

func (r *results) attributes() (a gonfs.FileAttribute) {
	r.t.Helper()
	a.Type = gonfs.FileType(r.u32())
	for _, to := range []*uint32{&a.FileMode, &a.Nlink, &a.UID, &a.GID} {
		*to = r.u32()
	}
	a.Filesize, a.Used = r.u64(), r.u64()
	a.SpecData = [2]uint32{r.u32(), r.u32()}
	a.FSID, a.Fileid = r.u64(), r.u64()
	for _, to := range []*gonfs.FileTime{&a.Atime, &a.Mtime, &a.Ctime} {
		to.Seconds, to.Nseconds = r.u32(), r.u32()
	}
	return a
}

// some reads attributes that may be left out.
func (r *results) some() *gonfs.FileAttribute {
	r.t.Helper()
	if !r.yes() {
		return nil
	}
	a := r.attributes()
	return &a
}

func (c *client) tryMount(path string) (gonfs.MountStatus, []byte) {
	c.t.Helper()
	r := c.call(mountProgram, uint32(gonfs.MountProcMount), opaque(path))
	status := gonfs.MountStatus(r.u32())
	if status != gonfs.MountStatusOk {
		r.end()
		return status, nil
	}
	h := r.opaque()
	for range r.u32() {
		r.u32()
	}
	r.end()
	return status, h
}

func (c *client) mount(path string) []byte {
	c.t.Helper()
	status, h := c.tryMount(path)
	if status != gonfs.MountStatusOk {
		c.t.Fatalf("mount %s: status %d", path, status)
	}
	return h
}

func (c *client) getattr(h []byte) (gonfs.NFSStatus, gonfs.FileAttribute) {
	c.t.Helper()
	status, r := c.nfs(gonfs.NFSProcedureGetAttr, opaque(h))
	if status != gonfs.NFSStatusOk {
		r.end()
		return status, gonfs.FileAttribute{}
	}
	a := r.attributes()
	r.end()
	return status, a
}

func (c *client) lookup(dir []byte, name string) (gonfs.NFSStatus, []byte, *gonfs.FileAttribute) {
	c.t.Helper()
	status, r := c.nfs(gonfs.NFSProcedureLookup, opaque(dir), opaque(name))
	if status != gonfs.NFSStatusOk {
		r.some()
		r.end()
		return status, nil, nil
	}
	h, a := r.opaque(), r.some()
	r.some()
	r.end()
	return status, h, a
}

func (c *client) read(h []byte, off uint64, n uint32) (status gonfs.NFSStatus, data []byte, eof bool) {
	c.t.Helper()
	status, r := c.nfs(gonfs.NFSProcedureRead, opaque(h), u64(off), u32(n))
	r.some()
	if status == gonfs.NFSStatusOk {
		count := r.u32()
		eof, data = r.yes(), r.opaque()
		if int(count) != len(data) {
			c.t.Fatalf("read tells %d bytes and has %d", count, len(data))
		}
	}
	r.end()
	return status, data, eof
}

// readAll reads a file in blocks.
func (c *client) readAll(h []byte, block uint32) (gonfs.NFSStatus, []byte) {
	c.t.Helper()
	var all []byte
	for {
		status, data, eof := c.read(h, uint64(len(all)), block)
		if status != gonfs.NFSStatusOk {
			return status, nil
		}
		if all = append(all, data...); eof {
			return status, all
		}
		if len(data) == 0 {
			c.t.Fatalf("read at %d yields nothing, and not the end", len(all))
		}
	}
}

// line is an entry of a directory.
type line struct {
	name   string
	id     uint64
	cookie uint64
	attr   *gonfs.FileAttribute
	handle []byte
}

// page reads one page of a directory, of at most limit bytes.
func (c *client) page(dir []byte, cookie uint64, limit uint32, plus bool) (status gonfs.NFSStatus, lines []line, eof bool) {
	c.t.Helper()
	args := [][]byte{opaque(dir), u64(cookie), u64(0), u32(limit)}
	procedure := gonfs.NFSProcedureReadDir
	if plus {
		procedure, args = gonfs.NFSProcedureReadDirPlus, append(args, u32(limit))
	}
	status, r := c.nfs(procedure, args...)
	if size := len(r.rest) + 4; size > int(limit) {
		c.t.Errorf("page of %d bytes, asked for %d", size, limit)
	}
	r.some()
	if status != gonfs.NFSStatusOk {
		r.end()
		return status, nil, false
	}
	r.u64()
	for r.yes() {
		l := line{id: r.u64(), name: string(r.opaque()), cookie: r.u64()}
		if plus {
			l.attr = r.some()
			if r.yes() {
				l.handle = r.opaque()
			}
		}
		lines = append(lines, l)
	}
	eof = r.yes()
	r.end()
	return status, lines, eof
}

// list reads a directory in pages, without "." and "..".
func (c *client) list(dir []byte, limit uint32) []line {
	c.t.Helper()
	var all []line
	var cookie uint64
	for {
		status, lines, eof := c.page(dir, cookie, limit, true)
		if status != gonfs.NFSStatusOk {
			c.t.Fatalf("list from %d: %v", cookie, status)
		}
		for _, l := range lines {
			if cookie = l.cookie; l.name != "." && l.name != ".." {
				all = append(all, l)
			}
		}
		if eof {
			return all
		}
	}
}

// walk calls f with every file below a directory.
func (c *client) walk(dir []byte, name string, limit uint32, f func(name string, l line)) {
	c.t.Helper()
	for _, l := range c.list(dir, limit) {
		_, a := c.getattr(l.handle)
		if a.Type == gonfs.FileTypeDirectory {
			c.walk(l.handle, name+l.name+"/", limit, f)
		} else {
			f(name+l.name, l)
		}
	}
}
