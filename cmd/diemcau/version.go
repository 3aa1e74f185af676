package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// released is the version and commit of a release, which packaging/release.sh sets by the linker.
var released string //nolint:gochecknoglobals // the linker sets nothing else

// build is what this program was built from.
type build struct{ version, revision, goVersion string }

// thisBuild reads what the Go toolchain has stamped; a build outside a repository says (devel).
func thisBuild() build {
	b := build{version: "(devel)", goVersion: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.revision = s.Value
		}
	}
	if released != "" {
		b.version, b.revision, _ = strings.Cut(released, " ")
	}
	return b
}

// String is what --version prints.
func (b build) String() string {
	text := "diemcau " + b.version
	if b.revision != "" {
		text += " " + b.revision
	}
	return fmt.Sprintf("%s %s %s/%s", text, b.goVersion, runtime.GOOS, runtime.GOARCH)
}

// metric is always 1 and tells the build by its labels.
func (b build) metric() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "diemcau_build_info", Help: "1; the labels tell what this program was built from.",
		ConstLabels: prometheus.Labels{"version": b.version, "revision": b.revision, "go_version": b.goVersion},
	}, func() float64 { return 1 })
}
