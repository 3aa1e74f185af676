package meeting

// Whose own state an event changes; nobody's if it concerns the session as a whole.

func (*Convened) Subject() string            { return "" }
func (*Opened) Subject() string              { return "" }
func (*Started) Subject() string             { return "" }
func (*Ended) Subject() string               { return "" }
func (*Sealed) Subject() string              { return "" }
func (*Moved) Subject() string               { return "" }
func (*CalledOff) Subject() string           { return "" }
func (e *Connected) Subject() string         { return e.Endpoint }
func (e *Resumed) Subject() string           { return e.Endpoint }
func (e *Lost) Subject() string              { return e.Endpoint }
func (e *Left) Subject() string              { return e.Endpoint }
func (e *ReceivingChanged) Subject() string  { return e.Endpoint }
func (*QualityMeasured) Subject() string     { return "" } // of many
func (*PictureKept) Subject() string         { return "" } // evidence alone
func (e *HandRaised) Subject() string        { return e.Endpoint }
func (e *HandLowered) Subject() string       { return e.Endpoint }
func (e *StandByChanged) Subject() string    { return e.Endpoint }
func (e *Granted) Subject() string           { return e.Endpoint }
func (e *WentOnAir) Subject() string         { return e.Endpoint }
func (e *Returned) Subject() string          { return e.Endpoint }
func (e *MuteChanged) Subject() string       { return e.Endpoint }
func (e *RemovalChanged) Subject() string    { return e.Endpoint }
func (*RollCallOpened) Subject() string      { return "" }
func (e *RollCallAnswered) Subject() string  { return e.Endpoint }
func (*RollCallEnded) Subject() string       { return "" }
func (e *HeadcountDeclared) Subject() string { return e.Endpoint }
func (e *DelegatesDeclared) Subject() string { return e.Endpoint }
func (*LockChanged) Subject() string         { return "" }
func (*ChairHandedOver) Subject() string     { return "" }
func (*AgendaMoved) Subject() string         { return "" }
func (*MessageSent) Subject() string         { return "" }
func (*BudgetSet) Subject() string           { return "" }
func (*ClockDiffered) Subject() string       { return "" }
func (*OwnerChanged) Subject() string        { return "" }
func (e *VerdictOverridden) Subject() string { return e.Endpoint }
func (e *AttendanceAdded) Subject() string   { return e.Endpoint }
func (*RulesChanged) Subject() string        { return "" }
func (*ParticularsSet) Subject() string      { return "" }
func (*NoteWritten) Subject() string         { return "" }
func (*TitleChanged) Subject() string        { return "" }
func (*AgendaChanged) Subject() string       { return "" }
func (*HelpPhoneSet) Subject() string        { return "" }
func (*SitesAdded) Subject() string          { return "" } // of many
func (e *SiteWithdrawn) Subject() string     { return e.Endpoint }
func (e *SiteRestored) Subject() string      { return e.Endpoint }
func (*NamesErased) Subject() string         { return "" } // of all

// Whether an event is an act of control, by which somebody steers the session: not what happens by itself, follows from
// another act, or is said of oneself.

func (*Convened) Control() bool          { return false }
func (*Opened) Control() bool            { return true }
func (*Started) Control() bool           { return true }
func (*Ended) Control() bool             { return true }
func (*Sealed) Control() bool            { return true }
func (*Moved) Control() bool             { return true }
func (*CalledOff) Control() bool         { return true }
func (*Connected) Control() bool         { return false }
func (*Resumed) Control() bool           { return false }
func (*Lost) Control() bool              { return false }
func (*Left) Control() bool              { return false }
func (*ReceivingChanged) Control() bool  { return false }
func (*QualityMeasured) Control() bool   { return false }
func (*PictureKept) Control() bool       { return false }
func (*HandRaised) Control() bool        { return false }
func (*HandLowered) Control() bool       { return true }
func (*StandByChanged) Control() bool    { return true }
func (*Granted) Control() bool           { return true }
func (*WentOnAir) Control() bool         { return false }
func (e *Returned) Control() bool        { return e.Why == ReturnRevoked || e.Why == ReturnReturned }
func (*MuteChanged) Control() bool       { return true }
func (*RemovalChanged) Control() bool    { return true }
func (*RollCallOpened) Control() bool    { return true }
func (*RollCallAnswered) Control() bool  { return false }
func (*RollCallEnded) Control() bool     { return true }
func (*HeadcountDeclared) Control() bool { return false }
func (*DelegatesDeclared) Control() bool { return false }
func (*LockChanged) Control() bool       { return true }
func (*ChairHandedOver) Control() bool   { return true }
func (*AgendaMoved) Control() bool       { return true }
func (e *MessageSent) Control() bool     { return e.To != ToSecretariat }
func (*BudgetSet) Control() bool         { return true }
func (*ClockDiffered) Control() bool     { return false }
func (*OwnerChanged) Control() bool      { return false }
func (*VerdictOverridden) Control() bool { return true }
func (*AttendanceAdded) Control() bool   { return true }
func (*RulesChanged) Control() bool      { return true }
func (*ParticularsSet) Control() bool    { return false }
func (*NoteWritten) Control() bool       { return false }
func (*TitleChanged) Control() bool      { return true }
func (*AgendaChanged) Control() bool     { return true }
func (*HelpPhoneSet) Control() bool      { return true }
func (*SitesAdded) Control() bool        { return true }
func (*SiteWithdrawn) Control() bool     { return true }
func (*SiteRestored) Control() bool      { return true }
func (*NamesErased) Control() bool       { return false } // after the session
