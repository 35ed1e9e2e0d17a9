{{/* Labels of every object. `dict "root" $ "part" "operator"` */}}
{{- define "entente.labels" -}}
{{ include "entente.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: entente
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* Labels by which the pods of a part are found. They cannot change during an upgrade. */}}
{{- define "entente.selector" -}}
app.kubernetes.io/name: entente
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{/* Name of a part's objects. Two releases in one namespace do not meet, and a release called entente is not called so twice. */}}
{{- define "entente.name" -}}
{{- $prefix := ternary .root.Release.Name (printf "%s-entente" .root.Release.Name) (contains "entente" .root.Release.Name) -}}
{{ printf "%s-%s" $prefix .part | trunc 52 }}
{{- end }}

{{/* Name of an object of the whole cluster. Releases of several namespaces do not meet. */}}
{{- define "entente.clusterName" -}}
{{ printf "%s:%s" .root.Release.Namespace (include "entente.name" .) }}
{{- end }}

{{/* Name of an object of the whole cluster that has to be a DNS name. */}}
{{- define "entente.clusterDnsName" -}}
{{ printf "%s.%s" .root.Release.Namespace (include "entente.name" .) }}
{{- end }}

{{/* The MutatingWebhookConfiguration by which the API server tells who writes, and where it tells it. */}}
{{- define "entente.admission" -}}
{{ include "entente.clusterDnsName" (dict "root" . "part" "api") }}.changes
{{- end }}
{{- define "entente.admissionService" -}}
{{ include "entente.name" (dict "root" . "part" "api") }}-admission
{{- end }}

{{/* A full image name. `dict "root" $ "image" .Values.image.node` */}}
{{- define "entente.image" -}}
{{- $path := printf "%s/%s" .root.Values.image.registry .image.repository -}}
{{- if .image.digest -}}
{{ printf "%s@%s" $path .image.digest }}
{{- else -}}
{{ printf "%s:%s" $path (default .root.Chart.AppVersion .image.tag) }}
{{- end -}}
{{- end }}

{{/* What the pods of both parts have in common: the restricted Pod Security level, and where they may run. */}}
{{- define "entente.pod" -}}
serviceAccountName: {{ include "entente.name" . }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  # Once: what the API has on its volume for itself alone would be everybody's of the group after each start.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the containers of both parts have in common. */}}
{{- define "entente.container" -}}
image: {{ include "entente.image" (dict "root" .root "image" .root.Values.image.platform) }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
resources: {{- toYaml .values.resources | nindent 2 }}
{{- end }}

{{/* The ClusterRole with what the API may do in a tenant's namespace. */}}
{{- define "entente.api.tenantRole" -}}
{{ include "entente.clusterName" (dict "root" . "part" "api") }}:tenant
{{- end }}

{{/* The Secret with the administrator's token. */}}
{{- define "entente.api.tokenSecret" -}}
{{ default (printf "%s-token" (include "entente.name" (dict "root" . "part" "api"))) .Values.api.adminToken.existingSecret }}
{{- end }}

{{/* Where the platform's pods may go: names, the API server, and the nodes of chains. */}}
{{- define "entente.egress" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
# The API server is not a pod, and where it is differs from cluster to cluster.
- ports: [{port: 443}, {port: 6443}]
- to:
    - namespaceSelector: {}
      podSelector: {matchLabels: {app.kubernetes.io/managed-by: entente-operator}}
{{- end }}
