using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using SiemForwarder.Connections;
using SiemForwarder.Service.Access;
using SiemForwarder.Service.Configuration;
using SiemForwarder.Service.Settings;

namespace SiemForwarder.Service.Commands.Client;

/// <summary>Why a command cannot begin: a file, an address or a key cannot be used.</summary>
internal sealed class CommandFaultException(string message) : Exception(message);

/// <summary>The options by which a command finds the service, and the connection that follows from them.</summary>
internal static class ServiceConnection
{
    private const string UrlVariable = "SIEMFORWARDER_URL";
    private const string KeyVariable = "SIEMFORWARDER_KEY";
    private const string KeyFileVariable = "SIEMFORWARDER_KEY_FILE";
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(100);

    public static Option<string?> Url { get; } = new("--url")
    {
        Description = $"Where the service is ({UrlVariable}); by default the one that runs on this machine.", Recursive = true, HelpName = "URL",
    };

    public static Option<string?> KeyFile { get; } = new("--key-file")
    {
        Description = $"File with an API key ({KeyFileVariable}, or the key itself in {KeyVariable}); by default that of the data folder, for a service "
            + "of this machine.",
        Recursive = true, HelpName = "FILE",
    };

    public static Option<string?> CaFile { get; } = new("--ca-file")
    {
        Description = "PEM of the authorities that the service's certificate is trusted by, instead of the system's.", Recursive = true, HelpName = "FILE",
    };

    public static Option<bool> AllowHttp { get; } = new("--allow-http")
    {
        Description = "Sends the key without TLS to another machine, such as over a network that encrypts by itself.", Recursive = true,
    };

    /// <summary>A client of the API that these options name.</summary>
    /// <exception cref="CommandFaultException">They name none that can be used.</exception>
    public static HttpClient Open(ParseResult result)
    {
        var folder = Given($"{ForwarderOptions.Section}__{nameof(ForwarderOptions.DataFolder)}") ?? new ForwarderOptions().DataFolder;
        var given = result.GetValue(Url) ?? Given(UrlVariable);
        var text = given ?? ListeningFile.Read(folder).OrderBy(one => !one.StartsWith("http://", StringComparison.Ordinal)).FirstOrDefault()
            ?? Given("ASPNETCORE_URLS")?.Split(';')[0] ?? ForwarderHost.DefaultUrl;
        text = text.Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal).Replace("://[::]", "://127.0.0.1", StringComparison.Ordinal);
        if (!Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            throw new CommandFaultException($"'{OneLine.Of(text, 200)}' is no URL of a service: write it such as https://siem-forwarder.example.com (--url).");
        }

        if (url.Scheme == "http" && !url.IsLoopback && !result.GetValue(AllowHttp))
        {
            throw new CommandFaultException($"{url.Host} would be sent the key without TLS: use https, or say --allow-http.");
        }

        var key = ReadKey(result, url, folder);
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !url.IsLoopback };
        if (result.GetValue(CaFile) is { } authorities)
        {
            handler.SslOptions.CertificateChainPolicy = ReadAuthorities(authorities);
        }

        var client = new HttpClient(handler) { BaseAddress = url, Timeout = Bound };
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-API-Key", key.Reveal());
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", $"siemforwarder/{CommandArguments.Version}");
        return client;
    }

    private static Secret ReadKey(ParseResult result, Uri url, string folder)
    {
        if (result.GetValue(KeyFile) is null && Given(KeyVariable) is { } key)
        {
            return new Secret(key.Trim());
        }

        // The administrator's key of this machine goes to this machine alone, unless somebody names it.
        var setting = SettingsSection.InEnvironment($"{AccessOptions.Section}:{nameof(AccessOptions.AdminKeyFile)}");
        var usual = Given(setting) ?? Path.Combine(folder, "admin-key");
        var file = result.GetValue(KeyFile) ?? Given(KeyFileVariable) ?? (url.IsLoopback ? usual : null)
            ?? throw new CommandFaultException($"The service at {url.Host} asks for a key: name its file (--key-file, {KeyFileVariable}).");
        try
        {
            return new Secret(File.ReadAllText(file).Trim());
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFaultException(
                $"There is no key in {OneLine.Of(file, 300)}: name a file with an API key (--key-file, {KeyFileVariable}), and the service, "
                    + "if it is elsewhere, by --url.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandFaultException($"The key cannot be read ({OneLine.Of(exception.Message, 300)}): name its file (--key-file, {KeyFileVariable}).");
        }
    }

    private static X509ChainPolicy ReadAuthorities(string file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFaultException($"--ca-file cannot be used: {OneLine.Of(exception.Message, 300)}");
        }

        return policy;
    }

    private static string? Given(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}

