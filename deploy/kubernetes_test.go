package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// object is what the tests want to know of an object of Kubernetes.
type object struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	Data, StringData map[string]string
	Spec             struct {
		ServiceName, ClusterIP string
		Replicas               int
		MaxUnavailable         int
		Selector               json.RawMessage
		UpdateStrategy         struct{ Type string }
		Template               struct {
			Metadata struct{ Labels map[string]string }
			Spec     pod
		}
	}
}

type pod struct {
	EnableServiceLinks           *bool
	AutomountServiceAccountToken *bool
	TerminationGracePeriod       int `json:"terminationGracePeriodSeconds"`
	SecurityContext              struct {
		RunAsNonRoot   bool
		RunAsUser      int
		SeccompProfile struct{ Type string }
	}
	Containers []container
	Volumes    []struct {
		Name      string
		ConfigMap struct{ Name string }
	}
}

type container struct {
	Name, Image string
	Env         []struct {
		Name, Value string
		ValueFrom   struct{ FieldRef struct{ FieldPath string } }
	}
	EnvFrom []struct{ SecretRef struct{ Name string } }
	Ports   []struct {
		Name          string
		ContainerPort int
	}
	Resources                                   struct{ Requests, Limits map[string]string }
	StartupProbe, LivenessProbe, ReadinessProbe struct {
		HTTPGet struct{ Path, Port string }
	}
	SecurityContext struct {
		AllowPrivilegeEscalation *bool
		ReadOnlyRootFilesystem   bool
		Capabilities             struct{ Drop []string }
	}
	VolumeMounts []struct{ Name, MountPath string }
}

// objects reads all files, by kind and name.
func objects(t *testing.T) map[string]object {
	t.Helper()
	all := map[string]object{}
	for _, file := range []string{"secret", "gateways", "balancer"} {
		for document := range strings.SplitSeq(read(t, "kubernetes/"+file+".yaml"), "\n---\n") {
			o := decode[object](t, document)
			all[o.Kind+" "+o.Metadata.Name] = o
		}
	}
	return all
}

func must(t *testing.T, all map[string]object, name string) object {
	t.Helper()
	o, ok := all[name]
	if !ok {
		t.Fatalf("there is no %s among %q", name, slices.Sorted(maps.Keys(all)))
	}
	return o
}

func TestKubernetesGateways(t *testing.T) {
	all := objects(t)
	set := must(t, all, "StatefulSet aetherfs")
	if set.Spec.Replicas != 3 || set.Spec.UpdateStrategy.Type != "RollingUpdate" || must(t, all, "PodDisruptionBudget aetherfs").Spec.MaxUnavailable != 1 {
		t.Errorf("%d gateways, updated by %s, want 3 and one at a time", set.Spec.Replicas, set.Spec.UpdateStrategy.Type)
	}
	if must(t, all, "Service "+set.Spec.ServiceName).Spec.ClusterIP != "None" {
		t.Errorf("service %s gives the gateways no names", set.Spec.ServiceName)
	}
	spec := set.Spec.Template.Spec
	c := spec.Containers[0]
	environ := maps.Clone(must(t, all, "Secret "+c.EnvFrom[0].SecretRef.Name).StringData)
	for _, e := range c.Env {
		environ[e.Name] = e.Value
	}
	settings := onBucket(t, environ)
	leavesRoom(t, settings, mebibytes(t, c.Resources.Limits["memory"], `^(\d+)Mi$`))
	if listen := fmt.Sprintf(":%d", c.Ports[0].ContainerPort); settings.Listen != listen {
		t.Errorf("it listens on %s, and the port is %s", settings.Listen, listen)
	}
	if c.VolumeMounts[0].MountPath != settings.Data {
		t.Errorf("its state is in %s, and the volume on %s", settings.Data, c.VolumeMounts[0].MountPath)
	}
	if stop := time.Duration(spec.TerminationGracePeriod) * time.Second; stop <= minStop {
		t.Errorf("it may stop for %v, want more than %v", stop, minStop)
	}
	for name, probe := range map[string][2]string{
		"startup": {c.StartupProbe.HTTPGet.Path, "/healthz"}, "liveness": {c.LivenessProbe.HTTPGet.Path, "/healthz"},
		"readiness": {c.ReadinessProbe.HTTPGet.Path, "/readyz"},
	} {
		if probe[0] != probe[1] {
			t.Errorf("%s asks for %s, want %s", name, probe[0], probe[1])
		}
	}
}

