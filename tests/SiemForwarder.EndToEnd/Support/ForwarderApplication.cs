using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SiemForwarder.Service;
using SiemForwarder.Service.Storage;

namespace SiemForwarder.EndToEnd.Support;

/// <summary>The whole service in this process on a free port, driven through its front door.</summary>
internal sealed class ForwarderApplication : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);
    private readonly WebApplication app;

    private ForwarderApplication(WebApplication app, string connectionString)
    {
        this.app = app;
        ConnectionString = connectionString;
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Address = new Uri(address);
        Api = AdminKey.NewClient(Address);
    }

    public string ConnectionString { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Every address it listens on.</summary>
    public IEnumerable<Uri> Addresses =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address));

    /// <summary>Client of an administrator.</summary>
    public HttpClient Api { get; }

    public IServiceProvider Services => app.Services;

    public static async Task<ForwarderApplication> StartAsync(TestPostgres postgres, params string[] settings) =>
        await StartOnAsync(await postgres.CreateDatabaseAsync(), settings);

    /// <summary>Starts on a clock of the test's.</summary>
    public static async Task<ForwarderApplication> StartAsync(TestPostgres postgres, TimeProvider time, params string[] settings) =>
        await StartOnAsync(await postgres.CreateDatabaseAsync(), builder => builder.Services.AddSingleton(time), settings);

    /// <summary>Starts on a database that exists, as after a restart.</summary>
    public static Task<ForwarderApplication> StartOnAsync(string connectionString, params string[] settings) => StartOnAsync(connectionString, null, settings);

    private static async Task<ForwarderApplication> StartOnAsync(string connectionString, Action<WebApplicationBuilder>? customize, string[] settings)
    {
        string[] quick =
        [
            "--urls=http://127.0.0.1:0", "--Forwarder:Dispatch:RetryDelay=00:00:00.05", "--Forwarder:Dispatch:RoundPause=00:00:00.2",
            "--Forwarder:Dispatch:ProbePause=00:00:00.3", $"--Forwarder:Access:AdminKeyFile={AdminKey.File}", "--Serilog:MinimumLevel:Default=Error",
            // What the forwarder tells about itself would be events that the tests did not make.
            "--Forwarder:Operations:Interval=1.00:00:00", .. settings,
        ];
        var app = ForwarderHost.Build(quick, connectionString, customize);
        await app.Services.MigrateAsync(TestContext.Current.CancellationToken);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ForwarderApplication(app, connectionString);
    }

    public async Task<JsonNode> PostAsync(string path, object? body = null)
    {
        using var response = await Api.PostAsJsonAsync(path, body ?? new { }, TestContext.Current.CancellationToken);
        return await ReadAsync(response);
    }

    public async Task<JsonNode> GetAsync(string path)
    {
        using var response = await Api.GetAsync(path, TestContext.Current.CancellationToken);
        return await ReadAsync(response);
    }

    /// <summary>Sends a request and gives back the answer, whatever it is.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Path with query.</param>
    /// <param name="body">JSON text as it stands, or an object to write as JSON; null for none.</param>
    /// <param name="ifMatch">Value of If-Match; null for none.</param>
    public async Task<ApiAnswer> SendAsync(HttpMethod method, string path, object? body = null, string? ifMatch = null)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body switch
            {
                null => null,
                string text => new StringContent(text, System.Text.Encoding.UTF8, "application/json"),
                _ => JsonContent.Create(body),
            },
        };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        using var response = await Api.SendAsync(request, TestContext.Current.CancellationToken);
        return new ApiAnswer(
            response.StatusCode, response.Headers.ETag?.ToString(), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Replaces a resource with the version that it has now.</summary>
    public async Task<JsonNode> PutAsync(string path, object body)
    {
        using var current = await Api.GetAsync(path, TestContext.Current.CancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        request.Headers.IfMatch.Add(current.Headers.ETag!);
        using var response = await Api.SendAsync(request, TestContext.Current.CancellationToken);
        return await ReadAsync(response);
    }

    /// <summary>Creates and enables an integration; its id.</summary>
    public async Task<int> AddIntegrationAsync(object request)
    {
        var created = await PostAsync("/api/v1/integrations", request);
        var id = created["id"]!.GetValue<int>();
        await PostAsync($"/api/v1/integrations/{id}/enable");
        return id;
    }

    /// <summary>Asks until the answer is as wanted, bounded; the answer.</summary>
    public async Task<JsonNode> WaitForAsync(string path, Func<JsonNode, bool> isSo)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);
        JsonNode? last = null;
        while (!bound.IsCancellationRequested)
        {
            last = await GetAsync(path);
            if (isSo(last))
            {
                return last;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException($"{path} did not become as wanted within {Bound}; last: {last?.ToJsonString()}");
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {response.RequestMessage!.RequestUri}: {text}");
        return JsonNode.Parse(text)!;
    }
}
