using System.Text;
using System.Text.Json;
using SiemForwarder.Events;

namespace SiemForwarder.Tests.Support;

/// <summary>Events as real Keycloak servers served them, and hand-made ones for what a server cannot be made to show.</summary>
public static class RecordedEvents
{
    public static readonly string[] Names = ["recorded-26.7.4", "recorded-24.0.5", "keycloak-fixtures"];

    /// <summary>The events of one file in its order, login events first.</summary>
    public static IReadOnlyList<(EventStream Stream, byte[] Json)> Read(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(RepositoryFiles.Root, "tests", "SiemForwarder.Tests", "Fixtures", name + ".json")));
        var events = new List<(EventStream, byte[])>();
        foreach (var userEvent in document.RootElement.GetProperty("userEvents").EnumerateArray())
        {
            events.Add((EventStream.User, Encoding.UTF8.GetBytes(userEvent.GetRawText())));
        }

        foreach (var adminEvent in document.RootElement.GetProperty("adminEvents").EnumerateArray())
        {
            events.Add((EventStream.Admin, Encoding.UTF8.GetBytes(adminEvent.GetRawText())));
        }

        return events;
    }

    public static IReadOnlyList<SecurityEvent> Normalized(string name) => [.. Read(name).Select(entry => Some.Normalized(entry.Stream, entry.Json))];
}
