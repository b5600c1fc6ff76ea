// Argo CD, by whose CustomResourceDefinition a test judges the Application of the documents.
module regcred.dev/test/cluster/binaries/argo-cd

go 1.26.0

require github.com/argoproj/argo-cd/v3 v3.4.0
