// The messages of /ws, twin of signaling/protocol and docs/protocol.md: a test compares the fields. Times ("…_ms")
// are milliseconds since 1970 UTC by the server's clock.

/** Version of the protocol that these pages speak. */
export const VERSION = 1;

/** Close codes of the socket. */
export const Close = Object.freeze({
  BadMessage: 4400,
  BadToken: 4401,
  Timeout: 4408,
  Occupied: 4409,
  Ended: 4410,
  Removed: 4411,
  TakenOver: 4412,
  Withdrawn: 4413,
  Locked: 4423,
  NotOpen: 4425,
  Version: 4426,
  Slow: 4429,
  Broken: 4500,
  Restart: 1012,
});

// ---- from the client ----

/**
 * @typedef {object} Hello
 * @property {number} version
 * @property {string} [token]
 * @property {string} [resume]
 * @property {boolean} [take_over]
 * @property {string} [device]
 * @property {boolean} [reports]
 *
 * @typedef {object} Leave
 *
 * @typedef {object} Pong
 * @property {number} t
 *
 * @typedef {object} Answer
 * @property {string} peer
 * @property {string} sdp
 *
 * @typedef {object} PeerFailed
 * @property {string} peer
 * @property {string} [reason]
 *
 * @typedef {object} Received
 * @property {string} peer
 * @property {number} [frames]
 * @property {number} [sound_ms]
 * @property {number} [idle_ms]
 *
 * @typedef {object} Start
 *
 * @typedef {object} End
 *
 * @typedef {object} RaiseHand
 *
 * @typedef {object} LowerHand
 * @property {string} [endpoint]
 *
 * @typedef {object} StandBy
 * @property {string} endpoint
 * @property {boolean} on
 *
 * @typedef {object} Grant
 * @property {string} endpoint
 * @property {string} [slot]
 *
 * @typedef {object} Revoke
 * @property {string} [endpoint]
 * @property {string} [slot]
 *
 * @typedef {object} Confirm
 *
 * @typedef {object} Mute
 * @property {string} [endpoint]
 * @property {boolean} muted
 *
 * @typedef {object} Remove
 * @property {string} endpoint
 * @property {boolean} removed
 *
 * @typedef {object} RollCall
 * @property {boolean} open
 *
 * @typedef {object} RollCallAnswer
 * @property {number} roll_call
 * @property {number} headcount
 *
 * @typedef {object} Headcount
 * @property {number} headcount
 *
 * @typedef {object} Delegates
 * @property {Delegate[]} delegates
 *
 * @typedef {object} Watch
 * @property {string} slot
 * @property {string} [endpoint]
 *
 * @typedef {object} Lock
 * @property {boolean} locked
 *
 * @typedef {object} HandOver
 * @property {string} to
 *
 * @typedef {object} Agenda
 * @property {string} [item]
 *
 * @typedef {object} Budget
 * @property {number} kbps
 *
 * @typedef {object} SendMessage
 * @property {string} to
 * @property {string} text
 *
 * @typedef {object} Receive
 * @property {string} pictures all, low, none
 *
 * @typedef {object} Frozen
 * @property {string} slot
 * @property {number} count
 * @property {number} ms
 *
 * @typedef {object} Microphone
 * @property {string} problem talking, system, or empty
 *
 * @typedef {object} Delegate
 * @property {string} name
 * @property {string} [title]
 * @property {string} [attending_for]
 */

/**
 * Requests that are answered by ok or error, by message type.
 * @typedef {object} Requests
 * @property {Start} start
 * @property {End} end
 * @property {RaiseHand} raise_hand
 * @property {LowerHand} lower_hand
 * @property {StandBy} stand_by
 * @property {Grant} grant
 * @property {Revoke} revoke
 * @property {Confirm} confirm
 * @property {Mute} mute
 * @property {Remove} remove
 * @property {RollCall} roll_call
 * @property {RollCallAnswer} roll_call_answer
 * @property {Headcount} headcount
 * @property {Delegates} delegates
 * @property {Watch} watch
 * @property {Lock} lock
 * @property {HandOver} hand_over
 * @property {Agenda} agenda
 * @property {Budget} budget
 * @property {SendMessage} send_message
 * @property {Receive} receive
 */

