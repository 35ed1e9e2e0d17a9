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
{{- if .Values.api.requireRealNames }}
- --require-real-names
{{- end }}
{{- end }}
{{- with .Values.nodes.storageClassName }}
- --storage-class={{ . }}
{{- end }}
{{- if .Values.masterKey.existingSecret }}
- --master-key-file=/etc/entente/master-key/{{ .Values.masterKey.key }}
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
- --operator-lease={{ include "entente.name" (dict "root" . "part" "operator") }}
{{- /* Below the volume's own folder, which belongs to the cluster and cannot be made private. */}}
- --data=/var/lib/entente/api
- --admin-token-file=/etc/entente/token/token
{{- if .Values.api.database.existingSecret }}
- --database-url-file=/etc/entente/database/url
{{- end }}
{{- if .Values.masterKey.existingSecret }}
- --master-key-file=/etc/entente/master-key/{{ .Values.masterKey.key }}
{{- end }}
- --admin-email={{ .Values.api.adminEmail }}
- --admin-password-file=/etc/entente/token/password
- --cluster-domain={{ .Values.nodes.clusterDomain }}
{{- if .Values.api.requireRealNames }}
- --require-real-names
{{- end }}
{{- with .Values.api.oidc }}
{{- if .issuer }}
- --oidc-issuer={{ .issuer }}
- --oidc-client-id={{ required "api.oidc.clientId is what the provider calls this installation" .clientId }}
{{- if .existingSecret }}
- --oidc-client-secret-file=/etc/entente/oidc/client-secret
{{- end }}
{{- if .caConfigMap }}
- --oidc-ca-file=/etc/entente/oidc-ca/ca.crt
{{- end }}
- {{ printf "--oidc-name=%s" .name | quote }}
- {{ printf "--oidc-scopes=%s" .scopes | quote }}
- --oidc-admit={{ .admit }}
{{- range .emailDomains }}
- --oidc-email-domain={{ . }}
{{- end }}
- {{ printf "--oidc-role-claim=%s" .roleClaim | quote }}
{{- range .roles }}
- {{ printf "--oidc-role=%s" . | quote }}
{{- end }}
- --public-url={{ .publicUrl | default (printf "https://%s" (required "api.oidc needs api.oidc.publicUrl or api.ingress.host: the provider sends browsers back there" $.Values.api.ingress.host)) }}
{{- end }}
{{- end }}
{{- if .Values.api.audit.kubectlUsers }}
- --admission-webhook={{ include "entente.admission" . }}
- --admission-listen=0.0.0.0:7443
{{- end }}
{{- with .Values.api.audit }}
{{- if .retentionDays }}
- --audit-retention-days={{ int .retentionDays }}
{{- end }}
{{- if .anchor }}
- --audit-anchor={{ .anchor }}
- --audit-anchor-every={{ .anchorEvery }}
{{- end }}
{{- end }}
{{- with .Values.api.tokenAudience }}
- --token-audience={{ . }}
{{- end }}
{{- end }}
