// Prints which logins the kubelet itself tries for an image, and in which order.
//
// Reads a JSON array of {"image": ..., "keys": [...]} and writes, for each, the positions of the keys that it would try.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type question struct {
	Image string   `json:"image"`
	Keys  []string `json:"keys"`
}

func main() {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		fail(err)
	}
	answers := make([][]int, len(questions))
	for at, each := range questions {
		answers[at] = tried(each)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fail(err)
	}
}

// As k8s.io/kubernetes/pkg/kubelet/images/image_manager.go does it: the reference loses its tag, then the keyring is asked.
func tried(asked question) []int {
	positions := []int{}
	repository, _, _, err := parsers.ParseImageName(asked.Image)
	if err != nil {
		return positions
	}
	keyring := &credentialprovider.BasicDockerKeyring{}
	for at, key := range asked.Keys {
		// One config for each key: within one, Go's maps have no order.
		keyring.Add(nil, credentialprovider.DockerConfig{key: {Username: strconv.Itoa(at), Password: "-"}})
	}
	found, _ := keyring.Lookup(repository)
	for _, login := range found {
		at, err := strconv.Atoi(login.Username)
		if err != nil {
			fail(err)
		}
		positions = append(positions, at)
	}
	return positions
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