// TestKubernetesPodsMayDoLittle holds for gateways and balancers. Variables for
// services would be settings that no gateway knows.
func TestKubernetesPodsMayDoLittle(t *testing.T) {
	for name, o := range objects(t) {
		spec := o.Spec.Template.Spec
		if len(spec.Containers) == 0 {
			continue
		}
		if no(spec.EnableServiceLinks) || no(spec.AutomountServiceAccountToken) || !spec.SecurityContext.RunAsNonRoot ||
			spec.SecurityContext.RunAsUser == 0 || spec.SecurityContext.SeccompProfile.Type != "RuntimeDefault" {
			t.Errorf("%s: pods may do more than they must: %+v", name, spec)
		}
		for _, c := range spec.Containers {
			s := c.SecurityContext
			if no(s.AllowPrivilegeEscalation) || !s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) || c.Resources.Limits["memory"] == "" {
				t.Errorf("%s: container %s may do more than it must: %+v", name, c.Name, c)
			}
		}
	}
}

// no reports whether something is not set to false.
func no(setting *bool) bool { return setting == nil || *setting }

func TestKubernetesBalancer(t *testing.T) {
	all := objects(t)
	gateways, o := must(t, all, "StatefulSet aetherfs"), must(t, all, "Deployment aetherfs-balancer")
	spec := o.Spec.Template.Spec
	environ := map[string]string{}
	for _, e := range spec.Containers[0].Env {
		environ[e.Name] = e.Value
		if e.Name == "NAMESPACE" && e.ValueFrom.FieldRef.FieldPath != "metadata.namespace" {
			t.Errorf("the namespace comes from %q", e.ValueFrom.FieldRef.FieldPath)
		}
	}
	for i, name := range balanced {
		want := fmt.Sprintf("%s-%d.%s.$(NAMESPACE).svc.cluster.local:8080", gateways.Metadata.Name, i, gateways.Spec.ServiceName)
		if environ[name] != want {
			t.Errorf("%s is %s, want %s", name, environ[name], want)
		}
	}
	for _, e := range gateways.Spec.Template.Spec.Containers[0].Env {
		if e.Name == "AETHERFS_S3_DOMAIN" && e.Value != environ["S3_DOMAIN"] {
			t.Errorf("the gateways' domain is %s, the balancer's %s", e.Value, environ["S3_DOMAIN"])
		}
	}
	if got := must(t, all, "ConfigMap "+spec.Volumes[0].ConfigMap.Name).Data["haproxy.cfg"]; got != read(t, balancerFile) {
		t.Errorf("the balancer's configuration is not that of %s", balancerFile)
	}
}

// TestKubernetesSelectors: what selects pods selects some.
func TestKubernetesSelectors(t *testing.T) {
	all := objects(t)
	var labels []map[string]string
	for _, o := range all {
		if l := o.Spec.Template.Metadata.Labels; l != nil {
			labels = append(labels, l)
		}
	}
	for name, o := range all {
		if o.Spec.Selector == nil {
			continue
		}
		var nested struct{ MatchLabels map[string]string }
		flat := map[string]string{}
		if err := json.Unmarshal(o.Spec.Selector, &nested); err != nil || nested.MatchLabels == nil {
			if err := json.Unmarshal(o.Spec.Selector, &flat); err != nil {
				t.Errorf("%s: selector: %v", name, err)
			}
			nested.MatchLabels = flat
		}
		if !slices.ContainsFunc(labels, func(l map[string]string) bool { return maps.Equal(l, nested.MatchLabels) }) {
			t.Errorf("%s selects %v, and pods have %v", name, nested.MatchLabels, labels)
		}
	}
}
