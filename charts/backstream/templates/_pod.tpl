{{- define "backstream.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "backstream.selector" -}}
app.kubernetes.io/name: backstream
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "backstream.labels" -}}
{{ include "backstream.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "backstream.configMap" -}}
{{- .Values.existingConfigMap | default (include "backstream.name" .) -}}
{{- end -}}

{{- /* A hardened container: nothing to write to, nothing it may become. */ -}}
{{- define "backstream.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "backstream.redisEnv" -}}
- name: REDIS_URL
{{- if .Values.redis.bundled.enabled }}
  value: redis://{{ include "backstream.name" . }}-redis:6379
{{- else if .Values.redis.secret.name }}
  valueFrom:
    secretKeyRef:
      name: {{ .Values.redis.secret.name }}
      key: {{ .Values.redis.secret.key }}
{{- else }}
  value: {{ .Values.redis.url | quote }}
{{- end }}
{{- end -}}

{{- /*
The pod of one process. Takes a dict: root, role (scheduler, worker, board), args, own (the values of this
process).
*/ -}}
{{- define "backstream.pod" -}}
{{- $root := .root -}}
{{- $own := .own -}}
{{- $annotations := deepCopy $root.Values.podAnnotations -}}
{{- if not $root.Values.existingConfigMap -}}
{{- $annotations = set $annotations "checksum/config" ($root.Values.config | sha256sum) -}}
{{- end -}}
{{- $secrets := concat $root.Values.secretFiles ($own.secretFiles | default list) | uniq -}}
metadata:
  labels:
    {{- include "backstream.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- with $annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "backstream.name" $root }}{{ if eq .role "worker" }}-worker{{ end }}
  automountServiceAccountToken: {{ and (eq .role "worker") (not (empty $root.Values.execInto)) }}
  securityContext:
    {{- toYaml $root.Values.podSecurityContext | nindent 4 }}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- if eq .role "worker" }}
  terminationGracePeriodSeconds: {{ $own.gracePeriodSeconds | default $root.Values.workerDefaults.gracePeriodSeconds }}
  {{- end }}
  containers:
    - name: {{ .role }}
      image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      env:
        {{- include "backstream.redisEnv" $root | nindent 8 }}
        {{- if eq .role "board" }}
        - name: BACKSTREAM_BOARD_LISTEN
          value: 0.0.0.0:7373
        {{- end }}
        {{- with concat $root.Values.env ($own.env | default list) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- if eq .role "board" }}
      ports:
        - name: http
          containerPort: 7373
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 30
        timeoutSeconds: 10
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
      {{- else }}
      livenessProbe:
        exec: { command: [backstream, health, {{ .role }}] }
        initialDelaySeconds: 30
        periodSeconds: 30
        timeoutSeconds: 15
      {{- end }}
      resources:
        {{- toYaml ($own.resources | default $root.Values.workerDefaults.resources) | nindent 8 }}
      securityContext:
        {{- $own.securityContext | default (include "backstream.hardened" $root | fromYaml) | toYaml | nindent 8 }}
      volumeMounts:
        - { name: config, mountPath: /etc/backstream, readOnly: true }
        - { name: scratch, mountPath: /tmp }
        {{- if $secrets }}
        - { name: secrets, mountPath: /run/secrets/backstream, readOnly: true }
        {{- end }}
        {{- with $own.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "backstream.configMap" $root }}
    - name: scratch
      emptyDir: {}
    {{- if $secrets }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- range $secrets }}
          - secret:
              name: {{ . }}
          {{- end }}
    {{- end }}
    {{- with $own.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $own.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $own.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- /* A Deployment around it; the old pod ends before the new one starts, so that a volume is free. */ -}}
{{- define "backstream.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "backstream.name" .root }}-{{ .component }}
  labels:
    {{- include "backstream.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  replicas: {{ .replicas }}
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 0, maxUnavailable: 1 }
  selector:
    matchLabels:
      {{- include "backstream.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    {{- include "backstream.pod" . | nindent 4 }}
{{- end -}}
