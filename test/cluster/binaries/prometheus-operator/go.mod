// Prometheus' operator, by whose CustomResourceDefinitions tests judge the monitors and alerts that the chart makes.
module regcred.dev/test/cluster/binaries/prometheus-operator

go 1.26.0

require github.com/prometheus-operator/prometheus-operator v0.85.0
