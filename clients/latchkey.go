// Package latchkey asks a Latchkey server whether a personal access token may do something. One file to copy; Go 1.21,
// no modules but the standard library.
//
//	client, err := latchkey.New("https://git.example.org", os.Getenv("LATCHKEY_SECRET"))
//	verdict := client.Verify(ctx, token, latchkey.Need{
//		Permissions: latchkey.All{"contents": "read"}, Repository: "acme/site",
//	}, latchkey.Circumstances{})
//	http.Handle("/", client.Require(nil, handler)) // what the server's route map needs for each request
//
// The secret is what `latchkey admin server add NAME` prints. Nothing is kept: every question is asked, so a revocation
// holds on the very next one. Whoever can't be asked has said no. A server that has stopped answering is waited for
// twice, then asked by one question at a time. A Client may be shared by goroutines.
package latchkey

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	defaultTimeout = 5 * time.Second
	maxAnswerBytes = 1 << 20
	// This many questions in a row without an answer in time: then further ones fail at once, but for one in each pause.
	maxTimeouts  = 2
	firstPause   = time.Second
	longestPause = 10 * time.Second
)

// Permissions is All or AnyOf.
type Permissions interface{ permissions() }

// All of these permissions, each at this level or higher: "read", "write", "admin". None: any live token.
type All map[string]string

// AnyOf several sets, of which one is enough.
type AnyOf []All

func (All) permissions()   {}
func (AnyOf) permissions() {}

// Need is what a request needs: permissions on something, or what the server's route map says about its method, path
// and host.
type Need struct {
	Permissions Permissions `json:"permissions,omitempty"`
	// At most one of these four; none is the token's own account.
	Repository   string `json:"repository,omitempty"`
	Organization string `json:"organization,omitempty"`
	Account      string `json:"account,omitempty"`
	Instance     bool   `json:"instance,omitempty"`
	// Public: what is public may be read by everybody.
	Public bool `json:"public,omitempty"`
	// Writes: it changes a repository. Nil: true when a level above read is needed.
	Writes *bool `json:"writes,omitempty"`

	Method string `json:"method,omitempty"`
	// Path and query, as in the request line.
	Path string `json:"path,omitempty"`
	Host string `json:"host,omitempty"`
	// Destination is the header of a request that has a second address (WebDAV).
	Destination string `json:"destination,omitempty"`
}

// Circumstances of a question. Tokens that are bound to addresses only work when Address, the caller's, is given. The
// token's owner sees Purpose as its last use.
type Circumstances struct {
	Address string `json:"address,omitempty"`
	Purpose string `json:"purpose,omitempty"`
}

// Token says whose it is. ExpiresAt in unix seconds; nil: no end.
type Token struct {
	ID        int64  `json:"id"`
	Kind      string `json:"kind"`
	Login     string `json:"login"`
	UserID    int64  `json:"user_id"`
	ExpiresAt *int64 `json:"expires_at"`
}

// Missing is a permission that is missing, at this level.
type Missing struct {
	Permission string `json:"permission"`
	Level      string `json:"level"`
}

// Verdict is an answer. Status: 200, 401 (the credential is dead), 403 (it may not do this) or 503 (the server could
// not be asked). Reason is a stable code, Message its cause in a sentence, Remedy the person's next step.
type Verdict struct {
	Allowed       bool
	Status        int
	Token         *Token
	Reason        string
	Message       string
	Remedy        string
	Missing       []Missing
	MissingScopes []string
}

// Client asks one server.
type Client struct {
	endpoint, secret string
	http             *http.Client
	circuit          circuit
}

// New makes a client for a server's address. Each call takes at most five seconds; see WithTimeout.
func New(address, secret string) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.Host == "" {
		return nil, errors.New("latchkey: that is no address of a server")
	}
	return &Client{
		endpoint: strings.TrimRight(address, "/") + "/api/latchkey/check",
		secret:   secret,
		http: &http.Client{
			Timeout: defaultTimeout,
			// The secret goes to this server alone.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		circuit: circuit{pause: firstPause},
	}, nil
}

// WithTimeout sets how long one call may take in all. Call it before the first question.
func (c *Client) WithTimeout(timeout time.Duration) *Client {
	c.http.Timeout = timeout
	return c
}

