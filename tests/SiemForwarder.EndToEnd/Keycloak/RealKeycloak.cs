using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Keycloak;

/// <summary>A real Keycloak server on loopback with the realm siem-demo, started at first use and stopped with everything it started.</summary>
public sealed class RealKeycloak : IAsyncDisposable
{
    public const string Realm = "siem-demo";

    private static readonly TimeSpan ReadyWithin = TimeSpan.FromMinutes(5);

    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly string folder = Directory.CreateTempSubdirectory("siemforwarder-keycloak-").FullName;
    // The realm is protected against brute force: of two logins of one user at a time, the server refuses one.
    private readonly SemaphoreSlim oneLogin = new(1);
    private readonly Queue<string> output = new();
    private Process? process;
    private (string Token, long At) admin;

    private RealKeycloak(string version) => Version = version;

    public string Version { get; }

    /// <summary>URL of the server, without a trailing slash in its path.</summary>
    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>Starts a server and waits until it is ready; the test is skipped where the servers are not on this machine.</summary>
    /// <param name="version">26.7.4 or 24.0.5.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<RealKeycloak> StartAsync(string version, CancellationToken cancellationToken)
    {
        var script = Path.GetFullPath(Path.Combine(FindRoot(), "..", "shared", "keycloak", "start.sh"));
        Assert.SkipUnless(File.Exists(script), "shared/keycloak/start.sh is not beside the repository");
        Assert.SkipUnless(IsOnPath("java"), "there is no Java on this machine");
        var server = new RealKeycloak(version);
        try
        {
            await server.LaunchAsync(script, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The last lines of a server that ended by itself; null while it runs.</summary>
    public string? EndedWith => process is { HasExited: true } ? $"exit code {process.ExitCode}, {Said()}" : null;

    /// <summary>Logs a user in with the password grant of client demo-app; the status of the answer.</summary>
    public async Task<int> LoginAsync(string user, string password, CancellationToken cancellationToken)
    {
        await oneLogin.WaitAsync(cancellationToken);
        try
        {
            using var response = await TokenAsync(
                Realm, new() { ["grant_type"] = "password", ["client_id"] = "demo-app", ["username"] = user, ["password"] = password }, cancellationToken);
            return (int)response.StatusCode;
        }
        finally
        {
            oneLogin.Release();
        }
    }

    /// <summary>A token of a user by the password grant of client demo-app: the access token, or another one of the answer.</summary>
    public async Task<string> AccessTokenAsync(string user, CancellationToken cancellationToken, string which = "access_token")
    {
        await oneLogin.WaitAsync(cancellationToken);
        try
        {
            using var response = await TokenAsync(Realm, new()
            {
                ["grant_type"] = "password", ["client_id"] = "demo-app", ["username"] = user, ["password"] = $"{user}-password", ["scope"] = "openid",
            }, cancellationToken);
            return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))![which]!;
        }
        finally
        {
            oneLogin.Release();
        }
    }

    /// <summary>Ends all sessions of a user, as an administrator does.</summary>
    public async Task LogoutAsync(string user, CancellationToken cancellationToken)
    {
        using var found = await AdminAsync(HttpMethod.Get, $"users?exact=true&username={user}", null, cancellationToken);
        var id = JsonNode.Parse(await found.Content.ReadAsStringAsync(cancellationToken))![0]!["id"];
        (await AdminAsync(HttpMethod.Post, $"users/{id}/logout", null, cancellationToken)).Dispose();
    }

    /// <summary>Changes a client of the realm.</summary>
    public async Task ChangeClientAsync(string clientId, Action<JsonNode> change, CancellationToken cancellationToken)
    {
        using var found = await AdminAsync(HttpMethod.Get, $"clients?clientId={clientId}", null, cancellationToken);
        var client = JsonNode.Parse(await found.Content.ReadAsStringAsync(cancellationToken))![0]!;
        change(client);
        (await AdminAsync(HttpMethod.Put, $"clients/{client["id"]}", client, cancellationToken)).Dispose();
    }

    /// <summary>Creates a user of that name and returns its id.</summary>
    public Task<string> CreateUserAsync(string name, CancellationToken cancellationToken) =>
        CreateAsync("users", new JsonObject { ["username"] = name, ["enabled"] = true }, cancellationToken);

    /// <summary>Creates a confidential client of that name and returns its id.</summary>
    public Task<string> CreateClientAsync(string name, CancellationToken cancellationToken) =>
        CreateAsync("clients", new JsonObject { ["clientId"] = name, ["enabled"] = true }, cancellationToken);

    /// <summary>Creates a client with a service account that has roles of realm-management; returns the id of the account's user.</summary>
    public async Task<string> CreateServiceAccountAsync(string clientId, string secret, IReadOnlyCollection<string> roles, CancellationToken cancellationToken)
    {
        var client = await CreateAsync(
            "clients", new JsonObject { ["clientId"] = clientId, ["secret"] = secret, ["enabled"] = true, ["serviceAccountsEnabled"] = true }, cancellationToken);
        var account = (string)(await ReadAsync($"clients/{client}/service-account-user", cancellationToken))["id"]!;
        var management = (string)(await ReadAsync("clients?clientId=realm-management", cancellationToken))[0]!["id"]!;
        var known = (await ReadAsync($"clients/{management}/roles", cancellationToken)).AsArray();
        var granted = new JsonArray([.. known.Where(role => roles.Contains((string)role!["name"]!)).Select(role => role!.DeepClone())]);
        (await AdminAsync(HttpMethod.Post, $"users/{account}/role-mappings/clients/{management}", granted, cancellationToken)).Dispose();
        return account;
    }

    /// <summary>Sends a request to the admin API of the realm as a service account of the realm itself.</summary>
    public async Task ActAsync(string clientId, string secret, HttpMethod method, string path, JsonNode body, CancellationToken cancellationToken)
    {
        using var answer = await TokenAsync(
            Realm, new() { ["grant_type"] = "client_credentials", ["client_id"] = clientId, ["client_secret"] = secret }, cancellationToken);
        var token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!["access_token"]!;
        (await SendAsync(token, method, path, body, cancellationToken)).Dispose();
    }

    /// <summary>Creates a realm role and returns its name.</summary>
    public Task<string> CreateRoleAsync(string name, CancellationToken cancellationToken) =>
        CreateAsync("roles", new JsonObject { ["name"] = name }, cancellationToken);

    /// <summary>The stored events as the administrator sees them, newest first: <c>events</c> or <c>admin-events</c>.</summary>
    public async Task<JsonArray> EventsAsync(string stream, CancellationToken cancellationToken)
    {
        using var response = await AdminAsync(HttpMethod.Get, $"{stream}?max=5000", null, cancellationToken);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!.AsArray();
    }

    /// <summary>Sends a request to the admin API of the realm and returns the answer, which is a success.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path below the realm, empty for the realm itself.</param>
    /// <param name="body">JSON body, or null.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public async Task<HttpResponseMessage> AdminAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken) =>
        await SendAsync(await AdminTokenAsync(cancellationToken), method, path, body, cancellationToken);

    private async Task<JsonNode> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var response = await AdminAsync(HttpMethod.Get, path, null, cancellationToken);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!;
    }

