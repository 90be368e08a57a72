using Microsoft.AspNetCore.Http;
using SiemForwarder.Connections;
using SiemForwarder.Service.Inbox;

namespace SiemForwarder.Tests.Service.Inbox;

/// <summary>Inboxes of which any will do, and the headers of a request.</summary>
internal static class SomeInbox
{
    public static InboxSettings With(InboxAuthentication authentication, params string[] keys) => new()
    {
        SourceId = 1,
        SourceName = "apps",
        Authentication = authentication,
        Header = authentication == InboxAuthentication.Hmac ? HexSignature.DefaultHeader : "X-API-Key",
        Tolerance = TimeSpan.FromMinutes(5),
        AllowSha1 = false,
        Keys = [.. keys.Select(key => new Secret(key))],
    };

    public static HeaderDictionary Headers(params (string Name, string Value)[] headers)
    {
        var dictionary = new HeaderDictionary();
        foreach (var (name, value) in headers)
        {
            dictionary[name] = value;
        }

        return dictionary;
    }
}
