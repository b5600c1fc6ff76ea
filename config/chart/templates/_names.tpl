{{- /* What the label app.kubernetes.io/name says, by which its pods are found. */}}
{{- define "regcred.name" -}}
{{ .Values.nameOverride | default .Chart.Name }}
{{- end }}

{{- /* The name of what the chart makes, or its first part. It is not the release's, so that the rights have one name in every cluster. */}}
{{- define "regcred.fullname" -}}
{{ .Values.fullnameOverride | default (include "regcred.name" .) }}
{{- end }}

{{- define "regcred.serviceAccountName" -}}
{{ .Values.serviceAccount.name | default (include "regcred.fullname" .) }}
{{- end }}

{{- define "regcred.username" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "regcred.serviceAccountName" . }}
{{- end }}

{{- /* The labels of everything that the chart makes. The doctor finds an install by the first. */}}
{{- define "regcred.labels" -}}
{{ include "regcred.labelsWith" (dict "root" . "labels" dict) }}
{{- end }}

{{- /* The same with some of its own, which win. Takes root and labels. */}}
{{- define "regcred.labelsWith" -}}
app.kubernetes.io/part-of: regcred
{{- with mergeOverwrite (dict) .root.Values.commonLabels .labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "regcred.image" -}}
{{ .Values.image.repository }}
{{- with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- /* A list of strings as CEL writes it. */}}
{{- define "regcred.list" -}}
[{{ range $index, $item := . }}{{ if $index }}, {{ end }}'{{ $item }}'{{ end }}]
{{- end }}

{{- /* CEL: whether a string is one of a list, in which a * at the start or at the end stands for anything. */}}
{{- define "regcred.listed" -}}
{{ .list }}.exists(allowed, allowed.startsWith('*') ? {{ .item }}.endsWith(allowed.substring(1)) : allowed.endsWith('*') ? {{ .item }}.startsWith(allowed.substring(0, allowed.size() - 1)) : {{ .item }} == allowed)
{{- end }}

{{- /* CEL: whether an object of an UPDATE has in `part` what it had before, but for the members of a list. */}}
{{- define "regcred.sameBut" -}}
(dyn(object{{ .part }}).all(key, key in {{ .but }} || (key in dyn(oldObject{{ .part }}) && dyn(object{{ .part }})[key] == dyn(oldObject{{ .part }})[key])) &&
dyn(oldObject{{ .part }}).all(key, key in {{ .but }} || key in dyn(object{{ .part }})))
{{- end }}

{{- /* CEL: members of metadata that the API server sets itself, or compares. */}}
{{- define "regcred.serverSet" -}}
['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp', 'managedFields']
{{- end }}

{{- /* CEL: the reasons of conditions, failures and Events, those of docs/operations.md. */}}
{{- define "regcred.reasons" -}}
{{ include "regcred.list" (.Files.Get "files/reasons.yaml" | fromYamlArray) }}
{{- end }}

{{- /* CEL: the types of conditions, those of src/api/conditions.ts. */}}
{{- define "regcred.conditions" -}}
{{ include "regcred.list" (.Files.Get "files/conditions.yaml" | fromYamlArray) }}
{{- end }}

{{- define "regcred.securityContext" -}}
runAsNonRoot: true
{{- with .Values.runAsUser }}
runAsUser: {{ . | int64 }}
runAsGroup: {{ . | int64 }}
fsGroup: {{ . | int64 }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "regcred.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- /* How its pods find hosts. */}}
{{- define "regcred.resolution" -}}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The Secret with the certificate that the metrics are served with; empty where it is self-made, or there is none. */}}
{{- define "regcred.metricsSecret" -}}
{{- if .Values.metrics.secure.enabled }}{{ .Values.metrics.secure.secretName }}{{ end }}
{{- end }}

{{- /* A pod of the program for a while: of the drain, of helm test. Takes root, serviceAccount, name and args. */}}
{{- define "regcred.hookPod" -}}
restartPolicy: Never
serviceAccountName: {{ .serviceAccount }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "regcred.securityContext" .root | nindent 2 }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "regcred.resolution" .root | trim }}
{{- . | nindent 0 }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ include "regcred.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args:
      {{- range .args }}
      - {{ . }}
      {{- end }}
    {{- with .root.Values.extraEnv }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      {{- toYaml .root.Values.resources | nindent 6 }}
    securityContext:
      {{- include "regcred.containerSecurityContext" .root | nindent 6 }}
    {{- with .root.Values.extraVolumeMounts }}
    volumeMounts:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- with .root.Values.extraVolumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
