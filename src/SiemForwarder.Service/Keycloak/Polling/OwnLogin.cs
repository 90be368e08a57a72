using System.Text;
using SiemForwarder.Service.Keycloak.Client;

namespace SiemForwarder.Service.Keycloak.Polling;

/// <summary>Finds the event that our own token left in the log of the realm: it carries the server's clock in milliseconds.</summary>
internal static class OwnLogin
{
    public static void Observe(KeycloakClient client, EventPage page)
    {
        if (client.Token.UnseenTokenId is not { } tokenId)
        {
            return;
        }

        var needle = Encoding.UTF8.GetBytes(tokenId);
        foreach (var pageEvent in page.Events)
        {
            var json = page.Json(pageEvent).Span;
            if (json.IndexOf(needle) >= 0 && json.IndexOf("\"CLIENT_LOGIN\""u8) >= 0)
            {
                client.Token.ObserveLogin(pageEvent.TimeMs);
                return;
            }
        }
    }
}
