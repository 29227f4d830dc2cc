// Clones with go-git: URL USERNAME PASSWORD FOLDER.
package main

import (
	"fmt"
	"os"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
)

func main() {
	_, err := git.PlainClone(os.Args[4], false, &git.CloneOptions{
		URL:  os.Args[1],
		Auth: &http.BasicAuth{Username: os.Args[2], Password: os.Args[3]},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
