// Verifies, with cosign's own packages, what a release has signed. cosign itself needs the SDKs of four clouds to do so.
//
// verify KEY REFERENCE prints the kinds of what is attested of an image or a chart; verify KEY FILE SIGNATURE prints nothing.
package main

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/sigstore/cosign/v3/pkg/cosign"
	ociremote "github.com/sigstore/cosign/v3/pkg/oci/remote"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	pem, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	key, err := cryptoutils.UnmarshalPEMToPublicKey(pem)
	if err != nil {
		return err
	}
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	if err != nil {
		return err
	}
	if len(args) == 3 {
		return verifyFile(verifier, args[1], args[2])
	}
	return verifyReference(ctx, verifier, args[1])
}

func verifyFile(verifier signature.Verifier, file, signatureFile string) error {
	content, err := os.Open(file)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(signatureFile)
	if err != nil {
		return err
	}
	decoded := base64.NewDecoder(base64.StdEncoding, strings.NewReader(strings.TrimSpace(string(text))))
	return verifier.VerifySignature(decoded, content)
}

func verifyReference(ctx context.Context, verifier signature.Verifier, reference string) error {
	// A host of this machine is asked by http.
	ref, err := name.ParseReference(reference)
	if err != nil {
		return err
	}
	login := ociremote.WithRemoteOptions(remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithContext(ctx))
	options := func() *cosign.CheckOpts {
		return &cosign.CheckOpts{
			RegistryClientOpts: []ociremote.Option{login},
			SigVerifier:        verifier,
			IgnoreTlog:         true,
		}
	}
	signed := options()
	signed.ClaimVerifier = cosign.SimpleClaimVerifier
	if _, _, err := cosign.VerifyImageSignatures(ctx, ref, signed); err != nil {
		return err
	}
	attested := options()
	attested.ClaimVerifier = cosign.IntotoSubjectClaimVerifier
	attestations, _, err := cosign.VerifyImageAttestations(ctx, ref, attested)
	if err != nil {
		return err
	}
	for _, each := range attestations {
		text, err := each.Payload()
		if err != nil {
			return err
		}
		kind, err := predicateType(text)
		if err != nil {
			return err
		}
		fmt.Println(kind)
	}
	return nil
}

func predicateType(text []byte) (string, error) {
	var envelope struct {
		Payload []byte `json:"payload"`
	}
	if err := json.Unmarshal(text, &envelope); err != nil {
		return "", err
	}
	var statement struct {
		PredicateType string `json:"predicateType"`
	}
	err := json.Unmarshal(envelope.Payload, &statement)
	return statement.PredicateType, err
}