// String keeps the secret out of logs.
func (c *Client) String() string { return "latchkey.Client of " + c.endpoint }

// GoString keeps the secret out of %#v.
func (c *Client) GoString() string { return c.String() }

// Verify answers: may this token do this?
func (c *Client) Verify(ctx context.Context, token string, need Need, at Circumstances) Verdict {
	return c.Check(ctx, token, []Need{need}, at)[0]
}

// Check answers up to 100 questions about one token in one call, in order.
func (c *Client) Check(ctx context.Context, token string, needs []Need, at Circumstances) []Verdict {
	if !c.circuit.admits() {
		return nobodyKnows(len(needs), "it has not answered in time lately")
	}
	verdicts, err := c.ask(ctx, token, needs, at)
	if err == nil {
		return verdicts
	}
	var late net.Error
	// A caller who hangs up says nothing about the server.
	if ctx.Err() == nil && errors.As(err, &late) && late.Timeout() {
		c.circuit.timedOut()
		return nobodyKnows(len(needs), "it did not answer in time")
	}
	var answered *unusable
	if errors.As(err, &answered) {
		return nobodyKnows(len(needs), answered.words)
	}
	return nobodyKnows(len(needs), "it can't be reached")
}

type unusable struct{ words string }

func (u *unusable) Error() string { return u.words }

type wireResult struct {
	Allowed       bool      `json:"allowed"`
	Status        int       `json:"status"`
	Reason        string    `json:"reason"`
	Message       string    `json:"message"`
	Also          []string  `json:"also"`
	Missing       []Missing `json:"missing"`
	MissingScopes []string  `json:"missing_scopes"`
	WayOut        *struct {
		Text    string  `json:"text"`
		URL     *string `json:"url"`
		Command *string `json:"command"`
	} `json:"way_out"`
}

func (c *Client) ask(ctx context.Context, token string, needs []Need, at Circumstances) ([]Verdict, error) {
	body, err := json.Marshal(struct {
		Token  string `json:"token"`
		Checks []Need `json:"checks"`
		Circumstances
	}{token, needs, at})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.secret)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	if err != nil {
		return nil, err
	}
	c.circuit.answered()
	if response.StatusCode != http.StatusOK {
		return nil, &unusable{fmt.Sprintf("it answered %d: %s", response.StatusCode, wordsOf(response.StatusCode))}
	}
	var answer struct {
		Token  *Token       `json:"token"`
		Checks []wireResult `json:"checks"`
	}
	if json.Unmarshal(text, &answer) != nil || len(answer.Checks) != len(needs) {
		return nil, &unusable{"it answered something else"}
	}
	verdicts := make([]Verdict, 0, len(needs))
	for _, result := range answer.Checks {
		verdicts = append(verdicts, verdictOf(result, answer.Token))
	}
	return verdicts, nil
}

func wordsOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "the secret of this service is not known there"
	case http.StatusBadRequest:
		return "it could not read the question"
	default:
		return "it could not answer"
	}
}

func verdictOf(result wireResult, token *Token) Verdict {
	if result.Allowed && token == nil {
		return nobodyKnows(1, "it allowed something to nobody")[0]
	}
	if result.Allowed {
		return Verdict{Allowed: true, Status: http.StatusOK, Token: token}
	}
	verdict := Verdict{
		Status:        result.Status,
		Token:         token,
		Reason:        result.Reason,
		Message:       strings.Join(append([]string{result.Message}, result.Also...), " "),
		Missing:       result.Missing,
		MissingScopes: result.MissingScopes,
	}
	if out := result.WayOut; out != nil {
		steps := []string{out.Text}
		for _, step := range []*string{out.URL, out.Command} {
			if step != nil && *step != "" {
				steps = append(steps, *step)
			}
		}
		verdict.Remedy = strings.Join(steps, " ")
	}
	if verdict.Status != http.StatusUnauthorized && verdict.Status != http.StatusForbidden {
		verdict.Status = http.StatusForbidden
	}
	return verdict
}

