package signaling

import "time"

// SetPingEvery makes tests of silent connections short.
func (s *Server) SetPingEvery(d time.Duration) { s.pingEvery = d }

// WebhookAttempts is after how many a message is given up.
const WebhookAttempts = webhookAttempts

// SetWebhookPause makes tests of failing receivers short.
func (s *Server) SetWebhookPause(d time.Duration) { s.webhooks.first = d }

// Concerned is concerned.
var Concerned = concerned
