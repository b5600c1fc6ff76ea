// Flux's helm-controller, by whose CustomResourceDefinition a test judges the HelmRelease of the documents.
module regcred.dev/test/cluster/binaries/helm-controller

go 1.26.0

require github.com/fluxcd/helm-controller v1.4.0
