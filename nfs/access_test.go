package nfs

import (
	"net/netip"
	"testing"
)

func TestAccess(t *testing.T) {
	networks := Access{Networks: []netip.Prefix{
		netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::ffff:192.0.2.0/120"),
	}}
	for _, c := range []struct {
		client     string
		none, some bool // by an Access without networks, and by one with
	}{
		{"127.0.0.1:700", true, true},
		{"127.9.9.9:700", true, true},
		{"[::1]:700", true, true},
		{"[::ffff:127.0.0.1]:700", true, true},
		{"10.1.2.3:700", false, true},
		{"[::ffff:10.1.2.3]:700", false, true},
		{"10.2.2.3:700", false, false},
		{"192.0.2.77:700", false, true},
		{"192.0.3.77:700", false, false},
		{"[fd00::1]:700", false, true},
		{"[fd00::1%eth0]:700", false, true},
		{"[fe80::1%eth0]:700", false, false},
		{"0.0.0.0:700", false, false},
		{"[::]:700", false, false},
	} {
		client := netip.MustParseAddrPort(c.client)
		if got := (Access{}).Allows(client); got != c.none {
			t.Errorf("without networks, Allows(%s) = %t, want %t", c.client, got, c.none)
		}
		if got := networks.Allows(client); got != c.some {
			t.Errorf("with networks, Allows(%s) = %t, want %t", c.client, got, c.some)
		}
	}
	if networks.Allows(netip.AddrPort{}) {
		t.Error("an address that is none is allowed")
	}
}
