using System.Text;
using System.Text.Json;
using SiemForwarder.Simulator.Receivers;

namespace SiemForwarder.Service.Commands.Demo;

/// <summary>The two receivers of the demo, and which events arrived there.</summary>
internal sealed class DemoArrivals : IAsyncDisposable
{
    private readonly TcpSyslogReceiver syslog = TcpSyslogReceiver.Start();
    private readonly HttpReceiver http = HttpReceiver.Start(new HttpReply(200));
    private readonly Dictionary<string, string> cef = new();
    private readonly Dictionary<string, string> json = new();
    private readonly List<string> order = [];
    private int syslogSeen;
    private int httpSeen;

    public int SyslogPort => syslog.Port;

    public int HttpPort => http.Port;

    /// <summary>CEF messages received, duplicates included.</summary>
    public int CefReceived => syslogSeen;

    /// <summary>JSON objects received, duplicates included.</summary>
    public int JsonReceived => httpSeen;

    /// <summary>Event ids in the order of arrival of their CEF messages.</summary>
    public IReadOnlyList<string> Order => order;

    /// <summary>CEF messages by event id.</summary>
    public IReadOnlyDictionary<string, string> Cef => cef;

    /// <summary>JSON objects by event id.</summary>
    public IReadOnlyDictionary<string, string> Json => json;

    /// <summary>Processes what arrived since the last call.</summary>
    public void Look()
    {
        foreach (var message in syslog.Messages.Skip(syslogSeen).Select(Encoding.UTF8.GetString))
        {
            syslogSeen++;
            var id = CefEventId(message);
            order.Add(id);
            cef.TryAdd(id, message);
        }

        foreach (var body in http.Requests.Skip(httpSeen).Select(request => request.PlainBody))
        {
            httpSeen++;
            using var document = JsonDocument.Parse(body);
            json.TryAdd(document.RootElement.GetProperty("event_id").GetString()!, Encoding.UTF8.GetString(body));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await syslog.DisposeAsync();
        await http.DisposeAsync();
    }

    private static string CefEventId(string message)
    {
        const string Key = " externalId=";
        var start = message.IndexOf(Key, StringComparison.Ordinal) + Key.Length;
        var end = message.IndexOf(' ', start);
        return end < 0 ? message[start..] : message[start..end];
    }
}
