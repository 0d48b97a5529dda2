package nfs

import (
	"net/netip"
	"slices"
)

// Access says which addresses may connect: this machine's own, and those of
// Networks. NFS as it is spoken here has no credentials, so that whoever may
// connect may read what is exported. The zero value is this machine alone.
type Access struct {
	Networks []netip.Prefix
}

// Allows reports whether a client at that address may connect. An IPv4 address
// that comes in the form of IPv6 is taken for what it is.
func (a Access) Allows(client netip.AddrPort) bool {
	addr := client.Addr().Unmap().WithZone("")
	return addr.IsLoopback() || slices.ContainsFunc(a.Networks, func(network netip.Prefix) bool {
		if network.Addr().Is4In6() && addr.Is4() {
			return network.Contains(netip.AddrFrom16(addr.As16()))
		}
		return network.Contains(addr)
	})
}
