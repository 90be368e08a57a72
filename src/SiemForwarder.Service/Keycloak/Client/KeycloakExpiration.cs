using System.Globalization;
using System.Text.Json;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Reads how long a realm keeps events.</summary>
internal static class KeycloakExpiration
{
    /// <summary>Seconds from <c>events/config</c>, or for admin events from the attributes of the realm, which only view-realm shows; 0 for
    /// ever, null where it is not shown.</summary>
    public static long? Find(KeycloakBody body, bool isAdmin)
    {
        try
        {
            using var document = JsonDocument.Parse(body.Bytes);
            var holder = document.RootElement;
            if (isAdmin && !holder.TryGetProperty("attributes", out holder))
            {
                return null;
            }

            return holder.TryGetProperty(isAdmin ? "adminEventsExpiration" : "eventsExpiration", out var value)
                && long.TryParse(value.ToString(), CultureInfo.InvariantCulture, out var seconds)
                ? seconds
                : 0;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