/**
 * Messages without an answer, by message type.
 * @typedef {object} Notices
 * @property {Hello} hello
 * @property {Leave} leave
 * @property {Pong} pong
 * @property {Answer} answer
 * @property {PeerFailed} peer_failed
 * @property {Received} received
 * @property {Frozen} frozen
 * @property {Microphone} microphone
 */

// ---- from the server ----

/**
 * @typedef {object} Welcome
 * @property {number} version
 * @property {string} conn
 * @property {SessionInfo} session
 * @property {SelfInfo} self
 * @property {number} now_ms
 * @property {number} ping_ms
 * @property {number} [snapshot_s]
 * @property {string[]} [alternates]
 * @property {number} [retry_ms]
 *
 * @typedef {object} Session
 * @property {SessionInfo} session
 *
 * @typedef {object} State
 * @property {string} phase draft, open, live, ended, sealed
 * @property {number} [started_at_ms]
 * @property {number} [ended_at_ms]
 * @property {StageSlot[]} stage
 * @property {number} [roll_call]
 * @property {number} present
 * @property {number} convened
 * @property {string} chair
 * @property {boolean} [locked]
 * @property {string} [agenda_item]
 * @property {number} [agenda_at_ms]
 * @property {number} [budget_kbps]
 * @property {boolean} [called_off] it ended before it began
 * @property {string} [call_off_reason]
 *
 * @typedef {object} Self
 * @property {boolean} muted
 * @property {number} [hand_at_ms]
 * @property {number} [hand_position]
 * @property {boolean} [stand_by]
 * @property {boolean} publish
 * @property {string[]} [slots]
 * @property {number} [headcount]
 * @property {boolean} [answered]
 * @property {Delegate[]} [delegates]
 *
 * @typedef {object} Sites
 * @property {UnitInfo[]} units
 * @property {SiteInfo[]} endpoints
 *
 * @typedef {object} Presence
 * @property {SiteState[]} changes
 *
 * @typedef {object} Offer
 * @property {string} peer
 * @property {string} kind viewer, publisher, monitor
 * @property {string} sdp
 * @property {ICEServer[]} [ice_servers]
 *
 * @typedef {object} ICEServer
 * @property {string[]} urls
 * @property {string} username
 * @property {string} credential
 *
 * @typedef {object} ClosePeer
 * @property {string} peer
 *
 * @typedef {object} Demand
 * @property {string} peer
 * @property {number} top
 *
 * @typedef {object} Speaking
 * @property {string[]} slots
 *
 * @typedef {object} Ping
 * @property {number} t
 *
 * @typedef {object} Ok
 * @property {number} id
 *
 * @typedef {object} Error
 * @property {number} [id]
 * @property {string} code
 * @property {string} [detail]
 * @property {number} [at_ms]
 *
 * @typedef {object} Reconnect
 * @property {number} after_ms
 * @property {number} spread_ms
 * @property {string} [url]
 *
 * @typedef {object} Recording
 * @property {number} [since_ms]
 * @property {number} [clock_behind_ms]
 * @property {boolean} [contradiction]
 *
 * @typedef {object} ChatMessage
 * @property {string} from
 * @property {string} from_name
 * @property {string} to
 * @property {string} text
 * @property {number} at_ms
 *
 * @typedef {object} AgendaItem
 * @property {string} id
 * @property {string} title
 * @property {number} [minutes]
 * @property {string[]} [speakers]
 *
 * @typedef {object} SessionInfo
 * @property {string} id
 * @property {string} title
 * @property {string} time_zone
 * @property {number} [scheduled_at_ms]
 * @property {AgendaItem[]} [agenda]
 * @property {number} [agenda_version] that a change of the agenda names
 * @property {string} [help_phone]
 *
 * @typedef {object} SelfInfo
 * @property {string} code
 * @property {string} name
 * @property {string} role host, operator, secretary, room, endpoint
 * @property {string} [unit]
 * @property {string[]} [parents]
 * @property {string} [scope]
 *
 * @typedef {object} StageSlot
 * @property {string} slot
 * @property {string} endpoint
 * @property {string} name
 * @property {string[]} [parents]
 * @property {string} state countdown, on_air, held
 * @property {string} [away] nobody is connected there: lost, absent
 * @property {number} [on_air_ms]
 * @property {boolean} [muted]
 * @property {string} [microphone] why nobody hears who speaks there: talking, system
 * @property {boolean} video
 *
 * @typedef {object} UnitInfo
 * @property {string} code
 * @property {string} [parent]
 * @property {string} level
 * @property {string} name
 *
 * @typedef {object} SiteInfo
 * @property {string} [unit]
 * @property {string} name
 * @property {string} [phone]
 * @property {string} code
 * @property {string} state
 * @property {boolean} [receiving]
 * @property {number} [hand_at_ms]
 * @property {boolean} [stand_by]
 * @property {boolean} [muted]
 * @property {string[]} [slots]
 * @property {boolean} [removed]
 * @property {number} [headcount]
 * @property {boolean} [answered]
 * @property {number} [answered_after_ms] from the opening of the roll call
 * @property {number} [rtt_ms]
 * @property {number} [loss_pct]
 * @property {number} [since_ms]
 * @property {number} [opened_elsewhere]
 * @property {number} [taken_over]
 *
 * @typedef {object} SiteState
 * @property {string} code
 * @property {string} state absent, connecting, present, lost, on-floor
 * @property {boolean} [receiving]
 * @property {number} [hand_at_ms]
 * @property {boolean} [stand_by]
 * @property {boolean} [muted]
 * @property {string[]} [slots]
 * @property {boolean} [removed]
 * @property {number} [headcount]
 * @property {boolean} [answered]
 * @property {number} [answered_after_ms] from the opening of the roll call
 * @property {number} [rtt_ms]
 * @property {number} [loss_pct]
 * @property {number} [since_ms]
 * @property {number} [opened_elsewhere]
 * @property {number} [taken_over]
 */

