package deploy

import (
	"slices"
	"strings"
	"testing"
)

// volume is what the test wants to know of the objects that mount by NFS.
type volume struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		AccessModes  []string
		MountOptions []string
		VolumeName   string
		ClusterIP    string
		NFS          struct {
			Server, Path string
			ReadOnly     bool
		}
		Ports []struct{ Port, TargetPort int }
	}
}

// The volume mounts what the service serves, with all options that a mount
// without a portmapper and locks needs.
func TestKubernetesNFS(t *testing.T) {
	all := map[string]volume{}
	for document := range strings.SplitSeq(read(t, "kubernetes/nfs.yaml"), "\n---\n") {
		v := decode[volume](t, document)
		all[v.Kind] = v
	}
	pv, claim, service := all["PersistentVolume"], all["PersistentVolumeClaim"], all["Service"]
	for _, option := range []string{"nfsvers=3", "tcp", "nolock", "port=2049", "mountport=2049", "mountproto=tcp", "ro"} {
		if !slices.Contains(pv.Spec.MountOptions, option) {
			t.Errorf("the volume is mounted with %q, want %q among them", pv.Spec.MountOptions, option)
		}
	}
	if !pv.Spec.NFS.ReadOnly || !slices.Equal(pv.Spec.AccessModes, []string{"ReadOnlyMany"}) || !slices.Equal(claim.Spec.AccessModes, pv.Spec.AccessModes) {
		t.Errorf("the volume is %q and the claim %q, want both for reading by many", pv.Spec.AccessModes, claim.Spec.AccessModes)
	}
	if claim.Spec.VolumeName != pv.Metadata.Name {
		t.Errorf("the claim is of %q, want %q", claim.Spec.VolumeName, pv.Metadata.Name)
	}
	if pv.Spec.NFS.Server != service.Spec.ClusterIP || len(service.Spec.Ports) != 1 || service.Spec.Ports[0].Port != 2049 || service.Spec.Ports[0].TargetPort != 2049 {
		t.Errorf("the volume is at %s, the service at %s with the ports %v", pv.Spec.NFS.Server, service.Spec.ClusterIP, service.Spec.Ports)
	}
	loads(t, map[string]string{"AETHERFS_NFS_LISTEN": ":2049", "AETHERFS_NFS_ALLOW": "10.0.0.0/8", "AETHERFS_DATA": "/data"})
}
