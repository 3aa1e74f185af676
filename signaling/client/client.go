// Package client speaks the protocol of package signaling from the other side: for tests, load and relays. It
// carries SDP as strings and knows nothing of WebRTC.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diemcau/diemcau/signaling/protocol"
	"github.com/gorilla/websocket"
)

const (
	writeWithin = 10 * time.Second
	closeWithin = 2 * time.Second
	maxMessage  = 64 << 20 // the list of sites is one message
	silence     = 3        // pings that may fail to come
)

// Options of a connection.
type Options struct {
	Resume    string      // Welcome.Conn of the connection before
	TakeOver  bool        // replace another device
	Device    string      // what the server shows of this client
	Reports   bool        // it will send protocol.Received
	TLSConfig *tls.Config // nil = the system's
	Header    http.Header // of the upgrade request, such as Origin
	// Handle is called with every message but ping, ok and answered errors, in order, on the reader's goroutine.
	// While it runs nothing is read, and it must not wait for a Request of the same client.
	Handle func(protocol.Message)
}

// RequestError is the server's refusal of a request, or of the connection.
type RequestError struct {
	Code   string
	Detail string
	AtMs   int64
}

func (e *RequestError) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

// CloseError says how the connection ended.
type CloseError struct {
	Code    int           // WebSocket close code; 1006 when the socket just broke
	Refusal *RequestError // what the server said last, if it refused something before
	Err     error
}

func (e *CloseError) Error() string {
	if e.Refusal != nil {
		return fmt.Sprintf("connection closed (%d): %v", e.Code, e.Refusal)
	}
	return fmt.Sprintf("connection closed (%d): %v", e.Code, e.Err)
}

func (e *CloseError) Unwrap() error { return e.Err }

// Client is one connection. Its methods are safe for concurrent use.
type Client struct {
	ws      *websocket.Conn
	codec   *protocol.Codec
	handle  func(protocol.Message)
	welcome protocol.Welcome
	ids     atomic.Int64
	writing sync.Mutex

	mu      sync.Mutex
	waiting map[int64]chan error
	refusal *RequestError
	err     *CloseError
	done    chan struct{}
}

// ParseLink splits a join link into the address of the server's WebSocket and the token behind the #.
func ParseLink(link string) (wsURL, token string, err error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", "", fmt.Errorf("link: %w", err)
	}
	token = u.Fragment
	switch u.Scheme {
	case "https", "wss":
		u.Scheme = "wss"
	case "http", "ws":
		u.Scheme = "ws"
	default:
		return "", "", fmt.Errorf("link: scheme %q", u.Scheme)
	}
	if token == "" {
		return "", "", errors.New("link: no token behind #")
	}
	u.Path = path.Join("/", path.Dir(u.Path), "ws")
	u.Fragment, u.RawQuery = "", ""
	return u.String(), token, nil
}

// Dial opens a join link. It returns when the server has welcomed or refused the connection; a refusal is a
// *CloseError.
func Dial(ctx context.Context, link string, opts Options) (*Client, error) {
	wsURL, token, err := ParseLink(link)
	if err != nil {
		return nil, err
	}
	return DialToken(ctx, wsURL, token, opts)
}

// DialToken is Dial with the address of the WebSocket and the token apart.
func DialToken(ctx context.Context, wsURL, token string, opts Options) (*Client, error) {
	dialer := websocket.Dialer{TLSClientConfig: opts.TLSConfig, Proxy: http.ProxyFromEnvironment, HandshakeTimeout: 15 * time.Second}
	ws, resp, err := dialer.DialContext(ctx, wsURL, opts.Header) //nolint:bodyclose // the library has read it
	if err != nil {
		if resp != nil {
			return nil, fmt.Errorf("open %s: %w (%s)", wsURL, err, resp.Status)
		}
		return nil, fmt.Errorf("open %s: %w", wsURL, err)
	}
	ws.SetReadLimit(maxMessage)
	c := &Client{
		ws: ws, codec: protocol.ServerCodec(), handle: opts.Handle, waiting: map[int64]chan error{}, done: make(chan struct{}),
	}
	if c.handle == nil {
		c.handle = func(protocol.Message) {}
	}
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	err = c.enter(protocol.Hello{
		Version: protocol.Version, Token: token, Resume: opts.Resume, TakeOver: opts.TakeOver, Device: opts.Device, Reports: opts.Reports,
	})
	if !stop() {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		ws.Close()
		return nil, err
	}
	go c.read()
	return c, nil
}

