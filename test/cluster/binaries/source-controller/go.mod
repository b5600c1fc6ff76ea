// Flux's source-controller, by whose CustomResourceDefinition a test judges the HelmRepository of the documents.
module regcred.dev/test/cluster/binaries/source-controller

go 1.26.0

require github.com/fluxcd/source-controller v1.9.0
