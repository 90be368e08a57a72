using System.Text.Json;
using SiemForwarder.Connections;

namespace SiemForwarder.Destinations.Http.Elastic;

/// <summary>Asks Elasticsearch or OpenSearch for its version, the forwarder's identity and its privileges, before a test writes a document.</summary>
/// <param name="used">The endpoint to ask.</param>
/// <param name="settings">Of the destination.</param>
/// <param name="target">Data stream, index or alias.</param>
internal sealed class ElasticProbe(HttpEndpoint used, DestinationSettings settings, string target)
{
    private const string OpenSearch = "opensearch";

    private static readonly string[] Privileges = ["create_doc", "auto_configure"];

    /// <summary>What is wrong, or what was found out.</summary>
    public async Task<IntakeVerdict?> RunAsync(CancellationToken cancellationToken)
    {
        var asked = await AskAsync("", null, cancellationToken);
        if (!asked.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, settings.IntegrationName);
        }

        // A key that may only create documents gets a 403 here, which still shows that it is valid.
        var version = answer.Status == 403 ? "the credentials are valid, but may not read the version" : ElasticBulkAnswer.FindVersion(answer.Body);
        if (answer.Status is not (200 or 403))
        {
            return IntakeVerdict.Of(answer, settings.IntegrationName);
        }

        return version is null
            ? IntakeVerdict.Of(
                answer, settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Configuration,
                $"{answer.Endpoint} does not answer as Elasticsearch or OpenSearch does.", "Check host, port and path of the server URL.")
            : version.StartsWith(OpenSearch, StringComparison.OrdinalIgnoreCase)
                ? Known($"{version}; OpenSearch does not report a client's privileges; the test document will show")
                : await AskForPrivilegesAsync(version, cancellationToken);
    }

    private async Task<IntakeVerdict?> AskForPrivilegesAsync(string version, CancellationToken cancellationToken)
    {
        var asked = await AskAsync("_security/_authenticate", null, cancellationToken);
        if (!asked.TryGet(out var answer, out var fault))
        {
            return IntakeVerdict.Of(fault, settings.IntegrationName);
        }

        if (answer.Status == 401)
        {
            return IntakeVerdict.Of(answer, settings.IntegrationName);
        }

        var name = answer.Status == 200 ? TextOf(answer.Body, "username") : null;
        var known = name is null ? $"{version}; it does not report the forwarder's identity" : $"{version}; authenticated as {name}";
        var wanted = JsonSerializer.SerializeToUtf8Bytes(new { index = new[] { new { names = new[] { target }, privileges = Privileges } } });
        asked = await AskAsync("_security/user/_has_privileges", wanted, cancellationToken);
        if (!asked.TryGet(out answer, out fault))
        {
            return IntakeVerdict.Of(fault, settings.IntegrationName);
        }

        return (answer.Status == 200 ? Has(answer.Body, "create_doc") : null, answer.Status == 200 ? Has(answer.Body, "auto_configure") : null) switch
        {
            (false, _) => IntakeVerdict.Of(
                answer, settings.IntegrationName, HttpVerdict.Misconfigured, ErrorCategory.Authorization,
                $"{answer.Endpoint} accepts the credentials, but they may not create documents in {target}.",
                $"Grant the role of the user or API key create_doc and auto_configure on {target}."),
            (true, false) => Known($"{known}, may create documents in {target}, but not the data stream itself, which must exist"),
            (true, _) => Known($"{known}, may create documents in {target}"),
            _ => Known($"{known}; it does not report the forwarder's privileges; the test document will show"),
        };
    }

    private Task<Result<HttpAnswer>> AskAsync(string path, byte[]? body, CancellationToken cancellationToken) => used.SendAsync(
        new HttpExchange(ElasticSettings.RootOf(settings.ServerUrl) + path, body) { Method = body is null ? HttpMethod.Get : HttpMethod.Post },
        cancellationToken);

    private IntakeVerdict Known(string what) => IntakeVerdict.Delivered(OneLine.Of(used.Mask.Mask(what)));

    private static string? TextOf(ReadOnlyMemory<byte> body, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String
                ? value.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // {"index":{"<target>":{"create_doc":true}}}; null if the response does not say.
    private bool? Has(ReadOnlyMemory<byte> body, string privilege)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.GetProperty("index").GetProperty(target).GetProperty(privilege).GetBoolean();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }
}