    private async Task<HttpResponseMessage> SendAsync(string token, HttpMethod method, string path, JsonNode? body, CancellationToken cancellationToken)
    {
        var url = $"{BaseUrl.ToString().TrimEnd('/')}/admin/realms/{Realm}{(path.Length == 0 ? "" : "/" + path)}";
        using var request = new HttpRequestMessage(method, url) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var response = await http.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{method} {path} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        return response;
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        oneLogin.Dispose();
        if (process is { } started)
        {
            // start.sh became the server by exec, so this ends it and what it started, and nothing else.
            if (!started.HasExited)
            {
                started.Kill(entireProcessTree: true);
            }

            await started.WaitForExitAsync();
            started.Dispose();
        }

        Directory.Delete(folder, recursive: true);
    }

    private async Task LaunchAsync(string script, CancellationToken cancellationToken)
    {
        var (port, managementPort) = (LoopbackPorts.Next(), LoopbackPorts.Next());
        BaseUrl = new Uri($"http://127.0.0.1:{port}");
        var start = new ProcessStartInfo("bash", [script, Version, $"{port}", folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["MANAGEMENT_PORT"] = $"{managementPort}";
        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(output, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(output, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(ReadyWithin);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (!await IsReadyAsync(bound.Token))
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"Keycloak {Version} ended while starting: {Said()}");
            }

            await tick.WaitForNextTickAsync(bound.Token);
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(new Uri(BaseUrl, $"/realms/{Realm}"), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<string> CreateAsync(string collection, JsonObject body, CancellationToken cancellationToken)
    {
        using var response = await AdminAsync(HttpMethod.Post, collection, body, cancellationToken);
        return response.Headers.Location!.Segments[^1];
    }

    private async Task<string> AdminTokenAsync(CancellationToken cancellationToken)
    {
        if (admin.Token is not null && Stopwatch.GetElapsedTime(admin.At) < TimeSpan.FromSeconds(30))
        {
            return admin.Token;
        }

        using var response = await TokenAsync(
            "master", new() { ["grant_type"] = "password", ["client_id"] = "admin-cli", ["username"] = "admin", ["password"] = "admin" }, cancellationToken);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!;
        admin = ((string)answer["access_token"]!, Stopwatch.GetTimestamp());
        return admin.Token;
    }

    private async Task<HttpResponseMessage> TokenAsync(string realm, Dictionary<string, string> form, CancellationToken cancellationToken)
    {
        using var content = new FormUrlEncodedContent(form);
        return await http.PostAsync(new Uri(BaseUrl, $"/realms/{realm}/protocol/openid-connect/token"), content, cancellationToken);
    }

    private string Said()
    {
        lock (output)
        {
            return string.Join('\n', output);
        }
    }

    private static void Keep(Queue<string> output, string? line)
    {
        lock (output)
        {
            if (line is not null)
            {
                output.Enqueue(line);
            }

            while (output.Count > 40)
            {
                output.Dequeue();
            }
        }
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, program)));

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "SiemForwarder.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
