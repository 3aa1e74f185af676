package signaling_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/diemcau/diemcau/internal/servertest"
	"github.com/diemcau/diemcau/signaling/client"
	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

// TestFloorLoad is the load of BenchmarkFloor, in a process of its own. It ends when its input does.
func TestFloorLoad(t *testing.T) {
	file := os.Getenv("DIEMCAU_FLOOR_LOAD")
	if file == "" {
		t.Skip("BenchmarkFloor runs it")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var made servertest.Links
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(made.Links.Host)
	if err != nil {
		t.Fatal(err)
	}
	l := &floorLoad{
		made: made, office: os.Getenv("DIEMCAU_FLOOR_TOKEN"), base: "http://" + base.Host, sites: map[int]*websocket.Conn{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	l.enter(ctx, t, indexes(len(made.Endpoints)))
	fmt.Println("ready") //nolint:forbidigo // the benchmark reads it
	running.Go(func() { l.steadily(ctx, loadPictures, l.post(t)) })
	running.Go(func() { l.steadily(ctx, loadDownloads, l.download) })
	running.Go(func() { l.leaveAndReturn(ctx, t) })
	_, _ = io.Copy(io.Discard, os.Stdin)
	end()
	running.Wait()
	l.leave(indexes(len(made.Endpoints)))
	l.reading.Wait()
	l.client.CloseIdleConnections()
	fmt.Printf("%d pictures, %d downloads, %d refused, %d left\n", l.pictures.Load(), l.downloads.Load(), l.refused.Load(), l.left.Load())
}

type floorLoad struct {
	made    servertest.Links
	office  string // token of who downloads
	base    string
	client  *http.Client
	reading sync.WaitGroup

	mu    sync.Mutex
	sites map[int]*websocket.Conn

	pictures, downloads, refused, left atomic.Int64
}

func indexes(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

// enter connects sites, some at a time.
func (l *floorLoad) enter(ctx context.Context, t *testing.T, sites []int) {
	t.Helper()
	var dialing sync.WaitGroup
	places := make(chan struct{}, 32)
	for _, i := range sites {
		places <- struct{}{}
		dialing.Go(func() {
			defer func() { <-places }()
			if err := l.dial(ctx, i); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}
	dialing.Wait()
}

// dial opens a site's socket. What comes is read and left undecoded, but for pings: ten thousand clients that decoded would
// take the server's processors.
func (l *floorLoad) dial(ctx context.Context, i int) error {
	ws, token, err := client.ParseLink(l.made.Endpoints[i].Link)
	if err != nil {
		return err
	}
	dialer := websocket.Dialer{ReadBufferSize: 1024, WriteBufferSize: 256}
	conn, _, err := dialer.DialContext(ctx, ws, nil)
	if err != nil {
		return err
	}
	hello, err := protocol.Encode(protocol.Hello{Version: protocol.Version, Token: token, TakeOver: true, Device: "load"}, 1)
	if err == nil {
		err = conn.WriteMessage(websocket.TextMessage, hello)
	}
	if err == nil {
		_, _, err = conn.ReadMessage() // welcome
	}
	if err != nil {
		conn.Close()
		return err
	}
	l.mu.Lock()
	l.sites[i] = conn
	l.mu.Unlock()
	l.reading.Go(func() { drainPings(conn) })
	return nil
}

func drainPings(conn *websocket.Conn) {
	pong, err := protocol.Encode(protocol.Pong{}, 0)
	head := make([]byte, 64)
	for err == nil {
		var r io.Reader
		if _, r, err = conn.NextReader(); err != nil {
			break
		}
		n, _ := io.ReadFull(r, head)
		if bytes.Contains(head[:n], []byte(`"ping"`)) {
			err = conn.WriteMessage(websocket.TextMessage, pong)
		}
	}
	conn.Close()
}

// leave breaks the sockets of sites.
func (l *floorLoad) leave(sites []int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, i := range sites {
		if conn := l.sites[i]; conn != nil {
			conn.Close()
			delete(l.sites, i)
		}
	}
}

// leaveAndReturn has a province leave at once and come back.
func (l *floorLoad) leaveAndReturn(ctx context.Context, t *testing.T) {
	t.Helper()
	var province []int
	for i := len(l.made.Endpoints) - loadLeaving; i < len(l.made.Endpoints); i++ { // neighbours in the list
		province = append(province, i)
	}
	next := time.NewTicker(leaveEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		l.leave(province)
		l.left.Add(int64(len(province)))
		select {
		case <-ctx.Done():
			return
		case <-time.After(leaveEvery / 2):
		}
		l.enter(ctx, t, province)
	}
}

// steadily does something so often a second, each time on a goroutine of its own.
func (l *floorLoad) steadily(ctx context.Context, perSecond int, do func(ctx context.Context, n int)) {
	var doing sync.WaitGroup
	defer doing.Wait()
	places := make(chan struct{}, 64) // who is late is late
	next := time.NewTicker(time.Second / time.Duration(perSecond))
	defer next.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		places <- struct{}{}
		doing.Go(func() { defer func() { <-places }(); do(ctx, n) })
	}
}

func (l *floorLoad) post(t *testing.T) func(context.Context, int) {
	t.Helper()
	noise := image.NewGray(image.Rect(0, 0, 320, 180))
	for i := range noise.Pix {
		noise.Pix[i] = byte(rand.Uint32())
	}
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, noise, &jpeg.Options{Quality: 20}); err != nil {
		t.Error(err)
	}
	return func(ctx context.Context, n int) {
		_, token, err := client.ParseLink(l.made.Endpoints[n%(len(l.made.Endpoints)-loadLeaving)].Link)
		if err != nil {
			t.Error(err)
			return
		}
		if l.ask(ctx, http.MethodPut, "/api/v1/me/snapshot", token, picture.Bytes()) {
			l.pictures.Add(1)
		}
	}
}

func (l *floorLoad) download(ctx context.Context, n int) {
	path := "/sheet?unit=" + loadProvince
	if n%2 == 1 {
		path = "/attendance.csv?unit=" + loadProvince
	}
	if l.ask(ctx, http.MethodGet, "/api/v1/sessions/"+l.made.ID+path, l.office, nil) {
		l.downloads.Add(1)
	}
}

// ask makes a request and reports whether it was granted.
func (l *floorLoad) ask(ctx context.Context, method, path, token string, body []byte) bool {
	req, err := http.NewRequestWithContext(ctx, method, l.base+path, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := l.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode >= 300 {
		l.refused.Add(1)
		return false
	}
	return true
}
