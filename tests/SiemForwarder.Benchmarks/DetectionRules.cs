using System.Globalization;
using System.Text;
using SiemForwarder.Detections.Rules;
using SiemForwarder.Events.Keycloak;

namespace SiemForwarder.Benchmarks;

/// <summary>The rules that are measured: 40 as somebody would run them, and so many that most events must not meet most of them.</summary>
internal static class DetectionRules
{
    private const string Singles = """
        login_failed|medium|type: LOGIN_ERROR, error: [invalid_user_credentials, user_not_found]
        login|informational|type: LOGIN
        token|informational|type: CODE_TO_TOKEN
        refresh|informational|type: REFRESH_TOKEN
        credential_changed|informational|type: UPDATE_CREDENTIAL
        user_created|informational|operation: CREATE, resourceType: USER
        role_granted|informational|operation: CREATE, resourceType: REALM_ROLE_MAPPING
        unknown_user|low|type: LOGIN_ERROR, error: user_not_found
        console_login|low|type: LOGIN, clientId: security-admin-console
        console_failed|medium|type: LOGIN_ERROR, clientId: [security-admin-console, admin-cli]
        outside_network|low|type: LOGIN, ip|cidr: [198.18.16.0/24, 203.0.113.0/24]
        night|low|type: LOGIN, local.hour: [0, 1, 2, 3, 4]
        service_names|low|type: LOGIN, username|startswith: [svc-, batch-, 'alice.1999']
        odd_names|low|outcome: failure, username|re: '[<>;]|CEF:'
        redirect_elsewhere|medium|type: LOGIN, details.redirect_uri|contains: [evil.example, '/reports/']
        wide_scope|low|type: CODE_TO_TOKEN, details.scope|contains|all: [offline_access, profile]
        mobile_token|informational|type: CODE_TO_TOKEN, clientId: mobile
        mobile_refresh|informational|type: REFRESH_TOKEN, clientId: mobile
        remembered|low|type: LOGIN, details.remember_me: 'true'
        impersonation|high|type: IMPERSONATE
        disabled_user|low|type: LOGIN_ERROR, error: user_disabled
        device_code|low|type|startswith: OAUTH2_DEVICE
        exchange|medium|type: TOKEN_EXCHANGE
        client_public|high|resourceType: CLIENT, changed.publicClient: true
        client_redirects|high|resourceType: CLIENT, representation.redirectUris|endswith: '/*'
        user_mail|low|resourceType: USER, representation.email|endswith: '@example.org'
        group_joined|low|resourceType: GROUP_MEMBERSHIP, operation: CREATE
        logout|informational|type: LOGOUT
        """;

    private const string Correlations = """
        c_address|event_count, rules: [login_failed], group-by: [ip], timespan: 5m, condition: {gt: 10}
        c_user|event_count, rules: [login_failed], group-by: [username], timespan: 10m, condition: {gte: 5}
        c_spraying|value_count, rules: [login_failed], group-by: [ip], timespan: 30m, condition: {gte: 10, field: username}
        c_distributed|value_count, rules: [login_failed], group-by: [username], timespan: 1h, condition: {gte: 5, field: ip}
        c_addresses|value_count, rules: [login], group-by: [userId], timespan: 1h, condition: {gte: 3, field: ip}
        c_success|temporal_ordered, rules: [login_failed, login], group-by: [username], timespan: 15m
        c_credential|temporal_ordered, rules: [login_failed, credential_changed], group-by: [userId], timespan: 1h
        c_privileged|temporal, rules: [user_created, role_granted], group-by: [actor.userId], timespan: 1h
        c_mass|event_count, rules: [user_created], group-by: [actor.userId], timespan: 10m, condition: {gte: 50}
        c_realm|event_count, rules: [unknown_user], group-by: [realmId], timespan: 5m, condition: {gte: 100}
        c_probing|value_count, rules: [login_failed], group-by: [ip], timespan: 10m, condition: {gte: 4, field: clientId}
        c_session|value_count, rules: [token], group-by: [sessionId], timespan: 1h, condition: {gte: 3, field: ip}
        """;

    /// <summary>28 rules for single events and 12 correlations of five minutes to an hour.</summary>
    public static RuleSet Forty() => Load(FortyYaml());

    /// <summary>The same and 2,960 more: most name a type of Keycloak's, one in five failures of any type.</summary>
    public static RuleSet ThreeThousand()
    {
        var yaml = new StringBuilder(FortyYaml());
        var types = KeycloakEventCatalog.All.Select(description => description.Type).Distinct(StringComparer.Ordinal).ToList();
        for (var number = 0; number < 2960; number++)
        {
            var what = number % 5 == 0 ? "outcome: failure" : $"type: {types[number % types.Count]}";
            yaml.Append(Document($"more_{number}", "low", string.Create(
                CultureInfo.InvariantCulture, $"{what}, username|startswith: 'svc-{number}', clientId: ['app-{number}', 'api-{number}'], ip|cidr: 10.{number % 250}.0.0/16")));
        }

        return Load(yaml.ToString());
    }

    /// <summary>The 40 rules as one file.</summary>
    public static string FortyYaml()
    {
        var yaml = new StringBuilder();
        foreach (var line in Lines(Singles))
        {
            yaml.Append(Document(line[0], line[1], line[2]));
        }

        foreach (var line in Lines(Correlations))
        {
            yaml.Append(CultureInfo.InvariantCulture, $"---\ntitle: {line[0]}\nname: {line[0]}\nlevel: high\ncorrelation: {{type: {line[1]}}}\n");
        }

        return yaml.ToString();
    }

    private static string Document(string name, string level, string selection) => $$"""
        ---
        title: {{name}}
        name: {{name}}
        logsource: {product: keycloak}
        level: {{level}}
        detection: {selection: {{{selection}}}, condition: selection}

        """;

    private static RuleSet Load(string yaml)
    {
        var rules = RuleSet.Load([new RuleFile("benchmark", yaml)], new Dictionary<string, IReadOnlyList<string>>());
        return rules.Refusals.Count == 0 ? rules : throw new InvalidOperationException(rules.Refusals[0].ToString());
    }

    private static IEnumerable<string[]> Lines(string text) => text.Split('\n').Select(line => line.Trim().Split('|', text == Singles ? 3 : 2));
}
