{{- define "siem-forwarder.labels" -}}
app.kubernetes.io/name: siem-forwarder
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "siem-forwarder.selector" -}}
app.kubernetes.io/name: siem-forwarder
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "siem-forwarder.name" -}}
{{- printf "%s-siem-forwarder" .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The pod of an engine or of the API. Takes root, component, roles, pools, resources, nodeSelector, tolerations. */}}
{{- define "siem-forwarder.pod" -}}
{{- $ := .root }}
metadata:
  labels:
    {{- include "siem-forwarder.labels" $ | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  annotations:
    # A pod restarts where its settings change; a change of the configuration file alone is picked up while it runs.
    checksum/settings: {{ toJson (list $.Values.settings $.Values.access $.Values.database $.Values.masterKey) | sha256sum }}
    {{- with $.Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "siem-forwarder.name" $ }}
  automountServiceAccountToken: false
  # The process ends within 10 s; what was not accepted by then is sent after the next start.
  terminationGracePeriodSeconds: 30
  {{- with $.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1654
    runAsGroup: 1654
    fsGroup: 1654
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: siem-forwarder
      image: "{{ $.Values.image.repository }}{{ if $.Values.image.digest }}@{{ $.Values.image.digest }}{{ else }}:{{ $.Values.image.tag | default $.Chart.AppVersion }}{{ end }}"
      imagePullPolicy: {{ $.Values.image.pullPolicy }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      ports:
        - name: http
          containerPort: 8080
        - name: probes
          containerPort: 8081
      env:
        - name: ASPNETCORE_URLS
          value: http://0.0.0.0:8080;http://0.0.0.0:8081
        # Health and metrics have a port of their own, which the service does not publish.
        - name: Forwarder__Access__ProbePort
          value: "8081"
        # Plain HTTP within the cluster; TLS ends at the ingress.
        - name: Forwarder__Access__BehindTlsProxy
          value: "true"
        - name: Forwarder__Engine__Name
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- range $index, $role := .roles }}
        - name: Forwarder__Engine__Roles__{{ $index }}
          value: {{ $role }}
        {{- end }}
        {{- range $index, $pool := .pools }}
        - name: Forwarder__Engine__Pools__{{ $index }}
          value: {{ $pool | quote }}
        {{- end }}
        - name: ConnectionStrings__Forwarder
          valueFrom:
            secretKeyRef:
              name: {{ $.Values.database.existingSecret }}
              key: {{ $.Values.database.key }}
        - name: Forwarder__Database__MaxConnections
          value: {{ $.Values.database.maxConnections | quote }}
        - name: Forwarder__Secrets__MasterKeyFile
          value: /run/secrets/master-key/{{ $.Values.masterKey.key }}
        - name: Forwarder__Access__AdminKeyFile
          value: /run/secrets/admin-key/{{ $.Values.adminKey.key }}
        {{- if $.Values.secretFiles.existingSecret }}
        - name: Forwarder__Secrets__Folders__0
          value: /run/secrets/siem
        {{- end }}
        {{- if $.Values.configuration }}
        - name: Forwarder__ConfigurationFile
          value: /etc/siemforwarder/forwarder.yaml
        {{- end }}
        - name: Forwarder__Access__AllowedHosts__0
          value: {{ include "siem-forwarder.name" $ }}
        - name: Forwarder__Access__AllowedHosts__1
          value: {{ include "siem-forwarder.name" $ }}.{{ $.Release.Namespace }}.svc
        {{- $hosts := $.Values.access.allowedHosts }}
        {{- if and $.Values.ingress.enabled (not (has $.Values.ingress.host $hosts)) }}
        {{- $hosts = append $hosts $.Values.ingress.host }}
        {{- end }}
        {{- range $index, $host := $hosts }}
        - name: Forwarder__Access__AllowedHosts__{{ add $index 2 }}
          value: {{ $host | quote }}
        {{- end }}
        {{- range $index, $network := $.Values.access.trustedProxies }}
        - name: Forwarder__Access__TrustedProxies__{{ $index }}
          value: {{ $network | quote }}
        {{- end }}
        - name: Forwarder__Access__MetricsNeedKey
          value: {{ $.Values.access.metricsNeedKey | quote }}
        {{- with $.Values.access.oidc }}
        {{- if .authority }}
        - name: Forwarder__Access__Oidc__Authority
          value: {{ .authority | quote }}
        {{- end }}
        {{- if .clientId }}
        - name: Forwarder__Access__Oidc__ClientId
          value: {{ .clientId | quote }}
        {{- end }}
        {{- if .existingSecret }}
        - name: Forwarder__Access__Oidc__ClientSecretFile
          value: /run/secrets/oidc/client-secret
        {{- end }}
        {{- end }}
        {{- range $name, $value := $.Values.settings }}
        - name: {{ $name }}
          value: {{ $value | quote }}
        {{- end }}
      # The first start of a new version may change tables.
      startupProbe:
        httpGet: { path: /health/live, port: probes }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /health/live, port: probes }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /health/ready, port: probes }
        periodSeconds: 5
        timeoutSeconds: 5
      {{- with .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        - { name: master-key, mountPath: /run/secrets/master-key, readOnly: true }
        - { name: admin-key, mountPath: /run/secrets/admin-key, readOnly: true }
        {{- if $.Values.secretFiles.existingSecret }}
        - { name: siem, mountPath: /run/secrets/siem, readOnly: true }
        {{- end }}
        {{- if $.Values.access.oidc.existingSecret }}
        - { name: oidc, mountPath: /run/secrets/oidc, readOnly: true }
        {{- end }}
        {{- if $.Values.configuration }}
        - { name: configuration, mountPath: /etc/siemforwarder, readOnly: true }
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: { sizeLimit: 64Mi }
    - name: master-key
      secret: { secretName: {{ $.Values.masterKey.existingSecret }}, defaultMode: 0440 }
    - name: admin-key
      secret: { secretName: {{ $.Values.adminKey.existingSecret }}, defaultMode: 0440 }
    {{- with $.Values.secretFiles.existingSecret }}
    - name: siem
      secret: { secretName: {{ . }}, defaultMode: 0440 }
    {{- end }}
    {{- with $.Values.access.oidc.existingSecret }}
    - name: oidc
      secret: { secretName: {{ . }}, defaultMode: 0440 }
    {{- end }}
    {{- if $.Values.configuration }}
    - name: configuration
      configMap: { name: {{ include "siem-forwarder.name" $ }} }
    {{- end }}
  {{- with .nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # Pods of one kind on nodes of their own where that is possible.
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "siem-forwarder.selector" $ | nindent 10 }}
          app.kubernetes.io/component: {{ .component }}
{{- end }}
