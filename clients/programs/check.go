// Answers lines of questions with the Go client, and guards a handler with it: see languages.ts.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"example.org/check/latchkey"
)

type question struct {
	Token   string           `json:"token"`
	Needs   []map[string]any `json:"needs"`
	Address string           `json:"address"`
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	input.Scan()
	secret := input.Text()
	client, err := latchkey.New(os.Args[1], secret)
	check(err)
	timeout, err := time.ParseDuration(os.Args[2] + "s")
	check(err)
	client.WithTimeout(timeout)
	if strings.Contains(fmt.Sprintf("%v %+v %#v", client, client, client), secret) {
		panic("the secret is printed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "Hello "+latchkey.TokenOf(r.Context()).Login+"\n")
	})
	go http.Serve(listener, client.Require(nil, hello))
	say(map[string]int{"port": listener.Addr().(*net.TCPAddr).Port})
	for input.Scan() {
		var asked question
		check(json.Unmarshal(input.Bytes(), &asked))
		needs := make([]latchkey.Need, len(asked.Needs))
		for i, need := range asked.Needs {
			needs[i] = needIn(need)
		}
		at := latchkey.Circumstances{Address: asked.Address, Purpose: "a test"}
		verdicts := client.Check(context.Background(), asked.Token, needs, at)
		told := make([]map[string]any, len(verdicts))
		for i, v := range verdicts {
			told[i] = map[string]any{
				"allowed": v.Allowed, "status": v.Status, "reason": v.Reason, "message": v.Message, "remedy": v.Remedy,
				"missing": v.Missing, "missing_scopes": v.MissingScopes, "token": v.Token,
			}
		}
		say(told)
	}
}

func needIn(asked map[string]any) latchkey.Need {
	text := func(name string) string {
		value, _ := asked[name].(string)
		return value
	}
	need := latchkey.Need{
		Repository: text("repository"), Method: text("method"), Path: text("path"), Host: text("host"),
	}
	switch permissions := asked["permissions"].(type) {
	case map[string]any:
		need.Permissions = setOf(permissions)
	case []any:
		var sets latchkey.AnyOf
		for _, set := range permissions {
			sets = append(sets, setOf(set.(map[string]any)))
		}
		need.Permissions = sets
	}
	return need
}

func setOf(permissions map[string]any) latchkey.All {
	set := latchkey.All{}
	for name, level := range permissions {
		set[name] = level.(string)
	}
	return set
}

func say(value any) {
	text, err := json.Marshal(value)
	check(err)
	fmt.Println(string(text))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
