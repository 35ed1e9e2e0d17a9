{{/* `entente operator --help` explains them. */}}
{{- define "entente.operator.args" -}}
- operator
- --listen=0.0.0.0:8081
- --lease-name={{ include "entente.name" (dict "root" . "part" "operator") }}
- --node-image={{ include "entente.image" (dict "root" . "image" .Values.image.node) }}
- --cluster-domain={{ .Values.nodes.clusterDomain }}
{{- if .Values.api.enabled }}
- --api-service-account={{ include "entente.name" (dict "root" . "part" "api") }}
- --api-role={{ include "entente.api.tenantRole" . }}
{{- end }}
{{- with .Values.nodes.storageClassName }}
- --storage-class={{ . }}
{{- end }}
{{- with .Values.metrics.namespace }}
- --monitoring-namespace={{ . }}
{{- end }}
{{- range .Values.image.pullSecrets }}
- --pull-secret={{ . }}
{{- end }}
{{- end }}

{{/* `entente serve --help` explains them. */}}
{{- define "entente.api.args" -}}
- serve
- --listen=0.0.0.0:7420
- --namespace={{ .Values.api.namespace }}
{{- /* Below the volume's own folder, which belongs to the cluster and cannot be made private. */}}
- --data=/var/lib/entente/api
- --admin-token-file=/etc/entente/token/token
{{- if .Values.api.database.existingSecret }}
- --database-url-file=/etc/entente/database/url
{{- end }}
- --admin-email={{ .Values.api.adminEmail }}
- --admin-password-file=/etc/entente/token/password
- --cluster-domain={{ .Values.nodes.clusterDomain }}
{{- end }}
