using System.Globalization;
using System.Text.Json;

namespace SiemForwarder.Service.Keycloak.Client;

/// <summary>Reads how long a realm keeps events.</summary>
internal static class KeycloakExpiration
{
    // A century: longer times count as forever, and cannot be represented.
    private const long MaxSeconds = 100 * 366 * 86_400L;

    /// <summary>Seconds from <c>events/config</c>, or for admin events from the attributes of the realm, which only view-realm shows; 0 for
    /// forever, null if it is not shown.</summary>
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
                ? Math.Clamp(seconds, 0, MaxSeconds)
                : 0;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
