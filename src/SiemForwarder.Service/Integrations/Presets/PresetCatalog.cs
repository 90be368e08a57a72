using System.Collections.Frozen;

namespace SiemForwarder.Service.Integrations.Presets;

/// <summary>All presets, by product.</summary>
internal static class PresetCatalog
{
    public static IReadOnlyList<DestinationPreset> All { get; } =
    [
        new()
        {
            Id = "splunk",
            Title = "Splunk",
            Description = "Splunk Enterprise or Splunk Cloud through the HTTP Event Collector, with the fields of the Common Information Model.",
            Steps =
            [
                "Settings > Data Inputs > HTTP Event Collector > Global Settings: All Tokens enabled, SSL enabled; note the port (8088; Splunk Cloud: 443).",
                "New Token: name it keycloak, leave 'Enable indexer acknowledgement' off or set settings.acknowledge here too, choose the index, Submit.",
                "Copy the token into settings.token. On Splunk Cloud the server is http-inputs-<stack>.splunkcloud.com:443.",
                "Test, then search: index=* sourcetype=keycloak:event.",
            ],
            Documentation = "https://docs.splunk.com/Documentation/Splunk/latest/Data/UsetheHTTPEventCollector",
            Destination = "splunk_hec", Protocol = "https", Port = 8088, OutputType = "JSON", Schema = "cim", Http = new(Gzip: true),
            Batch = new(500, 900_000),
            Settings = """{"endpoint":"event","sourceType":"keycloak:event"}""",
            Example = """{"serverUrl":"splunk.example.com","settings":{"token":"00000000-0000-0000-0000-000000000000"}}""",
        },
        new()
        {
            Id = "elastic",
            Title = "Elasticsearch",
            Description = "A data stream of Elasticsearch or Elastic Security in the Elastic Common Schema; duplicates create no second document.",
            Steps =
            [
                "Kibana > Stack Management > API keys > Create API key, restricted to indices logs-keycloak.audit-* with create_doc and auto_configure, "
                    + "cluster privilege monitor.",
                "Install the index template docs/deploy/elastic-index-template.json: PUT /_index_template/siemforwarder-keycloak.",
                "Copy the encoded key into settings.apiKey.",
                "Test, then Discover > data view logs-*: data_stream.dataset : keycloak.audit.",
            ],
            Documentation = "https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk",
            Destination = "elastic", Protocol = "https", Port = 9200, OutputType = "JSON", Schema = "ecs", Http = new(Gzip: true), Batch = new(1000, 4_800_000),
            Example = """{"serverUrl":"elastic.example.com","settings":{"apiKey":"aWQ6a2V5"}}""",
        },
        new()
        {
            Id = "opensearch",
            Title = "OpenSearch",
            Description = "A data stream of OpenSearch in the Elastic Common Schema; duplicates create no second document.",
            Steps =
            [
                "Install the index template docs/deploy/opensearch-index-template.json: PUT /_index_template/siemforwarder-keycloak.",
                "Security > Internal users: create a user; Roles: allow it to write to logs-keycloak.* (write, create_index) and map the user to the role.",
                "Put user name and password into authentication.",
                "Test, then Discover on logs-keycloak.*.",
            ],
            Documentation = "https://docs.opensearch.org/docs/latest/im-plugin/data-streams/",
            Destination = "elastic", Protocol = "https", Port = 9200, OutputType = "JSON", Schema = "ecs", Http = new(Gzip: true), Batch = new(1000, 4_800_000),
            Example = """{"serverUrl":"opensearch.example.com","authentication":{"username":"forwarder","password":"…"}}""",
        },
        new()
        {
            Id = "sentinel",
            Title = "Microsoft Sentinel",
            Description = "A table of Microsoft Sentinel through the Logs Ingestion API of Azure Monitor.",
            Steps =
            [
                "Entra ID > App registrations > New registration; Certificates & secrets > New client secret; note tenant id, client id and secret.",
                "Log Analytics workspace > Tables > Create > New custom log (DCR-based): KeycloakEvents, with a new data collection rule; the columns are "
                    + "in the README.",
                "Data collection rule > Access control (IAM) > Add: Monitoring Metrics Publisher for the app; it takes effect within 30 minutes.",
                "Copy the logs ingestion URL (host) into serverUrl, the rule's immutable id (JSON view) into settings.ruleId.",
                "Test, then query KeycloakEvents_CL.",
            ],
            Documentation = "https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview",
            Destination = "sentinel", Protocol = "https", OutputType = "JSON", Schema = "native", Http = new(Gzip: true),
            Settings = """{"stream":"Custom-KeycloakEvents_CL","payload":"columns"}""",
            Example = """
                {"serverUrl":"soc-a1b2.westeurope-1.ingest.monitor.azure.com","settings":{"tenantId":"11111111-1111-1111-1111-111111111111",
                "clientId":"22222222-2222-2222-2222-222222222222","clientSecret":"…","ruleId":"dcr-00000000000000000000000000000000"}}
                """,
        },
        new()
        {
            Id = "sentinel_cef",
            Title = "Microsoft Sentinel, CEF through the Azure Monitor Agent",
            Description = "CEF over syslog to a Linux machine with the Azure Monitor Agent, into the table CommonSecurityLog.",
            Steps =
            [
                "Sentinel > Content hub: install 'Common Event Format'; Data connectors > Common Event Format (CEF) via AMA > Create data collection rule.",
                "Choose the Linux machine, and LOG_AUTHPRIV from LOG_INFO on; do not use the facility in any syslog rule, or events arrive twice.",
                "Run the installation script shown on the page on that machine; open its port 514 over TCP to the forwarder only.",
                "Test, then query CommonSecurityLog | where DeviceVendor == \"SiemForwarder\".",
            ],
            Documentation = "https://learn.microsoft.com/azure/sentinel/connect-cef-syslog-ama",
            Destination = "syslog", Protocol = "tcp", Port = 514, OutputType = "CEF",
            Syslog = new("rfc5424", "lf", 10, "CEF", MaxMessageBytes: 8192),
            Example = """{"serverUrl":"ama.example.com"}""",
        },
        new()
        {
            Id = "qradar",
            Title = "IBM QRadar",
            Description = "LEEF 2.0 to a TLS Syslog log source of QRadar; with protocol tcp to its port 514.",
            Steps =
            [
                "Admin > QRadar Log Source Management > New: log source type Universal LEEF, protocol TLS Syslog; note the port (6514).",
                "Log source identifier: the host name of the Keycloak server, as sent in the header (syslog.hostname here).",
                "Put the PEM of the listener's authority into tls.caCertificate. Deploy changes.",
                "Test, then Log Activity, filtered by the log source.",
            ],
            Documentation = "https://www.ibm.com/docs/en/dsm?topic=options-tls-syslog-protocol-configuration",
            Destination = "syslog", Protocol = "tls", Port = 6514, OutputType = "LEEF",
            Syslog = new("rfc3164", "lf", 10, MaxMessageBytes: 4096),
            Example = """{"serverUrl":"qradar.example.com"}""",
        },
        new()
        {
            Id = "sumo_logic",
            Title = "Sumo Logic",
            Description = "An HTTP source of a hosted collector of Sumo Logic, one JSON object per line.",
            Steps =
            [
                "Data Management > Collection > Add Collector > Hosted Collector, then Add Source > HTTP Logs & Metrics.",
                "Source category keycloak; Advanced Options for Logs: timestamp parsing on, multiline processing off.",
                "Copy the HTTP Source Address: its host into serverUrl, the last part into settings.code.",
                "Test, then Live Tail: _sourceCategory=keycloak.",
            ],
            Documentation = "https://www.sumologic.com/help/docs/send-data/hosted-collectors/http-source/",
            Destination = "sumo_logic", Protocol = "https", OutputType = "JSON", Schema = "native", Http = new(Gzip: true), Batch = new(1000, 899_000),
            Example = """{"serverUrl":"endpoint4.collection.eu.sumologic.com","settings":{"code":"ZaVnC4dhaV0"}}""",
        },
        new()
        {
            Id = "google_secops",
            Title = "Google Security Operations",
            Description = "An HTTPS push feed of Google Security Operations (Chronicle).",
            Steps =
            [
                "SIEM Settings > Feeds > Add New Feed: source type Webhook, log type Keycloak; split delimiter \\n.",
                "Generate the secret key and copy it at once into settings.feedSecret; copy the endpoint URL (Details) into serverUrl.",
                "Google Cloud console > APIs & Services > Credentials > Create API key, restricted to the Chronicle API; copy it into settings.apiKey.",
                "Test, then SIEM Search > Raw Log Search for the id of the test event.",
            ],
            Documentation = "https://cloud.google.com/chronicle/docs/administration/feed-management",
            Destination = "google_secops", Protocol = "https", OutputType = "JSON", Schema = "native", Http = new(Gzip: true),
            Settings = """{"mode":"feed","envelope":"changeRecord"}""",
            Example = """
                {"serverUrl":"eu-chronicle.googleapis.com/v1alpha/projects/p/locations/eu/instances/i/feeds/f:importPushLogs",
                "settings":{"apiKey":"AIza…","feedSecret":"…"}}
                """,
        },
        new()
        {
            Id = "logscale",
            Title = "CrowdStrike Falcon LogScale",
            Description = "The HEC intake of LogScale; for Falcon Next-Gen SIEM set settings.path to the path shown by the connector.",
            Steps =
            [
                "Repository > Settings > Ingest tokens > Add token, with the parser json; copy it into settings.token.",
                "Next-Gen SIEM: Data connectors > HEC / HTTP Event Connector; take host, path and API key from its page.",
                "Test, then search the repository for the id of the test event.",
            ],
            Documentation = "https://library.humio.com/logscale-api/log-shippers-hec.html",
            Destination = "logscale", Protocol = "https", OutputType = "JSON", Schema = "ecs", Http = new(Gzip: true),
            Settings = """{"path":"/api/v1/ingest/hec"}""",
            Example = """{"serverUrl":"cloud.humio.com","settings":{"token":"…"}}""",
        },
        new()
        {
            Id = "wazuh",
            Title = "Wazuh",
            Description = "JSON behind an RFC 3164 header to the syslog listener of a Wazuh manager.",
            Steps =
            [
                "/var/ossec/etc/ossec.conf: <remote><connection>syslog</connection><port>514</port><protocol>tcp</protocol><allowed-ips>address of the "
                    + "engine</allowed-ips></remote>.",
                "Never use port 1514, which is for agents. Messages from an address that is not allowed are dropped silently.",
                "local_rules.xml: a rule with <decoded_as>json</decoded_as> on the field event_type. Restart the manager.",
                "Test, then look at the alerts, or at archives.json with logall_json on.",
            ],
            Documentation = "https://documentation.wazuh.com/current/user-manual/capabilities/log-data-collection/syslog.html",
            Destination = "syslog", Protocol = "tcp", Port = 514, OutputType = "Syslog",
            Syslog = new("rfc3164", "lf", 10, "keycloak", MaxMessageBytes: 65000),
            Example = """{"serverUrl":"wazuh.example.com"}""",
        },
        new()
        {
            Id = "datadog",
            Title = "Datadog",
            Description = "The log intake of Datadog, with the standard attributes of its Cloud SIEM.",
            Steps =
            [
                "Organization Settings > API Keys > New Key; copy it into settings.apiKey (not an application key).",
                "For a site other than US1 set serverUrl: http-intake.logs.datadoghq.eu, http-intake.logs.us3.datadoghq.com and so on.",
                "Logs > Pipelines: map what you need from source:keycloak-siem.",
                "Test, then Log Explorer: source:keycloak-siem.",
            ],
            Documentation = "https://docs.datadoghq.com/api/latest/logs/#send-logs",
            Destination = "datadog", Protocol = "https", ServerUrl = "https://http-intake.logs.datadoghq.com", OutputType = "JSON", Schema = "native",
            Http = new(Gzip: true),
            Batch = new(1000, 3_500_000),
            Settings = """{"source":"keycloak-siem","service":"keycloak"}""",
            Example = """{"serverUrl":"http-intake.logs.datadoghq.eu","settings":{"apiKey":"…"}}""",
        },
        new()
        {
            Id = "otlp",
            Title = "OpenTelemetry",
            Description = "Log records over OTLP/HTTP to an OpenTelemetry Collector or a backend that accepts them.",
            Steps =
            [
                "Collector: receivers: otlp: protocols: http: endpoint: 0.0.0.0:4318 with tls, and a logs pipeline.",
                "A token goes into authentication.token; for another header give authentication.header as 'Name: value'.",
                "Test; the record's log.record.uid is the id of the event.",
            ],
            Documentation = "https://opentelemetry.io/docs/specs/otlp/#otlphttp",
            Destination = "otlp", Protocol = "https", Port = 4318, OutputType = "JSON", Schema = "native", Http = new(Gzip: true),
            HeaderName = "Authorization",
            Settings = """{"serviceName":"keycloak"}""",
            Example = """{"serverUrl":"collector.example.com","authentication":{"token":"a-token"}}""",
        },
        new()
        {
            Id = "webhook",
            Title = "Webhook",
            Description = "One JSON object per request to any HTTP endpoint.",
            Steps =
            [
                "Give the full URL. A bare authentication.header value is sent in X-API-Key; 'Name: value' names another header; authentication.token is "
                    + "a bearer token.",
                "To sign requests (Standard Webhooks) use a secret whsec_<base64 of 24 to 64 random bytes> and set it on both sides (settings.signingSecret).",
                "Test; any 2xx counts as accepted.",
            ],
            Documentation = "https://www.standardwebhooks.com",
            Destination = "webhook", Protocol = "https", OutputType = "JSON", Schema = "native", Http = new("single"), Batch = new(100, 1_000_000),
            HeaderName = "X-API-Key",
            Example = """{"serverUrl":"siem.example.com/events","authentication":{"header":"a-key"}}""",
        },
        new()
        {
            Id = "rsyslog",
            Title = "rsyslog, syslog-ng",
            Description = "RFC 5424 messages over TLS to a syslog server.",
            Steps =
            [
                "rsyslog: module(load=\"imtcp\" StreamDriver.Name=\"ossl\" StreamDriver.Mode=\"1\"), input(type=\"imtcp\" port=\"6514\"), "
                    + "global(maxMessageSize=\"64k\").",
                "syslog-ng: network(transport(\"tls\") port(6514) flags(syslog-protocol)) or syslog(transport(\"tls\")).",
                "Put the PEM of the server's authority into tls.caCertificate; for mutual TLS also tls.clientCertificate and tls.clientKey.",
                "If delivery must be confirmed, use the preset relp instead: syslog has no acknowledgement.",
            ],
            Documentation = "https://www.rsyslog.com/doc/configuration/modules/imtcp.html",
            Destination = "syslog", Protocol = "tls", Port = 6514, OutputType = "Syslog", Syslog = new("rfc5424", "octet-counting", 10),
            Example = """{"serverUrl":"syslog.example.com"}""",
        },
        new()
        {
            Id = "relp",
            Title = "rsyslog over RELP",
            Description = "RFC 5424 messages over RELP with TLS, each acknowledged by rsyslog.",
            Steps =
            [
                "Install rsyslog-relp; module(load=\"imrelp\" tls.tlslib=\"openssl\"), input(type=\"imrelp\" port=\"2514\" tls=\"on\" maxDataSize=\"64k\" …).",
                "Give its ruleset a queue on disk (queue.type=\"LinkedList\" queue.filename=…), so that acknowledged messages survive a crash.",
                "Put the PEM of its authority into tls.caCertificate.",
            ],
            Documentation = "https://www.rsyslog.com/doc/configuration/modules/imrelp.html",
            Destination = "relp", Protocol = "tls", Port = 2514, OutputType = "Syslog", Syslog = new("rfc5424", Facility: 10),
            Example = """{"serverUrl":"relp.example.com"}""",
        },
        new()
        {
            Id = "rabbitmq",
            Title = "RabbitMQ",
            Description = "One persistent, confirmed message per event over AMQP with TLS, for pipelines that collect from a queue.",
            Steps =
            [
                "rabbitmqctl add_user forwarder …; rabbitmqctl set_permissions -p / forwarder '' '^amq.default$|^keycloak' ''.",
                "Declare a durable queue keycloak-events (preferably a quorum queue), or name an exchange in settings.exchange and bind a queue to it.",
                "Test; a message that is routed to no queue is not accepted.",
            ],
            Documentation = "https://www.rabbitmq.com/docs/confirms",
            Destination = "rabbitmq", Protocol = "amqps", Port = 5671, OutputType = "JSON", Schema = "native",
            Batch = new(1000, 4_000_000),
            Settings = """{"exchange":"","routingKey":"keycloak-events"}""",
            Example = """{"serverUrl":"rabbit.example.com","authentication":{"username":"forwarder","password":"…"}}""",
        },
        new()
        {
            Id = "file",
            Title = "File",
            Description = "Lines of JSON in a rotated file on the engine's machine, for an agent that tails it.",
            Steps =
            [
                "On the engine: set Forwarder__FileDestination__Folder to a folder that its user may write and the agent's group may read.",
                "Point the agent at keycloak.log there: JSON lines, rotation by renaming.",
                "Raise settings.keep if the agent may be down for long: a file that is rotated out is gone.",
            ],
            Documentation = "https://www.elastic.co/docs/reference/beats/filebeat/filebeat-input-filestream",
            Destination = "file", Protocol = "file", ServerUrl = "file:///keycloak.log", OutputType = "JSON", Schema = "native",
            Settings = """{"maxMegabytes":100,"keep":10}""",
            Example = """{"serverUrl":"file:///keycloak.log"}""",
        },
    ];

    private static readonly FrozenDictionary<string, DestinationPreset> ById = All.ToFrozenDictionary(preset => preset.Id, StringComparer.OrdinalIgnoreCase);

    public static DestinationPreset? Find(string id) => ById.GetValueOrDefault(id);
}