/// <summary>What commands ask of the API.</summary>
internal static class ApiRequests
{
    private const int PageSize = 200;

    /// <summary>The answer of a request without a body.</summary>
    /// <exception cref="ApiRefusedException">The service refused.</exception>
    public static async Task<JsonObject> AskAsync(this HttpClient api, string path, CancellationToken cancellationToken)
    {
        using var answer = await api.GetAsync(path, cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    /// <summary>What the probe of readiness answers, ready or not.</summary>
    public static async Task<JsonObject> AskReadinessAsync(this HttpClient api, CancellationToken cancellationToken)
    {
        using var answer = await api.GetAsync("health/ready", cancellationToken);
        return await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken) as JsonObject
            ?? throw new ApiRefusedException(answer.StatusCode, "There is no SiemForwarder at this address: name it by --url.");
    }

    /// <summary>The answer of a request with a body.</summary>
    /// <exception cref="ApiRefusedException">The service refused.</exception>
    public static async Task<JsonObject> OrderAsync(this HttpClient api, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var answer = await api.PostAsJsonAsync(path, body ?? [], cancellationToken);
        return await ReadAsync(answer, cancellationToken);
    }

    /// <summary>The answer of a request whose answer is text.</summary>
    /// <exception cref="ApiRefusedException">The service refused.</exception>
    public static async Task<string> ReadTextAsync(this HttpClient api, string path, CancellationToken cancellationToken)
    {
        using var answer = await api.GetAsync(path, cancellationToken);
        return answer.IsSuccessStatusCode
            ? await answer.Content.ReadAsStringAsync(cancellationToken)
            : throw new ApiRefusedException(answer.StatusCode, await ApiProblem.ReadAsync(answer, cancellationToken));
    }

    /// <summary>All items of a list.</summary>
    /// <exception cref="ApiRefusedException">The service refused.</exception>
    public static async Task<List<JsonObject>> ListAsync(this HttpClient api, string path, CancellationToken cancellationToken)
    {
        var items = new List<JsonObject>();
        var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        for (var page = 1; ; page++)
        {
            var list = await api.AskAsync($"{path}{separator}page={page}&pageSize={PageSize}", cancellationToken);
            // Cloned, so that each can become part of another value.
            items.AddRange(list["items"]!.AsArray().Select(item => item!.DeepClone().AsObject()));
            if (page * PageSize >= list["total"]!.GetValue<int>())
            {
                return items;
            }
        }
    }

    /// <summary>A source or integration by its id or its name.</summary>
    /// <exception cref="CommandFaultException">There is none.</exception>
    public static async Task<JsonObject> FindAsync(this HttpClient api, string list, string named, CancellationToken cancellationToken)
    {
        var items = await api.ListAsync($"api/v1/{list}", cancellationToken);
        return items.Find(item => item["name"]!.GetValue<string>() == named)
            ?? items.Find(item => item["id"]!.GetValue<int>().ToString(CultureInfo.InvariantCulture) == named)
            ?? throw new ApiRefusedException(
                System.Net.HttpStatusCode.NotFound, $"There is no {list[..^1]} with the name or id '{OneLine.Of(named, 100)}'; there are: "
                    + $"{(items.Count == 0 ? "none" : string.Join(", ", items.Select(item => $"'{item["name"]}'")))}.");
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken) => answer.IsSuccessStatusCode
        ? (await answer.Content.ReadFromJsonAsync<JsonObject>(cancellationToken))!
        : throw new ApiRefusedException(answer.StatusCode, await ApiProblem.ReadAsync(answer, cancellationToken));
}
