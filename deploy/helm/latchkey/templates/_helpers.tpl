{{- define "latchkey.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "latchkey.selector" -}}
app.kubernetes.io/name: latchkey
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "latchkey.labels" -}}
{{ include "latchkey.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "latchkey.check" -}}
{{- if not .Values.image.repository }}{{ fail "image.repository is missing: build the image and push it to your registry" }}{{ end -}}
{{- if not .Values.publicUrl }}{{ fail "publicUrl is missing: the address that people use" }}{{ end -}}
{{- if and (hasPrefix "https:" .Values.publicUrl) (not .Values.trustedProxies) }}{{ fail "trustedProxies is missing: the network of the ingress controller, which speaks HTTPS" }}{{ end -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if not .Values.database.secret }}{{ fail "replicas: more than one node needs PostgreSQL, so name database.secret" }}{{ end -}}
{{- if not .Values.repositories.shared }}{{ fail "replicas: more than one node needs repositories.shared" }}{{ end -}}
{{- end -}}
{{- if and .Values.database.secret (not .Values.secretKey.secret) }}{{ fail "secretKey.secret is missing: with PostgreSQL the key must outlast the pod" }}{{ end -}}
{{- if and .Values.database.secret (not .Values.repositories.shared) }}{{ fail "repositories.shared must be true with PostgreSQL: there is no volume for data" }}{{ end -}}
{{- end -}}

{{- /* The path of the public address, below which the server answers everything; usually empty. */ -}}
{{- define "latchkey.path" -}}
{{- (urlParse .Values.publicUrl).path | trimSuffix "/" -}}
{{- end -}}