func nobodyKnows(count int, why string) []Verdict {
	verdicts := make([]Verdict, max(count, 1))
	for i := range verdicts {
		verdicts[i] = Verdict{
			Status:  http.StatusServiceUnavailable,
			Reason:  "authority_unreachable",
			Message: "Whether this is allowed could not be asked: " + why + ".",
		}
	}
	return verdicts
}

// circuit keeps a server that has stopped answering from holding up every request.
type circuit struct {
	mutex      sync.Mutex
	timeouts   int
	pause      time.Duration
	askAgainAt time.Time
}

func (c *circuit) admits() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.timeouts < maxTimeouts {
		return true
	}
	now := time.Now()
	if now.Before(c.askAgainAt) {
		return false
	}
	c.askAgainAt = now.Add(c.pause)
	return true
}

func (c *circuit) answered() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.timeouts, c.pause = 0, firstPause
}

func (c *circuit) timedOut() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.timeouts++
	if c.timeouts > maxTimeouts {
		c.pause = min(c.pause*2, longestPause)
	}
	if c.timeouts >= maxTimeouts {
		c.askAgainAt = time.Now().Add(c.pause)
	}
}

var authorization = regexp.MustCompile(`^(\w+) +(\S+)$`)

// TokenIn is the token of a request: Bearer, GitHub's "token", or the password of Basic. Empty unless there is just one.
func TokenIn(request *http.Request) string {
	values := request.Header.Values("Authorization")
	if len(values) != 1 {
		return ""
	}
	match := authorization.FindStringSubmatch(strings.TrimSpace(values[0]))
	if match == nil {
		return ""
	}
	switch strings.ToLower(match[1]) {
	case "bearer", "token":
		return match[2]
	case "basic":
		text, err := base64.StdEncoding.DecodeString(match[2])
		if err != nil {
			return ""
		}
		_, password, _ := strings.Cut(string(text), ":")
		return password
	default:
		return ""
	}
}

type tokenKey struct{}

// TokenOf is the token that Require let through; nil elsewhere.
func TokenOf(ctx context.Context) *Token {
	token, _ := ctx.Value(tokenKey{}).(*Token)
	return token
}

// Require guards a handler. need says what a request needs; nil: whatever the server's route map says. Behind a proxy,
// have r.RemoteAddr set to the caller's address before.
func (c *Client) Require(need func(*http.Request) Need, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := TokenIn(r)
		if token == "" {
			refuse(w, Verdict{
				Status:  http.StatusUnauthorized,
				Reason:  "credentials_missing",
				Message: "This needs a personal access token, as Bearer.",
			})
			return
		}
		wanted := Need{Method: r.Method, Path: r.RequestURI, Host: r.Host}
		wanted.Destination = strings.Join(r.Header.Values("Destination"), ", ")
		if need != nil {
			wanted = need(r)
		}
		address, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			address = r.RemoteAddr
		}
		purpose := r.Method + " " + r.URL.EscapedPath()
		at := Circumstances{Address: address, Purpose: purpose[:min(len(purpose), 200)]}
		verdict := c.Verify(r.Context(), token, wanted, at)
		if !verdict.Allowed {
			refuse(w, verdict)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tokenKey{}, verdict.Token)))
	})
}

// refuse answers with a challenge as RFC 6750 has it.
func refuse(w http.ResponseWriter, verdict Verdict) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Authorization")
	header.Set("X-Latchkey-Reason", verdict.Reason)
	if verdict.Status != http.StatusServiceUnavailable {
		challenge := `Bearer realm="Latchkey"`
		if verdict.Status == http.StatusUnauthorized && verdict.Reason != "credentials_missing" {
			challenge += `, error="invalid_token"`
		} else if len(verdict.Missing) > 0 {
			scopes := make([]string, len(verdict.Missing))
			for i, one := range verdict.Missing {
				scopes[i] = one.Permission + ":" + one.Level
			}
			challenge += `, error="insufficient_scope", scope="` + strings.Join(scopes, " ") + `"`
		}
		header.Set("WWW-Authenticate", challenge)
	}
	w.WriteHeader(verdict.Status)
	lines := verdict.Message
	if verdict.Remedy != "" {
		lines += "\n" + verdict.Remedy
	}
	io.WriteString(w, lines+"\n")
}
