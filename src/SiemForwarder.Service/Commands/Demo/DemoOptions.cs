using System.Globalization;

namespace SiemForwarder.Service.Commands.Demo;

/// <summary>The options of the demo.</summary>
/// <param name="Once">Stop automatically after <paramref name="Events"/> events.</param>
/// <param name="Events">Events that the simulated realm raises with <c>--once</c>.</param>
/// <param name="Keycloak">URL of a real Keycloak; null for the simulator.</param>
/// <param name="Realm">Realm of the real Keycloak.</param>
/// <param name="ClientId">Client with a service account that has view-events.</param>
/// <param name="ClientSecret">Its secret.</param>
/// <param name="Urls">URLs on which the API of the demo listens.</param>
internal sealed record DemoOptions(bool Once, int Events, string? Keycloak, string Realm, string ClientId, string ClientSecret, string Urls)
{
    public const string Usage = """
        demo [--once] [--events N] [--urls URL] [--keycloak URL --realm NAME --client-id ID --client-secret SECRET]

        Shows the main job with nothing else installed: a realm (simulated, unless --keycloak names a real one), two
        integrations on loopback (CEF over TCP syslog, JSON over HTTP), and what arrives there.
          --once     end by itself, exit code 0 when all counts agree, 1 when not
          --events   events of the simulated realm with --once (default 60)
          --urls     where its API listens (default http://127.0.0.1:8080; with --once any free port)
        """;

    /// <summary>Parses the arguments after <c>demo</c>; null if one is unknown.</summary>
    public static DemoOptions? Parse(IReadOnlyList<string> arguments)
    {
        var options = new DemoOptions(false, 60, null, "siem-demo", "siem-forwarder", "siem-forwarder-secret", "");
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--once")
            {
                options = options with { Once = true };
                continue;
            }

            var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
            var next = (arguments[i], value) switch
            {
                ("--events", { } text) when int.TryParse(text, CultureInfo.InvariantCulture, out var events) && events > 0 => options with { Events = events },
                ("--urls", { } text) when text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) => options with { Urls = text },
                ("--keycloak", { } text) => options with { Keycloak = text },
                ("--realm", { } text) => options with { Realm = text },
                ("--client-id", { } text) => options with { ClientId = text },
                ("--client-secret", { } text) => options with { ClientSecret = text },
                _ => null,
            };
            if (next is null)
            {
                return null;
            }

            (options, i) = (next, i + 1);
        }

        return options.Urls.Length > 0 ? options : options with { Urls = options.Once ? "http://127.0.0.1:0" : ForwarderHost.DefaultUrl };
    }
}