// enter says hello and waits for the welcome.
func (c *Client) enter(hello protocol.Hello) error {
	if err := c.Send(hello); err != nil {
		return err
	}
	for {
		_, m, err := c.next()
		if err != nil {
			return c.closeError(err)
		}
		switch m := m.(type) {
		case protocol.Welcome:
			c.welcome = m
			return nil
		case protocol.Error:
			c.refusal = &RequestError{Code: m.Code, Detail: m.Detail, AtMs: m.AtMs}
		case protocol.Ping:
			if err := c.Send(protocol.Pong(m)); err != nil {
				return err
			}
		}
	}
}

// next reads one message. Types that this client does not know are skipped.
func (c *Client) next() (int64, protocol.Message, error) {
	for {
		patience := 15 * time.Second
		if c.welcome.PingMs > 0 {
			patience = silence * time.Duration(c.welcome.PingMs) * time.Millisecond
		}
		if err := c.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return 0, nil, err
		}
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			return 0, nil, err
		}
		id, m, err := c.codec.Decode(data)
		if errors.Is(err, protocol.ErrUnknownType) {
			continue
		}
		return id, m, err
	}
}

// read hands on what comes until the connection ends.
func (c *Client) read() {
	defer close(c.done)
	for {
		id, m, err := c.next()
		if err != nil {
			c.mu.Lock()
			c.err = c.closeError(err)
			c.mu.Unlock()
			c.ws.Close()
			return
		}
		switch m := m.(type) {
		case protocol.Ping:
			_ = c.Send(protocol.Pong(m)) // a broken socket shows at the next read
		case protocol.Ok:
			c.answer(id, nil)
		case protocol.Error:
			refusal := &RequestError{Code: m.Code, Detail: m.Detail, AtMs: m.AtMs}
			if c.answer(id, refusal) {
				continue
			}
			c.refusal = refusal
			c.handle(m)
		default:
			c.handle(m)
		}
	}
}

// answer ends a request that waits for this id.
func (c *Client) answer(id int64, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := c.waiting[id]
	if waiting == nil {
		return false
	}
	delete(c.waiting, id)
	waiting <- err
	return true
}

func (c *Client) closeError(err error) *CloseError {
	e := &CloseError{Code: websocket.CloseAbnormalClosure, Err: err, Refusal: c.refusal}
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		e.Code = closed.Code
	}
	return e
}

// Welcome returns what the server said first.
func (c *Client) Welcome() protocol.Welcome { return c.welcome }

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns how the connection ended, a *CloseError, or nil while it lasts.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		return nil
	}
	return c.err
}

// Send sends a message that is not answered.
func (c *Client) Send(m protocol.Message) error { return c.write(m, 0) }

// Request sends a message and waits until the server has recorded the change, or refused it with a *RequestError.
func (c *Client) Request(ctx context.Context, m protocol.Message) error {
	id := c.ids.Add(1)
	answer := make(chan error, 1)
	c.mu.Lock()
	c.waiting[id] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	if err := c.write(m, id); err != nil {
		return err
	}
	select {
	case err := <-answer:
		return err
	case <-c.done:
		return c.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Client) write(m protocol.Message, id int64) error {
	text, err := protocol.Encode(m, id)
	if err != nil {
		return err
	}
	return c.SendText(text)
}

// SendText sends a text as it is, message or not.
func (c *Client) SendText(text []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.ws.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	return c.ws.WriteMessage(websocket.TextMessage, text)
}

// Close leaves as a person does who closes the page, and waits for the end.
func (c *Client) Close() {
	_ = c.Send(protocol.Leave{})
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(closeWithin))
	select {
	case <-c.done:
	case <-time.After(closeWithin):
		c.Drop()
	}
}

// Drop breaks the connection without a word and waits for the end.
func (c *Client) Drop() {
	c.ws.Close()
	<-c.done
}
