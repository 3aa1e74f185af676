package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/diemcau/diemcau/loadtest"
)

// linksFile writes what session create prints.
func linksFile(t *testing.T, links sessionLinks) string {
	t.Helper()
	text, err := json.Marshal(links)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "links.json", string(text))
}

func TestLoadtestUsage(t *testing.T) {
	var links sessionLinks
	if err := json.Unmarshal([]byte(`{"endpoints": [{"code": "C1", "link": "http://127.0.0.1:1/join#x"}]}`), &links); err != nil {
		t.Fatal(err)
	}
	file := linksFile(t, links)
	for name, args := range map[string][]string{
		"no duration":               {"--links", file},
		"duration of nothing":       {"--links", file, "--duration", "0s"},
		"more than the file has":    {"--links", file, "--duration", "1s", "--endpoints", "2"},
		"no such file":              {"--links", file + "x", "--duration", "1s"},
		"not a file of links":       {"--links", write(t, "x.json", "[]"), "--duration", "1s"},
		"renditions of nothing":     {"--links", file, "--duration", "1s", "--simulcast"},
		"sites that leave":          {"--links", file, "--duration", "1s", "--endpoints", "-1"},
		"floor back in time":        {"--links", file, "--duration", "1s", "--floor-every", "-1s"},
		"sites that enter backward": {"--links", file, "--duration", "1s", "--rate", "-1"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := call(t, append([]string{"loadtest"}, args...)...)
			if code != exitUsage || out != "" || errOut == "" {
				t.Errorf("exit %d, %q, %q", code, out, errOut)
			}
		})
	}
}

func TestLoadtest(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir)
	must(t, "roster", "import", write(t, "roster.csv", smallRoster+"C3,P58,commune,Xã Ba\n"), "--data", dir)
	links := create(t, "--countdown", "0", "--data", dir)

	// One of the three sites has the link of no one.
	links.Endpoints[1].Link += "x"
	code, out, errOut := call(t, "loadtest", "--links", linksFile(t, links), "--rate", "0", "--duration", "3s", "--publish", "--simulcast",
		"--floor-every", "700ms", "--end", "--server-pid", strconv.Itoa(os.Getpid()), "--json")
	if code != exitBroken || !strings.Contains(errOut, "1 of 3 sites failed") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	// That the others are shown out at the end is no failure.
	if n := strings.Count(errOut, " failed"); n != 2 {
		t.Errorf("%d failures told of: %s", n, errOut)
	}
	var r loadtest.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if r.Endpoints != 3 || r.Joined != 2 || r.Failed != 1 {
		t.Errorf("%d sites, %d joined, %d failed", r.Endpoints, r.Joined, r.Failed)
	}
	for name, p := range map[string]*loadtest.Percentiles{"join": r.JoinMs, "first frame": r.FirstFrameMs, "switch": r.SwitchMs, "latency": r.LatencyMs} {
		if p == nil {
			t.Errorf("%s was not measured", name)
		}
	}
	// Sound alone is 50 packets a second to each of two; a slow machine may send less picture.
	if r.PacketsReceived < 200 || r.PacketsLost > r.PacketsReceived/10 {
		t.Errorf("%d packets received, %d lost", r.PacketsReceived, r.PacketsLost)
	}
	if r.ServerCPUUsPerPacket == nil || r.ServerRSSBytes == nil {
		t.Error("the cost of the server was not measured")
	}
	// The session has ended: nobody enters any more.
	code, _, errOut = call(t, "loadtest", "--links", linksFile(t, links), "--endpoints", "1", "--duration", "1s")
	if code != exitBroken || !strings.Contains(errOut, "1 of 1 sites failed") {
		t.Errorf("after the end: exit %d: %s", code, errOut)
	}
}
