using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SiemForwarder.EndToEnd.Support;

namespace SiemForwarder.EndToEnd.Access;

/// <summary>Somebody who calls a service from an address of their own, with the headers that a test gives.</summary>
internal sealed class Caller(Uri address, string from = "127.0.0.1") : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(from).MapToIPv6(), 0));
            await socket.ConnectAsync(IPAddress.Loopback.MapToIPv6(), context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = address };

    /// <summary>Makes a key as the administrator; the answer, with the key in it.</summary>
    public static Task<JsonNode> NewKeyAsync(ForwarderApplication forwarder, string role, int? source = null, DateTimeOffset? expiresAt = null) =>
        forwarder.PostAsync("/api/v1/keys", new { name = $"{role} {Guid.NewGuid():N}", role, source, expiresAt });

    /// <summary>Sends a request with a key; null for none.</summary>
    public async Task<HttpResponseMessage> SendAsync(string? key, HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body switch { null => null, string text => new StringContent(text, Encoding.UTF8, "application/json"), _ => JsonContent.Create(body) },
        };
        if (key is not null)
        {
            request.Headers.TryAddWithoutValidation("X-API-Key", key);
        }

        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The status of a request that reads.</summary>
    public async Task<int> GetAsync(string? key, string path = "/api/v1/integrations")
    {
        using var answer = await SendAsync(key, HttpMethod.Get, path);
        return (int)answer.StatusCode;
    }

    public void Dispose() => http.Dispose();
}