/**
 * A message from the server, told apart by its type.
 * @typedef {({type: "welcome"} & Welcome) | ({type: "session"} & Session) | ({type: "state"} & State) | ({type: "self"} & Self)
 *   | ({type: "sites"} & Sites) | ({type: "presence"} & Presence) | ({type: "offer"} & Offer)
 *   | ({type: "close_peer"} & ClosePeer) | ({type: "ping"} & Ping) | ({type: "ok"} & Ok)
 *   | ({type: "error"} & Error) | ({type: "reconnect"} & Reconnect) | ({type: "recording"} & Recording) | ({type: "message"} & ChatMessage)
 *   | ({type: "demand"} & Demand) | ({type: "speaking"} & Speaking)} ServerMessage
 */

/** Code of the host's endpoint in every session. */
export const HOST = "@host";

/** Slots of the stage, by precedence of quality. */
export const SLOTS = Object.freeze(["presentation", "main", "floor", "floor2"]);

/** Slots in which people speak. */
export const SPEAKING_SLOTS = Object.freeze(["main", "floor", "floor2"]);

/**
 * Reads one text frame. A frame that is not a message yields null: a newer server may say more than this page knows.
 * @param {unknown} data
 * @returns {ServerMessage | null}
 */
export function decode(data) {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data);
    return message && typeof message.type === "string" ? message : null;
  } catch {
    return null;
  }
}

/**
 * Writes one text frame.
 * @param {string} type
 * @param {object} fields
 * @param {number} [id] asks for an answer
 * @returns {string}
 */
export function encode(type, fields, id) {
  return JSON.stringify(id === undefined ? { type, ...fields } : { type, id, ...fields });
}
