{{- /*
Whether an object of a kind of Prometheus' operator is rendered: "true" or nothing. It says what to do where the cluster lacks
the kind. Takes root, the kind, and the name of the values.
*/}}
{{- define "regcred.monitored" -}}
{{- $mode := (index .root.Values .value).renderMode }}
{{- if or (eq $mode "alwaysRender") (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind)) -}}
true
{{- else if eq $mode "failIfMissing" }}
{{- fail (printf "\n\n%s.enabled needs the kind %s of Prometheus' operator, and this cluster does not have it. Install that operator first, or set %s.renderMode to skipIfMissing (made by the first upgrade that finds the kind) or to alwaysRender (for `helm template`, which asks no cluster).\n" .value .kind .value) }}
{{- end }}
{{- end }}

{{- /* The metadata of such an object. Takes root, the name of the object and its values. */}}
{{- define "regcred.monitoringMetadata" -}}
name: {{ .name }}
namespace: {{ .values.namespace | default .root.Release.Namespace }}
labels:
  app.kubernetes.io/name: {{ include "regcred.name" .root }}
  {{- include "regcred.labelsWith" (dict "root" .root "labels" .values.labels) | nindent 2 }}
{{- with .values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* How both kinds of monitor scrape. Takes the values of one. */}}
{{- define "regcred.scraping" -}}
port: metrics
path: /metrics
{{- with .interval }}
interval: {{ . }}
{{- end }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- if .honorLabels }}
honorLabels: true
{{- end }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* How a scraper checks the certificate of the metrics. A self-made one cannot be checked. */}}
{{- define "regcred.metricsTrust" -}}
{{- with include "regcred.metricsSecret" . -}}
serverName: {{ include "regcred.fullname" $ }}-metrics.{{ $.Release.Namespace }}.svc
ca:
  secret:
    name: {{ . }}
    key: ca.crt
{{- else -}}
insecureSkipVerify: true
{{- end }}
{{- end }}
